package report

import (
	"slices"
	"strings"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
)

// Status is the progress of a crate's release, made by this run or an earlier one.
type Status struct {
	Crate, Tag string
	State      string // [Released], [Incomplete] or [NotBegun]
	Signed     bool
	Outcomes   []publish.Outcome // empty until the crate's effects are determined
}

// The states of a crate's release.
const (
	Released   = "released"
	Incomplete = "incomplete"
	NotBegun   = "not begun"
)

// inRegistry reports whether the crate is known to be published.
func (s Status) inRegistry() bool {
	return slices.ContainsFunc(s.Outcomes, func(o publish.Outcome) bool {
		return o.Kind == plan.EffectRegistry && (o.State == publish.WasDone || o.State == publish.Unchanged)
	})
}

// StatusText describes what has and what has not happened remotely, and how to continue. For
// several crates it shows the state of each, and the effects of one that is half done.
// performing means that the run got to performing effects.
func StatusText(all []Status, performing bool, again string) string {
	var b strings.Builder
	b.WriteString("\nWhat has happened:\n")
	for _, s := range all {
		if len(all) == 1 {
			s.lines(&b, "  ")
			continue
		}
		console.Fprintf(&b, "  %-10s  %s\n", s.State, s.Tag)
		if s.State == Incomplete {
			s.lines(&b, "              ")
		}
	}
	for _, s := range all {
		if s.inRegistry() && s.State != Released {
			console.Fprintf(&b, "Crate %q is published, and not announced yet.\n", s.Crate)
		}
	}
	switch {
	case !performing:
		b.WriteString("This run published nothing.\n")
	case !slices.ContainsFunc(all, func(s Status) bool { return s.inRegistry() || s.State == Released }):
		b.WriteString("Nothing that users can see has changed.\n")
	}
	console.Fprintf(&b, "To continue, run the same command again:\n  %s\n", again)
	return b.String()
}

// lines writes the outcome of each effect.
func (s Status) lines(b *strings.Builder, indent string) {
	if s.Signed && s.Outcomes != nil {
		b.WriteString(indent + "done        binaries are signed, which announces nothing\n")
	}
	for _, o := range s.Outcomes {
		console.Fprintf(b, "%s%-10s  %s\n", indent, o.State, o.About)
	}
}

// ImagesStatusText describes what has and what has not happened remotely in a release of images.
func ImagesStatusText(outcomes []publish.Outcome, again string) string {
	var b strings.Builder
	b.WriteString("\nWhat has happened:\n")
	tagged := false
	for _, o := range outcomes {
		console.Fprintf(&b, "  %-10s  %s\n", o.State, o.About)
		tagged = tagged || o.Kind == plan.EffectTag && (o.State == publish.WasDone || o.State == publish.Unchanged)
	}
	if !tagged {
		b.WriteString("No tag that users look for has changed.\n")
	}
	console.Fprintf(&b, "To continue, run the same command again:\n  %s\n", again)
	return b.String()
}
