package cargo

import (
	"fmt"
	"slices"
	"strings"
)

// Order returns the workspace's crates sorted so that each follows the members that must be in a
// registry before it, and by name otherwise. These are its dependencies, including development
// dependencies that have a version: cargo keeps those in what it publishes and drops the others.
// A development dependency that is part of a cycle is ignored here and reported by
// [Workspace.Findings]. Any other cycle is an error that shows it.
func (w *Workspace) Order() ([]*Crate, error) {
	const visiting, done = 1, 2
	state := make(map[string]int, len(w.Crates))
	order := make([]*Crate, 0, len(w.Crates))
	var trail []string
	var visit func(c *Crate) error
	visit = func(c *Crate) error {
		switch state[c.Name] {
		case done:
			return nil
		case visiting:
			from := slices.Index(trail, c.Name)
			return fmt.Errorf("ordering crates: dependency cycle %s → %s", strings.Join(trail[from:], " → "), c.Name)
		}
		state[c.Name] = visiting
		trail = append(trail, c.Name)
		for _, m := range w.before(c) {
			if err := visit(m); err != nil {
				return err
			}
		}
		trail = trail[:len(trail)-1]
		state[c.Name] = done
		order = append(order, c)
		return nil
	}
	for i := range w.Crates {
		if err := visit(&w.Crates[i]); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// needs returns c's dependencies on other members of the workspace, sorted.
func (w *Workspace) needs(c *Crate) []Dependency {
	var deps []Dependency
	for _, d := range c.Deps {
		if m := w.find(d.Name); d.Path != "" && m != nil && m.Dir == d.Path && d.Name != c.Name {
			deps = append(deps, d)
		}
	}
	return deps
}

// Closure returns c and every member that cargo must read to build and test it: dependencies of
// all kinds, transitively, sorted by name.
func (w *Workspace) Closure(c *Crate) []*Crate {
	seen := map[string]bool{c.Name: true}
	list := []*Crate{c}
	for i := 0; i < len(list); i++ {
		for _, d := range w.needs(list[i]) {
			if !seen[d.Name] {
				seen[d.Name] = true
				list = append(list, w.find(d.Name))
			}
		}
	}
	slices.SortFunc(list, func(a, b *Crate) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Requires returns the members that must be published before c, in publishing order and without
// c. See [Workspace.Order] for the dependencies that count.
func (w *Workspace) Requires(c *Crate) ([]*Crate, error) {
	order, err := w.Order()
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{c.Name: true}
	var before []*Crate
	for _, m := range slices.Backward(order) {
		if !wanted[m.Name] {
			continue
		}
		for _, other := range w.before(m) {
			wanted[other.Name] = true
		}
		if m.Name != c.Name {
			before = append(before, m)
		}
	}
	slices.Reverse(before)
	return before, nil
}
