package report

import (
	"fmt"
	"slices"
	"strings"

	"dagger/slipway/ci/console"
)

// stage is a subgraph of the diagram: a chain of boxes if the order of the items matters, and
// one box otherwise.
type stage struct {
	title string
	items []string
	order bool
}

// markOrder renders the order of the release as a diagram: steps, artifacts and effects.
func (r *Report) markOrder(b *strings.Builder) {
	var steps, made, effects []string
	for _, c := range r.Crates {
		prefix := ""
		if len(r.Crates) > 1 {
			prefix = c.Name + ": "
		}
		for _, name := range c.Steps {
			steps = append(steps, prefix+name)
		}
		for _, f := range c.Artifacts {
			made = append(made, f.Name)
		}
	}
	for _, img := range r.Images {
		made = append(made, img.Name)
	}
	for _, e := range r.Effects {
		effects = append(effects, e.About)
	}
	b.WriteString("\n<details><summary>Steps, artifacts and effects</summary>\n\n```mermaid\nflowchart LR\n")
	var before string
	for i, s := range []stage{{"steps", steps, true}, {"artifacts", made, false}, {"effects", effects, true}} {
		if len(s.items) == 0 {
			continue
		}
		id := fmt.Sprintf("g%d", i)
		s.draw(b, id)
		if before != "" {
			console.Fprintf(b, "  %s --> %s\n", before, id)
		}
		before = id
	}
	b.WriteString("```\n\n</details>\n")
}

func (s stage) draw(b *strings.Builder, id string) {
	console.Fprintf(b, "  subgraph %s[%s]\n    direction TB\n", id, s.title)
	boxes := [][]string{s.items}
	if s.order {
		boxes = slices.Collect(slices.Chunk(s.items, 1))
	}
	for i, lines := range boxes {
		console.Fprintf(b, "    %sn%d[\"%s\"]\n", id, i, console.Label(lines...))
		if i > 0 {
			console.Fprintf(b, "    %sn%d --> %sn%d\n", id, i-1, id, i)
		}
	}
	b.WriteString("  end\n")
}
