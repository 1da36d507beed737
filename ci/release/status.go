package release

import (
	"fmt"
	"slices"
	"strings"

	"dagger/slipway/ci/publish"
)

// The states of a crate in a run that ended early.
const (
	released = "released"
	halfWay  = "half way"
	notBegun = "not begun"
)

// failed is the error of a run that ended at this crate, and what a person has to
// know then. A single crate of which nothing was performed has its say in err.
func (p *publishing) failed(err error, list []*publishing) error {
	performing := p.summary != nil && p.effects != nil
	switch {
	case len(list) > 1 && performing:
		err = fmt.Errorf("releasing %q: %w\n%s", p.Plan.Tag, err, status(list))
	case len(list) > 1:
		err = fmt.Errorf("releasing %q: %w\n%sThis run published nothing.\n%s", p.Plan.Tag, err, happened(list), p.again())
	case performing:
		err = fmt.Errorf("%w\n%s", err, status(list))
	}
	if performing {
		p.summary.Error = err.Error()
	}
	return err
}

// state is how far the crate's release has come, by this run or by an earlier one.
func (p *publishing) state() string {
	switch {
	case p.published():
		return released
	case p.hub.Found().ID != 0 || p.summary != nil && slices.ContainsFunc(p.summary.Outcomes, func(o publish.Outcome) bool { return o.State != publish.NotBegun }):
		return halfWay
	}
	return notBegun
}

// happened says what has and what has not happened remotely: of several crates how
// far each has come, and of one that is half way which of its effects.
func happened(list []*publishing) string {
	var b strings.Builder
	b.WriteString("\nWhat has happened:\n")
	for _, p := range list {
		indent := "  "
		if len(list) > 1 {
			fmt.Fprintf(&b, "  %-10s  %s\n", p.state(), p.Plan.Tag)
			indent = "              "
		}
		if len(list) > 1 && p.state() != halfWay || p.effects == nil {
			continue
		}
		if p.Plan.Signing != "" {
			b.WriteString(indent + "done        binaries are signed, which says nothing to anyone by itself\n")
		}
		for _, o := range p.summary.Outcomes {
			fmt.Fprintf(&b, "%s%-10s  %s\n", indent, o.State, o.About)
		}
	}
	return b.String()
}

// status tells a person what has and what has not happened remotely, and how to go on.
func status(list []*publishing) string {
	var b strings.Builder
	b.WriteString(happened(list))
	seen := false
	for _, p := range list {
		inRegistry := p.summary != nil && slices.ContainsFunc(p.summary.Outcomes, func(o publish.Outcome) bool {
			return o.Kind == "registry" && (o.State == publish.WasDone || o.State == publish.FoundDone)
		})
		if inRegistry && !p.published() {
			fmt.Fprintf(&b, "Crate %q is published, and not announced yet.\n", p.Plan.Crate)
		}
		seen = seen || inRegistry || p.published()
	}
	if !seen {
		b.WriteString("Nothing that users can see has changed.\n")
	}
	return b.String() + list[0].again()
}

// again is how a person continues.
func (p *publishing) again() string {
	return fmt.Sprintf("To continue, run the same command again:\n  %s\n", p.to.Again)
}
