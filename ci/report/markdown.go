package report

import (
	"strings"

	"github.com/dustin/go-humanize"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/publish"
)

// fact is a row of a table: a name, and Markdown.
type fact struct{ name, text string }

// Markdown renders the report for a CI job summary.
func (r *Report) Markdown() string {
	var b strings.Builder
	console.Fprintf(&b, "## %s\n", console.Markdown(r.heading()))
	parts := r.parts()
	rows := []fact{{"plan", console.Code(r.Plan)}}
	if r.Runner != "" {
		rows = append(rows, fact{"runner", console.Markdown(r.Runner)}, fact{"toolchain", console.Code(r.Toolchain) + console.Markdown(inRust(r.Rust))})
	}
	if len(parts) == 1 {
		r.markPart(&b, parts[0], rows)
	} else {
		markTable(&b, rows)
		r.markStates(&b, parts)
		for _, p := range parts {
			console.Fprintf(&b, "\n### %s\n", console.Markdown(p.title))
			var own []fact
			if p.crate != nil {
				own = []fact{{"plan", console.Code(p.crate.Plan)}}
			}
			r.markPart(&b, p, own)
		}
	}
	r.markEnd(&b)
	r.markOrder(&b)
	return b.String()
}

// markTable renders facts, each with its name.
func markTable(b *strings.Builder, rows []fact) {
	if len(rows) > 0 {
		b.WriteString("\n| | |\n| --- | --- |\n")
	}
	for _, row := range rows {
		console.Fprintf(b, "| %s | %s |\n", row.name, row.text)
	}
}

// markStates renders how far each part of the release has got.
func (r *Report) markStates(b *strings.Builder, parts []part) {
	b.WriteString("\n| | state | release |\n| --- | --- | --- |\n")
	for _, p := range parts {
		state, url := console.Markdown(p.state), ""
		switch p.state {
		case "":
			state = "built and tested"
		case Incomplete:
			state = "**" + state + "**"
		}
		if p.crate != nil {
			url = p.crate.URL
		}
		console.Fprintf(b, "| %s | %s | %s |\n", console.Markdown(p.title), state, console.Link(url))
	}
}

// markPart renders a part after the first rows of its table.
func (r *Report) markPart(b *strings.Builder, p part, rows []fact) {
	if p.crate != nil && p.crate.URL != "" {
		console.Fprintf(b, "\n%s\n", console.Link(p.crate.URL))
	}
	for _, line := range r.tested(p) {
		rows = append(rows, fact{"tested", console.Markdown(line)})
	}
	markTable(b, rows)
	if p.crate != nil {
		p.crate.markArtifacts(b)
	} else {
		r.markImages(b)
	}
	p.markEffects(b)
	if lines := r.verifyLines(); p.crate == nil && len(lines) > 0 {
		for i, line := range lines {
			lines[i] = "$ " + console.Inline(line)
		}
		console.Fprintf(b, "\n%s", console.Fence("console", strings.Join(lines, "\n")))
	}
}

func (c *Crate) markArtifacts(b *strings.Builder) {
	if len(c.Artifacts) > 0 {
		b.WriteString("\n| artifact | size | sha256 |\n| --- | ---: | --- |\n")
	}
	for _, f := range c.Artifacts {
		console.Fprintf(b, "| %s | %s | %s |\n", console.Markdown(f.Name), humanize.IBytes(uint64(f.Size)), console.Code(f.SHA256))
	}
}

func (r *Report) markImages(b *strings.Builder) {
	if len(r.Images) > 0 {
		b.WriteString("\n| image | kind | digest |\n| --- | --- | --- |\n")
	}
	for _, img := range r.Images {
		name := console.Markdown(img.Name)
		if img.Reference != "" {
			name = console.Code(img.Reference)
		}
		console.Fprintf(b, "| %s | %s | %s |\n", name, console.Markdown(img.Kind), console.Code(img.Digest))
	}
}

// markEffects lists the performed effects, or those that a release would perform.
func (p part) markEffects(b *strings.Builder) {
	if len(p.outcomes) == 0 {
		b.WriteString("\nA release would now:\n\n")
		for i, e := range p.effects {
			console.Fprintf(b, "%d. %s\n", i+1, console.Markdown(e.About))
		}
		return
	}
	b.WriteString("\n| | effect | seconds |\n| --- | --- | ---: |\n")
	for _, o := range p.outcomes {
		state := console.Markdown(o.State)
		if o.State == publish.Failed {
			state = "**" + state + "**"
		}
		console.Fprintf(b, "| %s | %s | %.1f |\n", state, console.Markdown(o.About), o.Seconds)
	}
}

// markEnd renders the error of a failed release, the findings and the notes.
func (r *Report) markEnd(b *strings.Builder) {
	if r.Error != "" {
		console.Fprintf(b, "\n%s", console.Fence("text", strings.TrimSpace(r.Error)))
	}
	if stops := r.Findings.Stopping(finding.Everything, finding.Release, finding.Registry).Lines(); len(stops) > 0 {
		b.WriteString("\n**A release stops at**\n\n")
		for _, line := range stops {
			console.Fprintf(b, "- %s\n", console.Markdown(line))
		}
	}
	for _, note := range append(r.Findings.Stopping(finding.Nothing).Lines(), r.Notes...) {
		console.Fprintf(b, "\n> %s\n", console.Markdown(note))
	}
}
