package cargo

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// cratesIO are the names of crates.io in [patch] (The Cargo Book, "Overriding
// Dependencies").
var cratesIO = []string{"crates-io", "https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io", "https://crates.io"}

// applyPatches gives every dependency that [patch] replaces by a member the member's
// path. What [patch] says holds only where the version fits: Cargo.lock tells.
func (w *Workspace) applyPatches() {
	for _, source := range slices.Sorted(maps.Keys(w.root.Patch)) {
		for _, alias := range slices.Sorted(maps.Keys(w.root.Patch[source])) {
			table, _ := w.root.Patch[source][alias].(map[string]any)
			dir, _ := table["path"].(string)
			name, _ := table["package"].(string)
			if name == "" {
				name = alias
			}
			m := w.find(name)
			if dir == "" || m == nil || m.Dir != path.Clean(dir) {
				continue
			}
			for i := range w.Crates {
				w.applyPatch(source, m, &w.Crates[i])
			}
		}
	}
}

// applyPatch gives c's dependencies from a source on m, if they are, m's path.
func (w *Workspace) applyPatch(source string, m, c *Crate) {
	if !w.Unlocked() && !w.Lock.resolves(c.Name, m.Name) {
		return
	}
	for i, d := range c.Deps {
		if d.Name == m.Name && d.Path == "" && w.comesFrom(d, source) {
			c.Deps[i].Path, c.Deps[i].Patched = m.Dir, true
		}
	}
}

// comesFrom reports whether a dependency is one on what [patch.source] replaces.
func (w *Workspace) comesFrom(d Dependency, source string) bool {
	source = strings.TrimSuffix(source, "/")
	switch {
	case d.Git != "":
		return strings.TrimSuffix(strings.TrimSuffix(d.Git, "/"), ".git") == strings.TrimSuffix(source, ".git")
	case d.Registry != "":
		return source == d.Registry || source == strings.TrimSuffix(w.Config.Indexes[d.Registry], "/")
	}
	return slices.Contains(cratesIO, source)
}

// resolves reports whether the entry of one member depends on another, and not on a
// package of the same name from elsewhere.
func (l Lock) resolves(crate, member string) bool {
	for _, p := range l.Packages {
		if p.Name != crate || p.Source != "" {
			continue
		}
		for _, d := range p.Dependencies {
			for _, q := range l.Packages {
				if q.Name == member && q.Source == "" && q.named(d) {
					return true
				}
			}
		}
	}
	return false
}
