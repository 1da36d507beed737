// Package report says what a run has done: as text for people, as Markdown for the summary of a CI
// job, and as JSON for programs.
package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"dagger/slipway/ci/assemble"
	"dagger/slipway/ci/build"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/handover"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
)

// Crate is the result of a run for a crate, as text for people or as JSON for machines.
type Crate struct {
	DryRun    bool          `json:"dryRun"`
	Crate     string        `json:"crate"`
	Version   string        `json:"version"`
	Tag       string        `json:"tag"`
	Plan      string        `json:"plan"` // the plan's digest
	Runner    string        `json:"runner"`
	Toolchain string        `json:"toolchain"`
	Rust      string        `json:"rust"`
	Signed    string        `json:"signed,omitempty"` // how the binaries were signed
	Steps     []string      `json:"-"`                // names of the plan's steps, in order
	Tests     []build.Tests `json:"tests"`
	Artifacts []dist.File   `json:"artifacts"`
	// Digest is the digest of the directory with the artifacts, for a job that continues from it.
	Digest handover.Digest `json:"digest,omitempty"`
	// Staged means that the artifacts are results of the steps, for another job to sign.
	Staged  bool          `json:"staged,omitempty"`
	Effects []plan.Effect `json:"effects"` // what a release does; a dry run has done none of it
	// Published means that the effects were performed. Outcomes lists their results.
	Published bool              `json:"published,omitempty"`
	Outcomes  []publish.Outcome `json:"outcomes,omitempty"`
	URL       string            `json:"url,omitempty"` // of the GitHub release
	Notes     []string          `json:"notes,omitempty"`
	// Findings lists the plan's findings and those of a dry run.
	Findings finding.List `json:"findings,omitempty"`
	Seconds  float64      `json:"seconds"`
	// Error is the reason why the release did not finish.
	Error string `json:"error,omitempty"`
}

// NewCrate returns the report of a dry run in which nothing has been done yet.
func NewCrate(p *plan.Plan, runner string) (*Crate, error) {
	digest, err := p.Digest()
	if err != nil {
		return nil, err
	}
	return &Crate{
		DryRun: true, Crate: p.Crate, Version: p.Version, Tag: p.Tag, Plan: digest, Runner: runner, Toolchain: p.Toolchain,
		Effects: p.Effects, Findings: p.Findings, Steps: stepNames("", p.Steps),
	}, nil
}

// AddBuilt adds what the steps have built, tested and found.
func (s *Crate) AddBuilt(b *build.Built) {
	s.Rust, s.Tests = b.Rust.Release, b.Tests
	s.Findings = append(slices.Clone(s.Findings), b.Findings...).Sorted()
}

// AddDist adds the files of the release.
func (s *Crate) AddDist(d *assemble.Dist) { s.Artifacts, s.Signed = d.Files, d.How }

// Fail notes the error that ended the run.
func (s *Crate) Fail(err error) { s.Error = console.ErrorText(err) }

// inRust renders the Rust version of a toolchain, or "" if it is unknown.
func inRust(release string) string {
	if release == "" {
		return ""
	}
	return " (Rust " + release + ")"
}

// Failed reports whether the release did not finish. The summary then shows what has happened.
func (s *Crate) Failed() bool { return s.Error != "" }

// JSON renders the summary for machines.
func (s *Crate) JSON() ([]byte, error) { return render(s) }

func render(summary any) ([]byte, error) {
	raw, err := json.MarshalIndent(summary, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing summary: %w", err)
	}
	return append(console.JSON(raw), '\n'), nil
}

// Text renders the summary for people. dir is the directory with the artifacts; "" means that
// the reader has yet to export them.
func (s *Crate) Text(dir string) string {
	var b strings.Builder
	switch {
	case s.Published:
		console.Fprintf(&b, "\nReleased %s: %s\n", s.Tag, s.URL)
	case s.Staged:
		console.Fprintf(&b, "\n%s is built, tested and packaged; nothing is signed yet.\n", s.Tag)
	case s.DryRun:
		console.Fprintf(&b, "\nDry run of %s: every step ran, nothing was changed anywhere.\n", s.Tag)
	default:
		console.Fprintf(&b, "\n%s is built, tested and signed; nothing was published.\n", s.Tag)
	}
	console.Fprintf(&b, "\n  plan       %s\n  runner     %s\n  toolchain  %s%s\n", s.Plan, s.Runner, s.Toolchain, inRust(s.Rust))
	s.writeBody(&b, dir)
	return b.String()
}

// writeBody writes what was tested, signed, made and done.
func (s *Crate) writeBody(b *strings.Builder, dir string) {
	if len(s.Tests) > 0 {
		b.WriteString("\nTested\n")
		b.WriteString(s.TestText())
	}
	if s.Signed != "" {
		console.Fprintf(b, "\nSigned\n  %s\n  verified as whoever downloads it would\n", s.Signed)
	}
	if len(s.Artifacts) > 0 {
		b.WriteString("\nMade\n")
	}
	for _, f := range s.Artifacts {
		console.Fprintf(b, "  %-50s %9s  sha256:%s\n", f.Name, humanize.IBytes(uint64(f.Size)), f.SHA256)
	}
	s.writeEffects(b)
	b.WriteString(plan.FindingsText(s.Findings))
	if len(s.Notes) > 0 {
		b.WriteString("\nNotes\n")
		for _, r := range s.Notes {
			console.Fprintf(b, "  %s\n", r)
		}
	}
	b.WriteString(s.verifyLines(dir))
}

// writeEffects lists the performed effects, or those that a release would perform.
func (s *Crate) writeEffects(b *strings.Builder) {
	if !s.Published {
		b.WriteString("\nA release would now\n")
		for i, e := range s.Effects {
			console.Fprintf(b, "  %d. %s\n", i+1, e.About)
		}
		return
	}
	b.WriteString("\nPublished\n")
	for _, o := range s.Outcomes {
		console.Fprintf(b, "  %-10s  %s\n", o.State, o.About)
	}
}

// TestText describes what was tested, one line per target.
func (s *Crate) TestText() string {
	var b strings.Builder
	for _, t := range s.Tests {
		console.Fprintf(&b, "  %s\n", t)
	}
	return b.String()
}

// verifyLines returns the commands that verify the artifacts, or those that continue from
// staged results.
func (s *Crate) verifyLines(dir string) string {
	if s.Staged {
		return fmt.Sprintf("\nTo sign them, in a job that runs nothing of the workspace\n  slipway dist --crate %s --version %s --staged %s --staged-digest %s\n", s.Crate, s.Version, cmp.Or(dir, "DIR"), s.Digest)
	}
	for _, f := range s.Artifacts {
		if f.Name == plan.SumsName {
			if dir == "" {
				return "\nTo verify them, export the directory `dist` and run there\n  sha256sum --check " + plan.SumsName + "\n"
			}
			return console.Sprintf("\nTo verify them\n  (cd %s && sha256sum --check %s)\n", dir, plan.SumsName)
		}
	}
	return ""
}
