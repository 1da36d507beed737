package plan

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/toolchain"
)

// Text renders the plan for people: what is released, the steps with their command lines, the
// artifacts, the effects. Of several crates that are released it has the digests of their own
// plans instead, in whose texts the steps are.
func (p *Plan) Text() (string, error) {
	var b strings.Builder
	console.Fprintf(&b, "Plan to release %s%s\n\n", p.Title(), map[bool]string{true: ", in this order"}[len(p.Released()) > 1])
	if err := p.writeFacts(&b); err != nil {
		return "", err
	}
	p.writeImages(&b)
	if c := p.only(); c != nil {
		b.WriteString("\nSteps\n")
		c.writeSteps(&b)
		b.WriteString("\nArtifacts\n")
		c.writeArtifacts(&b)
	} else if err := p.writeCrates(&b); err != nil {
		return "", err
	}
	p.writeEffects(&b)
	b.WriteString(FindingsText(p.Findings))
	return b.String(), nil
}

// only returns the crate that is all of the plan, nil if there is more.
func (p *Plan) only() *Crate {
	if len(p.Crates) == 1 && len(p.Images) == 0 {
		return p.Crates[0]
	}
	return nil
}

// writeFacts writes the table at the beginning.
func (p *Plan) writeFacts(b *strings.Builder) error {
	digest, err := p.Digest()
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	row := func(key, format string, args ...any) {
		console.Fprintf(t, "  %s\t%s\n", key, console.Lines(console.Sprintf(format, args...)))
	}
	row("plan", "%s", digest)
	c := p.only()
	if c != nil {
		row("crate", "%s %s in %s%s", c.Name, c.Version, c.Directory, map[bool]string{true: ", a prerelease"}[c.Prerelease])
	}
	if p.Source.Commit != "" {
		row("commit", "%s", p.Source.text())
	}
	if c != nil {
		if len(c.Requires) > 0 {
			row("needs published", "%s", strings.Join(c.Requires, ", "))
		}
		row("targets", "%s", strings.Join(c.Targets, ", "))
	}
	row("toolchain", "%s%s", p.Toolchain, p.rustText())
	if c != nil {
		row("notes", "%s", c.NotesFrom)
	}
	return t.Flush()
}

// writeImages writes what each image is made of.
func (p *Plan) writeImages(b *strings.Builder) {
	if len(p.Images) > 0 {
		b.WriteString("\nImages\n")
	}
	for _, img := range p.Images {
		from := "crate " + img.Crate
		if img.File != "" {
			from = img.File
		}
		console.Fprintf(b, "  %s: %s of %s for %s, entrypoint %s\n", img.Name, img.Kind, from, strings.Join(img.Targets, ", "), cmp.Or(img.Entrypoint, "none"))
	}
}

// writeCrates writes which crates are released, and the steps of those that are only built: no
// other plan has those.
func (p *Plan) writeCrates(b *strings.Builder) error {
	released := p.Released()
	if len(released) > 0 {
		b.WriteString("\nCrates\n")
	}
	for i, c := range released {
		digest, err := Of(c).Digest()
		if err != nil {
			return err
		}
		console.Fprintf(b, "  %d. %s\n     plan %s, %d steps: slipway plan --crate %s --version %s\n", i+1, c.Tag, digest, len(c.Steps), c.Name, c.Version)
		if without := p.Without(c); len(without) > 0 {
			console.Fprintf(b, "     needs %s published: not in this train\n", strings.Join(without, ", "))
		}
	}
	for _, c := range p.Crates[len(released):] {
		console.Fprintf(b, "\nSteps for crate %s\n", c.Name)
		c.writeSteps(b)
	}
	return nil
}

// writeEffects writes the effects in order, each crate's under its tag if others follow.
func (p *Plan) writeEffects(b *strings.Builder) {
	b.WriteString("\nEffects of a real release")
	released := p.Released()
	if len(released) > 1 {
		b.WriteString(": none before every crate is built, tested and packaged")
	}
	b.WriteString("\n")
	grouped := len(released) > 1 || len(released) > 0 && len(p.Images) > 0
	indent, title, n := "", "", 0
	for _, e := range p.Effects {
		if of := p.titleOf(e); grouped && of != title {
			indent, title, n = "  ", of, 0
			console.Fprintf(b, "  %s\n", title)
		}
		n++
		console.Fprintf(b, "%s  %d. %s\n", indent, n, e.About)
	}
}

// titleOf returns what an effect belongs to.
func (p *Plan) titleOf(e Effect) string {
	if c := p.Crate(e.Crate); c != nil {
		return c.Tag
	}
	return "images in version " + p.Version
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

func (p *Crate) writeSteps(b *strings.Builder) {
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

func (p *Crate) writeArtifacts(b *strings.Builder) {
	for _, a := range p.Artifacts {
		contents := ""
		if len(a.Files) > 0 {
			contents = " holds " + strings.Join(a.Files, ", ")
		}
		console.Fprintf(b, "  %s%s\n", a.Name, contents)
	}
}

// rustText says which Rust a moving channel stands for, "" if slipway's image has Debian's or the
// image is another.
func (p *Plan) rustText() string {
	if p.Rust == (toolchain.Rust{}) || p.Rust.Channel == p.Channel {
		return ""
	}
	return fmt.Sprintf(" (channel %q is %s now)", p.Channel, p.Rust.Channel)
}
