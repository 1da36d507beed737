package release

import (
	"fmt"
	"strings"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
)

// Markdown renders the summary for the job summary of continuous integration.
func (s *Summary) Markdown() string { return s.markdown("##") }

// markdown renders it below a heading of that level.
func (s *Summary) markdown(level string) string {
	var b strings.Builder
	title := "Dry run of " + s.Tag
	switch {
	case s.Error != "":
		title = s.Tag + ": not finished"
	case s.Published:
		title = "Released " + s.Tag
	case len(s.Outcomes) > 0: // of a train that ended before
		title = s.Tag + ": " + notBegun
	case s.Staged:
		title = s.Tag + ": built, tested and packaged, not signed yet"
	case !s.DryRun:
		title = s.Tag + ": built, tested and signed"
	}
	fmt.Fprintf(&b, "%s %s\n\n", level, title)
	if s.URL != "" {
		fmt.Fprintf(&b, "<%s>\n\n", s.URL)
	}
	fmt.Fprintf(&b, "| | |\n| --- | --- |\n| plan | `%s` |\n| runner | %s |\n| toolchain | `%s`%s |\n", s.Plan, s.Runner, s.Toolchain, inRust(s.Rust))
	for _, t := range s.Tests {
		fmt.Fprintf(&b, "| tested | %s |\n", cell(t.String()))
	}
	if len(s.Artifacts) > 0 {
		b.WriteString("\n| artifact | size | sha256 |\n| --- | ---: | --- |\n")
	}
	for _, f := range s.Artifacts {
		fmt.Fprintf(&b, "| %s | %s | `%s` |\n", cell(f.Name), Size(f.Size), f.SHA256)
	}
	markEffects(&b, s.Effects, s.Outcomes)
	markEnd(&b, s.Error, s.Remarks)
	var names []string
	for _, f := range s.Artifacts {
		names = append(names, f.Name)
	}
	markOrder(&b, s.Steps, names, s.Effects)
	return b.String()
}

// markEnd says why a release has not come to its end, and what there is to know.
func markEnd(b *strings.Builder, failed string, remarks []string) {
	if failed != "" {
		fmt.Fprintf(b, "\n```text\n%s\n```\n", strings.ReplaceAll(strings.TrimSpace(failed), "```", "'''"))
	}
	for _, r := range remarks {
		fmt.Fprintf(b, "\n> %s\n", cell(r))
	}
}

// markEffects lists what was done, or what a release would do.
func markEffects(b *strings.Builder, effects []plan.Effect, outcomes []publish.Outcome) {
	if len(outcomes) == 0 {
		b.WriteString("\nA release would now:\n\n")
		for i, e := range effects {
			fmt.Fprintf(b, "%d. %s\n", i+1, cell(e.About))
		}
		return
	}
	b.WriteString("\n| | effect | seconds |\n| --- | --- | ---: |\n")
	for _, o := range outcomes {
		state := o.State
		if state == publish.Failed {
			state = "**" + state + "**"
		}
		fmt.Fprintf(b, "| %s | %s | %.1f |\n", state, cell(o.About), o.Seconds)
	}
}

// cell makes a text one that cannot leave a cell of a table.
func cell(text string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ", "<", "&lt;", "`", "'").Replace(text)
}
