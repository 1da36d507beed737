package sbom

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"dagger/slipway/ci/quote"
)

// Crate is a crate as cargo-tree(1) prints it.
type Crate struct {
	Name    string
	Version string
	// Source is "" for crates.io, "registry `name`" for another registry, a URL for git, and a
	// directory for a path.
	Source     string
	License    string // as in the manifest, or ""
	Repository string // as in the manifest, or ""
}

// Graph holds the crates of a binary and their dependencies.
type Graph struct {
	// Crates holds each crate once: the binary's own first, the others sorted by name, version
	// and source.
	Crates []Crate
	// Deps holds the sorted indices of each crate's dependencies.
	Deps [][]int
}

// Limits on a tree, so that no output exhausts memory.
const (
	maxLines = 1 << 20
	maxDepth = 1 << 12
)

// line matches the depth and cargo's display of a package: name, version, mark of a
// procedural macro, source.
var line = regexp.MustCompile(`^([0-9]{1,4})([A-Za-z_][A-Za-z0-9_-]*) v([0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.+-]*)( \(proc-macro\))?(?: \((.+)\))?$`)

// repeated marks a crate whose dependencies are listed elsewhere in the tree.
const repeated = " (*)"

// Parse parses the output of the command of Args. It returns an error if a line does not
// have that format, if there is not exactly one tree, if a line has no parent, if the tree
// has a procedural macro, if a crate is marked as repeated but not listed elsewhere, or if
// a crate depends on itself.
func Parse(output string) (Graph, error) {
	p := parser{index: map[Crate]int{}, deps: map[int]map[int]bool{}, shortened: map[int]bool{}}
	for n, text := range strings.Split(strings.TrimSuffix(output, "\n"), "\n") {
		if n >= maxLines {
			return Graph{}, fmt.Errorf("reading the output of `cargo tree`: it has more than %d lines; expected the tree of one crate", maxLines)
		}
		if err := p.add(text); err != nil {
			return Graph{}, fmt.Errorf("reading the output of `cargo tree`: line %d, %s: %w", n+1, quote.Line(text), err)
		}
	}
	for i, c := range p.crates {
		if p.shortened[i] && len(p.deps[i]) == 0 {
			return Graph{}, fmt.Errorf("reading the output of `cargo tree`: the dependencies of %s %s are missing: expected the whole output", c.Name, c.Version)
		}
	}
	g := p.graph()
	if i, found := g.cycle(); found {
		return Graph{}, fmt.Errorf("reading the output of `cargo tree`: %s %s depends on itself, or on crates that do; expected no cycle", g.Crates[i].Name, g.Crates[i].Version)
	}
	return g, nil
}

// parser holds what was read so far, with crates in the order of their first line.
type parser struct {
	crates    []Crate
	index     map[Crate]int
	deps      map[int]map[int]bool
	shortened map[int]bool
	open      []int // ancestors of the next line, by depth
}

func (p *parser) add(text string) error {
	depth, c, short, err := readLine(text)
	switch {
	case err != nil:
		return err
	case depth == 0 && len(p.crates) > 0:
		return errors.New("a second tree begins; expected one crate's")
	case depth > len(p.open) || depth > maxDepth:
		return fmt.Errorf("depth %d follows depth %d; expected at most one deeper", depth, len(p.open)-1)
	}
	i, known := p.index[c]
	if !known {
		i = len(p.crates)
		p.crates, p.index[c] = append(p.crates, c), i
	}
	if short {
		p.shortened[i] = true
	}
	if depth > 0 {
		parent := p.open[depth-1]
		if p.deps[parent] == nil {
			p.deps[parent] = map[int]bool{}
		}
		p.deps[parent][i] = true
	}
	p.open = append(p.open[:depth], i)
	return nil
}

func readLine(text string) (depth int, c Crate, short bool, err error) {
	text, short = strings.CutSuffix(text, repeated)
	fields := strings.SplitN(text, "\t", 3)
	m := line.FindStringSubmatch(fields[0])
	if m == nil || len(fields) < 3 {
		return 0, Crate{}, false, errors.New("expected depth, package, licence and repository, like \"1serde v1.0.0<tab>MIT<tab>https://…\"")
	}
	if m[4] != "" {
		return 0, Crate{}, false, errors.New("it is a procedural macro, which is in no binary; expected the edges normal,no-proc-macro")
	}
	depth, err = strconv.Atoi(m[1])
	return depth, Crate{Name: m[2], Version: m[3], Source: m[5], License: fields[1], Repository: fields[2]}, short, err
}

// graph returns what was read in the order of a Graph.
func (p *parser) graph() Graph {
	order := make([]int, len(p.crates)) // new index → old
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order[1:], func(a, b int) int { return compareCrates(p.crates[a], p.crates[b]) })
	place := make([]int, len(order)) // old index → new
	for i, old := range order {
		place[old] = i
	}
	g := Graph{Crates: make([]Crate, len(order)), Deps: make([][]int, len(order))}
	for i, old := range order {
		g.Crates[i] = p.crates[old]
		for d := range p.deps[old] {
			g.Deps[i] = append(g.Deps[i], place[d])
		}
		slices.Sort(g.Deps[i])
	}
	return g
}

// cycle returns a crate that depends on itself, directly or not, or on a crate that does.
func (g Graph) cycle() (crate int, found bool) {
	waiting := make([]int, len(g.Crates)) // number of dependencies not ready yet
	users := make([][]int, len(g.Crates))
	var ready []int
	for i, deps := range g.Deps {
		if waiting[i] = len(deps); waiting[i] == 0 {
			ready = append(ready, i)
		}
		for _, d := range deps {
			users[d] = append(users[d], i)
		}
	}
	for k := 0; k < len(ready); k++ {
		for _, u := range users[ready[k]] {
			if waiting[u]--; waiting[u] == 0 {
				ready = append(ready, u)
			}
		}
	}
	i := slices.IndexFunc(waiting, func(n int) bool { return n > 0 })
	return i, i >= 0
}

func compareCrates(a, b Crate) int {
	return cmp.Or(
		cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Source, b.Source),
		cmp.Compare(a.License, b.License), cmp.Compare(a.Repository, b.Repository),
	)
}
