package report

import (
	"fmt"
	"slices"
	"strings"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/plan"
)

// stage is a subgraph of the diagram: a chain of boxes if the order of the items matters, and
// one box otherwise.
type stage struct {
	title string
	items []string
	order bool
}

// markOrder renders the order of a release as a diagram: steps, artifacts and effects.
func markOrder(b *strings.Builder, steps, made []string, effects []plan.Effect) {
	var abouts []string
	for _, e := range effects {
		abouts = append(abouts, e.About)
	}
	b.WriteString("\n<details><summary>Steps, artifacts and effects</summary>\n\n```mermaid\nflowchart LR\n")
	var before string
	for i, s := range []stage{{"steps", steps, true}, {"artifacts", made, false}, {"effects", abouts, true}} {
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
