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

// checkNeeds notes what the packages of c must find in a registry. None of it stops c from being
// packaged: whether the registry has a version that fits, only the registry can say. A release
// asks it before anything runs, and cargo does when it packages.
func (w *Workspace) checkNeeds(c *Crate) finding.List {
	var list finding.List
	noted := map[string]bool{}
	for _, d := range w.kept(c) {
		m := w.find(d.Name)
		ok, reason := m.Publishable()
		what := ""
		switch {
		case d.Patched:
			continue
		case d.Kind == Dev && w.cyclic(c, m):
			what = fmt.Sprintf("and closes the cycle %s", strings.Join(namesOf(w.cycle(c, m)), " → "))
		case !ok:
			what = fmt.Sprintf("and crate %q goes to no registry (%s)", m.Name, reason)
		default:
			continue
		}
		what = fmt.Sprintf("dependency %q: it has a version, %s: the registry must already have one that %q accepts", d.Name, what, d.Req)
		do := "if it has none, publish the dependency first, or mark this crate as not published: publish = false, or registry = false in [package.metadata.slipway]"
		if d.Kind == Dev {
			what = "development " + what
			do = fmt.Sprintf("if it has none, leave out the version: %s = { path = %q }; cargo then drops it from the published manifest", d.Name, relative(path.Join(w.prefix, c.Dir), path.Join(w.prefix, m.Dir)))
		}
		noted[d.Name] = true
		list = append(list, w.findingAt(finding.Nothing, c, d.at(), what, do))
	}
	others := slices.DeleteFunc(w.FromRegistry(c), func(name string) bool { return noted[name] || name == c.Name })
	if len(others) > 0 {
		list = append(list, w.findingAt(finding.Nothing, c, []string{"package"},
			fmt.Sprintf("cargo packages crate %q with %s from the registry, not from the workspace: a package has no [patch], [replace], path or git repository", c.Name, strings.Join(others, ", ")),
			"release first what the registry has no fitting version of"))
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
