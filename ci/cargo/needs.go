package cargo

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"dagger/slipway/ci/finding"
)

// published reports whether the dependency is part of the published manifest: cargo drops
// development dependencies without a version (The Cargo Book, "Specifying Dependencies",
// "Multiple locations").
func (d Dependency) published() bool { return d.Kind != Dev || d.Req != "" }

// kept returns the dependencies on members that cargo keeps when it publishes c. They include
// dependencies of c's tests on c itself, which cargo also resolves in the registry.
func (w *Workspace) kept(c *Crate) []Dependency {
	own := func(d Dependency) bool { return d.Name == c.Name && d.Path == c.Dir }
	var deps []Dependency
	for _, d := range c.Deps {
		if d.published() && own(d) {
			deps = append(deps, d)
		}
	}
	for _, d := range w.needs(c) {
		if d.published() {
			deps = append(deps, d)
		}
	}
	return deps
}

// before returns the members that must be in the registry before c, each once: its published
// dependencies, except development dependencies that are part of a cycle.
func (w *Workspace) before(c *Crate) []*Crate {
	var list []*Crate
	for _, d := range w.needs(c) {
		m := w.find(d.Name)
		if !d.published() || slices.Contains(list, m) || d.Kind == Dev && w.cyclic(c, m) {
			continue
		}
		list = append(list, m)
	}
	return list
}

// cyclic reports whether two crates depend on each other through published dependencies.
func (w *Workspace) cyclic(c, m *Crate) bool { return w.components[c.Name] == w.components[m.Name] }

// findComponents numbers the strongly connected components of the graph of published dependencies
// (Tarjan's algorithm): crates that depend on each other share a number.
func (w *Workspace) findComponents() map[string]int {
	index, low := map[*Crate]int{}, map[*Crate]int{}
	found := make(map[string]int, len(w.Crates))
	var stack []*Crate
	var visit func(c *Crate)
	visit = func(c *Crate) {
		index[c] = len(index) + 1
		low[c] = index[c]
		stack = append(stack, c)
		for _, d := range w.needs(c) {
			m := w.find(d.Name)
			if !d.published() {
				continue
			}
			if index[m] == 0 {
				visit(m)
				low[c] = min(low[c], low[m])
			} else if _, done := found[m.Name]; !done {
				low[c] = min(low[c], index[m])
			}
		}
		if low[c] != index[c] {
			return
		}
		from := slices.Index(stack, c)
		for _, m := range stack[from:] {
			found[m.Name] = index[c]
		}
		stack = stack[:from]
	}
	for i := range w.Crates {
		if c := &w.Crates[i]; index[c] == 0 {
			visit(c)
		}
	}
	return found
}

// cycle returns the shortest path from c through m back to c along published dependencies, nil if
// m does not depend on c.
func (w *Workspace) cycle(c, m *Crate) []*Crate {
	from := map[*Crate]*Crate{m: nil}
	for queue := []*Crate{m}; len(queue) > 0; queue = queue[1:] {
		if queue[0] == c {
			var trail []*Crate
			for at := queue[0]; at != nil; at = from[at] {
				trail = append(trail, at)
			}
			trail = append(trail, c)
			slices.Reverse(trail)
			return trail
		}
		for _, d := range w.needs(queue[0]) {
			next := w.find(d.Name)
			if _, seen := from[next]; !seen && d.published() {
				from[next] = queue[0]
				queue = append(queue, next)
			}
		}
	}
	return nil
}

// unresolvable returns the reason why cargo could not resolve c's dependencies from a registry,
// "" if it could: a development dependency with a version closes a cycle, a member goes to no
// registry, or a member is one only through [patch].
func (w *Workspace) unresolvable(c *Crate) string {
	for _, d := range w.kept(c) {
		m := w.find(d.Name)
		if d.Kind == Dev && w.cyclic(c, m) {
			return fmt.Sprintf("the development dependency %q of crate %q, which has a version, closes a cycle", d.Name, c.Name)
		}
		if ok, _ := m.Publishable(); !ok {
			return fmt.Sprintf("the dependency %q of crate %q goes to no registry", d.Name, c.Name)
		}
		if d.Patched {
			return fmt.Sprintf("the dependency %q of crate %q is a member only by [patch]", d.Name, c.Name)
		}
	}
	return ""
}

// checkNeeds checks the dependencies on members of c, which is to be packaged: those that are
// members only through [patch], and development dependencies with a version, which must be in the
// registry before c.
func (w *Workspace) checkNeeds(c *Crate) finding.List {
	var list finding.List
	for _, d := range w.kept(c) {
		m := w.find(d.Name)
		if d.Patched { // cargo looks for it in the registry, where it may not exist
			list = append(list, w.findingAt(finding.Registry, c, d.at(),
				fmt.Sprintf("dependency %q: it is a member only by [patch], and cargo packages a crate together with the members that it names by a path", d.Name),
				fmt.Sprintf("write { path = %q, version = %q }; then it needs no [patch]", relative(c.Dir, m.Dir), d.Req)))
			continue
		}
		if d.Kind != Dev {
			continue
		}
		what := fmt.Sprintf("development dependency %q: it has a version, ", d.Name)
		if ok, reason := m.Publishable(); w.cyclic(c, m) {
			what += fmt.Sprintf("and closes the cycle %s: each would have to be published before the other", strings.Join(namesOf(w.cycle(c, m)), " → "))
		} else if !ok {
			what += fmt.Sprintf("and goes to no registry (%s), so it could not be resolved", reason)
		} else {
			continue
		}
		do := fmt.Sprintf("leave out its version: %s = { path = %q }; cargo then drops it from the published manifest", d.Name, relative(c.Dir, m.Dir))
		list = append(list, w.findingAt(finding.Registry, c, d.at(), what, do))
	}
	return list
}

// relative returns the path from one directory of the workspace to another.
func relative(from, to string) string {
	if from == "." {
		return to
	}
	a, b := strings.Split(from, "/"), strings.Split(to, "/")
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	return path.Join(strings.Repeat("../", len(a)), strings.Join(b, "/"), ".")
}
