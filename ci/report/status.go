package report

import (
	"slices"
	"strings"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
)

// Status describes what has and what has not happened remotely in a run that ended early, by this
// run or an earlier one, and how to continue. If the release has several parts it shows the state
// of each, and the effects of one that is half done.
func (r *Report) Status(again string) string {
	var b strings.Builder
	b.WriteString("\nWhat has happened:\n")
	parts := r.parts()
	for _, p := range parts {
		if len(parts) == 1 {
			p.writeOutcomes(&b, "  ")
			continue
		}
		console.Fprintf(&b, "  %-10s  %s\n", p.state, p.title)
		if p.state == Incomplete {
			p.writeOutcomes(&b, "              ")
		}
	}
	for _, p := range parts {
		if p.performed(plan.EffectRegistry) && p.state != Released {
			console.Fprintf(&b, "Crate %q is published, and not announced yet.\n", p.crate.Name)
		}
	}
	switch {
	case len(r.Outcomes) == 0:
		b.WriteString("This run published nothing.\n")
	case !slices.ContainsFunc(parts, part.seen):
		b.WriteString("Nothing that users can see has changed.\n")
	}
	console.Fprintf(&b, "To continue, run the same command again:\n  %s\n", again)
	return b.String()
}

// writeOutcomes writes what has become of each effect. Files are signed when they are made.
func (p part) writeOutcomes(b *strings.Builder, indent string) {
	if p.crate != nil && len(p.outcomes) > 0 && slices.ContainsFunc(p.effects, func(e plan.Effect) bool { return e.Kind == plan.EffectSign }) {
		b.WriteString(indent + "done        binaries are signed, which announces nothing\n")
	}
	for _, o := range p.outcomes {
		console.Fprintf(b, "%s%-10s  %s\n", indent, o.State, o.About)
	}
}

// performed reports whether the effects of that kind are known to be done, at least one.
func (p part) performed(kind string) bool {
	return slices.ContainsFunc(p.outcomes, func(o publish.Outcome) bool { return o.Kind == kind && o.Performed() })
}

// seen reports whether users can see a change: a crate that is published or announced, or a tag of
// an image.
func (p part) seen() bool {
	if p.crate == nil {
		return p.performed(plan.EffectTag)
	}
	return p.state == Released || p.performed(plan.EffectRegistry)
}
