package plan

import (
	"strings"
	"text/tabwriter"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/finding"
)

// Text renders the plan for people: what is released, the steps with their command lines, the
// artifacts, the effects.
func (p *Plan) Text() (string, error) {
	digest, err := p.Digest()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	console.Fprintf(&b, "Plan to release %s\n\n", p.Tag)
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	row := func(key, format string, args ...any) {
		console.Fprintf(t, "  %s\t%s\n", key, console.Lines(console.Sprintf(format, args...)))
	}
	row("plan", "%s", digest)
	row("crate", "%s %s in %s%s", p.Crate, p.Version, p.Directory, map[bool]string{true: ", a prerelease"}[p.Prerelease])
	if p.Source.Commit != "" {
		row("commit", "%s", p.Source.text())
	}
	if len(p.Requires) > 0 {
		row("needs published", "%s", strings.Join(p.Requires, ", "))
	}
	row("targets", "%s", strings.Join(p.Targets, ", "))
	row("toolchain", "%s", p.Toolchain)
	row("notes", "%s", p.NotesFrom)
	if err := t.Flush(); err != nil {
		return "", err
	}
	b.WriteString("\nSteps\n")
	p.stepLines(&b)
	b.WriteString("\nArtifacts\n")
	for _, a := range p.Artifacts {
		console.Fprintf(&b, "  %s%s\n", a.Name, contents(a))
	}
	b.WriteString("\nEffects of a real release\n")
	for i, e := range p.Effects {
		console.Fprintf(&b, "  %d. %s\n", i+1, e.About)
	}
	b.WriteString(FindingsText(p.Findings))
	return b.String(), nil
}

// FindingsText renders findings for people, grouped by what they stop.
func FindingsText(found finding.List) string {
	var b strings.Builder
	for _, group := range []struct {
		title string
		stops []finding.Stops
	}{
		{"A dry run stops at", []finding.Stops{finding.Everything}},
		{"A real release stops at", []finding.Stops{finding.Release, finding.Registry}},
		{"Notes", []finding.Stops{finding.Nothing}},
	} {
		if lines := found.Stopping(group.stops...).Lines(); len(lines) > 0 {
			console.Fprintf(&b, "\n%s\n%s\n", group.title, console.List("  ", lines))
		}
	}
	return b.String()
}

func (p *Plan) stepLines(b *strings.Builder) {
	for i, s := range p.Steps {
		network := "no network"
		if s.Network {
			network = "network"
		}
		console.Fprintf(b, "  %d. %s: %s (%s)\n     %s\n", i+1, s.Name, s.About, network, console.Lines(console.Line(strings.Join(s.Args, " "))))
		if needs := s.Needs(); len(needs) > 0 {
			console.Fprintf(b, "     after %s\n", strings.Join(needs, ", "))
		}
	}
}

func contents(a Artifact) string {
	if len(a.Files) == 0 {
		return ""
	}
	return " holds " + strings.Join(a.Files, ", ")
}
