package report

import (
	"path/filepath"
	"slices"
	"strings"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/plan"
)

// Train is the result of a train's run, as text for people or as JSON for machines. It is published
// if every crate is.
type Train struct {
	Run
	Title  string   `json:"-"`      // what the train releases, for people
	Crates []*Crate `json:"crates"` // in the order of their release
}

// NewTrain returns the report of a dry run in which nothing has been done yet.
func NewTrain(p *plan.Train) (*Train, error) {
	digest, err := p.Digest()
	if err != nil {
		return nil, err
	}
	return &Train{Run: Run{DryRun: true, Plan: digest}, Title: p.Title()}, nil
}

// HandoverDigest returns "": a train is never continued by another job.
func (s *Train) HandoverDigest() string { return "" }

// JSON renders the summary for machines.
func (s *Train) JSON() ([]byte, error) { return render(s) }

// Text renders the summary for people. dir has a directory of artifacts per crate; "" means
// that the reader has none.
func (s *Train) Text(dir string) string {
	var b strings.Builder
	if s.Published {
		console.Fprintf(&b, "\nReleased %s\n", s.Title)
	} else if slices.ContainsFunc(s.Crates, func(c *Crate) bool { return c.unpackaged }) {
		console.Fprintf(&b, "\nDry run of %s: every step ran except those that package a crate, nothing was changed anywhere.\n", s.Title)
	} else {
		console.Fprintf(&b, "\nDry run of %s: every step ran, nothing was changed anywhere.\n", s.Title)
	}
	first := s.Crates[0]
	console.Fprintf(&b, "\n  plan       %s\n  runner     %s\n  toolchain  %s%s\n", s.Plan, first.Runner, first.Toolchain, inRust(first.Rust))
	for i, c := range s.Crates {
		console.Fprintf(&b, "\n%d. %s  (plan %s)\n", i+1, c.Tag, c.Plan)
		if c.URL != "" {
			console.Fprintf(&b, "   %s\n", c.URL)
		}
		below := dir
		if dir != "" {
			below = filepath.Join(dir, c.Crate)
		}
		c.writeBody(&b, below)
	}
	return b.String()
}

// Markdown renders the summary for a CI job summary.
func (s *Train) Markdown() string {
	var b strings.Builder
	title := "Dry run of " + s.Title
	switch {
	case s.Error != "":
		title = s.Title + ": not all are released"
	case s.Published:
		title = "Released " + s.Title
	}
	console.Fprintf(&b, "## %s\n\nPlan %s\n\n| crate | state | release |\n| --- | --- | --- |\n", console.Markdown(title), console.Code(s.Plan))
	for _, c := range s.Crates {
		console.Fprintf(&b, "| %s | %s | %s |\n", console.Markdown(c.Tag), c.state(s.DryRun), console.Link(c.URL))
	}
	for _, c := range s.Crates {
		b.WriteString("\n" + c.markdown("###"))
	}
	return b.String()
}

// state describes the state of a crate in a train in a word or two.
func (s *Crate) state(dryRun bool) string {
	switch {
	case dryRun:
		return "built and tested"
	case s.Error != "":
		return "**" + Incomplete + "**"
	case s.Published:
		return Released
	}
	return NotBegun
}
