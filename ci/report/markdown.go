package report

import (
	"strings"

	"github.com/dustin/go-humanize"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
)

// Markdown renders the summary for a CI job summary.
func (s *Crate) Markdown() string { return s.markdown("##") }

// markdown renders the summary under a heading of the given level.
func (s *Crate) markdown(level string) string {
	var b strings.Builder
	title := "Dry run of " + s.Tag
	switch {
	case s.Error != "":
		title = s.Tag + ": not finished"
	case s.Published:
		title = "Released " + s.Tag
	case len(s.Outcomes) > 0: // in a train that ended before this crate
		title = s.Tag + ": " + NotBegun
	case s.Staged:
		title = s.Tag + ": built, tested and packaged, not signed yet"
	case !s.DryRun:
		title = s.Tag + ": built, tested and signed"
	}
	console.Fprintf(&b, "%s %s\n\n", level, console.Markdown(title))
	if s.URL != "" {
		console.Fprintf(&b, "%s\n\n", console.Link(s.URL))
	}
	console.Fprintf(&b, "| | |\n| --- | --- |\n| plan | %s |\n| runner | %s |\n| toolchain | %s%s |\n", console.Code(s.Plan), console.Markdown(s.Runner), console.Code(s.Toolchain), console.Markdown(inRust(s.Rust)))
	for _, t := range s.Tests {
		console.Fprintf(&b, "| tested | %s |\n", console.Markdown(t.String()))
	}
	if len(s.Artifacts) > 0 {
		b.WriteString("\n| artifact | size | sha256 |\n| --- | ---: | --- |\n")
	}
	for _, f := range s.Artifacts {
		console.Fprintf(&b, "| %s | %s | %s |\n", console.Markdown(f.Name), humanize.IBytes(uint64(f.Size)), console.Code(f.SHA256))
	}
	markEffects(&b, s.Effects, s.Outcomes)
	markEnd(&b, s.Error, s.Findings, s.Notes)
	var names []string
	for _, f := range s.Artifacts {
		names = append(names, f.Name)
	}
	markOrder(&b, s.Steps, names, s.Effects)
	return b.String()
}

// markEnd renders the error of a failed release, the findings and the notes.
func markEnd(b *strings.Builder, failed string, found finding.List, warnings []string) {
	if failed != "" {
		console.Fprintf(b, "\n%s", console.Fence("text", strings.TrimSpace(failed)))
	}
	if stops := found.Stopping(finding.Everything, finding.Release, finding.Registry).Lines(); len(stops) > 0 {
		b.WriteString("\n**A release stops at**\n\n")
		for _, line := range stops {
			console.Fprintf(b, "- %s\n", console.Markdown(line))
		}
	}
	for _, r := range append(found.Stopping(finding.Nothing).Lines(), warnings...) {
		console.Fprintf(b, "\n> %s\n", console.Markdown(r))
	}
}

// markEffects lists the performed effects, or those that a release would perform.
func markEffects(b *strings.Builder, effects []plan.Effect, outcomes []publish.Outcome) {
	if len(outcomes) == 0 {
		b.WriteString("\nA release would now:\n\n")
		for i, e := range effects {
			console.Fprintf(b, "%d. %s\n", i+1, console.Markdown(e.About))
		}
		return
	}
	b.WriteString("\n| | effect | seconds |\n| --- | --- | ---: |\n")
	for _, o := range outcomes {
		state := console.Markdown(o.State)
		if o.State == publish.Failed {
			state = "**" + state + "**"
		}
		console.Fprintf(b, "| %s | %s | %.1f |\n", state, console.Markdown(o.About), o.Seconds)
	}
}
