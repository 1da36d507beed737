package release

import (
	"fmt"
	"slices"
	"strings"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/publish"
)

// crateStatus is the progress of a crate's release, made by this run or an earlier one.
type crateStatus struct {
	crate, tag string
	state      string
	signed     bool
	outcomes   []publish.Outcome // empty until the crate's effects are determined
}

// The states of a crate's release.
const (
	released = "released"
	halfWay  = "half way"
	notBegun = "not begun"
)

func (p *publishing) crateStatus() crateStatus {
	s := crateStatus{crate: p.Plan.Crate, tag: p.Plan.Tag, state: notBegun, signed: p.Plan.Signing != ""}
	if p.effects != nil {
		s.outcomes = p.summary.Outcomes
	}
	begun := slices.ContainsFunc(s.outcomes, func(o publish.Outcome) bool { return o.State != publish.NotBegun })
	switch {
	case p.published():
		s.state = released
	case begun || p.github.Found().ID != 0:
		s.state = halfWay
	}
	return s
}

// inRegistry reports whether the crate is known to be published.
func (s crateStatus) inRegistry() bool {
	return slices.ContainsFunc(s.outcomes, func(o publish.Outcome) bool {
		return o.Kind == "registry" && (o.State == publish.WasDone || o.State == publish.FoundDone)
	})
}

// failed returns the error of a run that ended at this crate, with the status of all crates.
// For a single crate without any effect performed it returns err unchanged.
func (p *publishing) failed(err error, list []*publishing) error {
	if len(list) > 1 {
		err = fmt.Errorf("releasing %q: %w", p.Plan.Tag, err)
	}
	if performing := p.effects != nil; performing || len(list) > 1 {
		var all []crateStatus
		for _, one := range list {
			all = append(all, one.crateStatus())
		}
		err = console.Errorf("%w\n%s", err, console.Lines(status(all, performing, p.to.Again)))
	}
	if p.effects != nil {
		p.summary.Error = console.ErrorText(err)
	}
	return err
}

// status describes what has and what has not happened remotely, and how to continue. For
// several crates it shows the state of each, and the effects of one that is half done.
// performing means that the run got to performing effects.
func status(all []crateStatus, performing bool, again string) string {
	var b strings.Builder
	b.WriteString("\nWhat has happened:\n")
	for _, s := range all {
		if len(all) == 1 {
			s.lines(&b, "  ")
			continue
		}
		console.Fprintf(&b, "  %-10s  %s\n", s.state, s.tag)
		if s.state == halfWay {
			s.lines(&b, "              ")
		}
	}
	for _, s := range all {
		if s.inRegistry() && s.state != released {
			console.Fprintf(&b, "Crate %q is published, and not announced yet.\n", s.crate)
		}
	}
	switch {
	case !performing:
		b.WriteString("This run published nothing.\n")
	case !slices.ContainsFunc(all, func(s crateStatus) bool { return s.inRegistry() || s.state == released }):
		b.WriteString("Nothing that users can see has changed.\n")
	}
	console.Fprintf(&b, "To continue, run the same command again:\n  %s\n", again)
	return b.String()
}

// lines writes the outcome of each effect.
func (s crateStatus) lines(b *strings.Builder, indent string) {
	if s.signed && s.outcomes != nil {
		b.WriteString(indent + "done        binaries are signed, which says nothing to anyone by itself\n")
	}
	for _, o := range s.outcomes {
		console.Fprintf(b, "%s%-10s  %s\n", indent, o.State, o.About)
	}
}
