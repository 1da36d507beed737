package release

import (
	"fmt"
	"slices"
	"strings"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/publish"
)

// standing is how far a crate's release has come, by this run or by an earlier one.
type standing struct {
	crate, tag string
	state      string
	signed     bool
	outcomes   []publish.Outcome // none before the crate's effects are settled
}

// The states of a release.
const (
	released = "released"
	halfWay  = "half way"
	notBegun = "not begun"
)

func (p *publishing) standing() standing {
	s := standing{crate: p.Plan.Crate, tag: p.Plan.Tag, state: notBegun, signed: p.Plan.Signing != ""}
	if p.effects != nil {
		s.outcomes = p.summary.Outcomes
	}
	begun := slices.ContainsFunc(s.outcomes, func(o publish.Outcome) bool { return o.State != publish.NotBegun })
	switch {
	case p.published():
		s.state = released
	case begun || p.hub.Found().ID != 0:
		s.state = halfWay
	}
	return s
}

// inRegistry reports whether the crate is known to be published.
func (s standing) inRegistry() bool {
	return slices.ContainsFunc(s.outcomes, func(o publish.Outcome) bool {
		return o.Kind == "registry" && (o.State == publish.WasDone || o.State == publish.FoundDone)
	})
}

// failed is the error of a run that ended at this crate, with what a person has to
// know then. Of a single crate of which nothing was performed, err says all.
func (p *publishing) failed(err error, list []*publishing) error {
	if len(list) > 1 {
		err = fmt.Errorf("releasing %q: %w", p.Plan.Tag, err)
	}
	if performing := p.effects != nil; performing || len(list) > 1 {
		var all []standing
		for _, one := range list {
			all = append(all, one.standing())
		}
		err = console.Errorf("%w\n%s", err, console.Lines(status(all, performing, p.to.Again)))
	}
	if p.effects != nil {
		p.summary.Error = console.ErrorText(err)
	}
	return err
}

// status tells a person what has and what has not happened remotely, and how to go
// on: of several crates how far each has come, and what of one that is half way.
// performing says that the run came to its effects.
func status(all []standing, performing bool, again string) string {
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
	case !slices.ContainsFunc(all, func(s standing) bool { return s.inRegistry() || s.state == released }):
		b.WriteString("Nothing that users can see has changed.\n")
	}
	console.Fprintf(&b, "To continue, run the same command again:\n  %s\n", again)
	return b.String()
}

// lines says what became of each effect.
func (s standing) lines(b *strings.Builder, indent string) {
	if s.signed && s.outcomes != nil {
		b.WriteString(indent + "done        binaries are signed, which says nothing to anyone by itself\n")
	}
	for _, o := range s.outcomes {
		console.Fprintf(b, "%s%-10s  %s\n", indent, o.State, o.About)
	}
}
