package cargo

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// cratesIO are the names by which [patch] may refer to crates.io (The Cargo Book, "Overriding
// Dependencies").
var cratesIO = []string{"crates-io", "https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io", "https://crates.io"}

// applyPatches sets the path of every dependency that [patch] replaces with a member. A patch
// only applies if the version fits, which Cargo.lock shows.
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
			if dir == "" || m == nil || m.Dir != w.Normal(path.Clean(dir)) {
				continue
			}
			for i := range w.Crates {
				w.applyPatch(source, m, &w.Crates[i])
			}
		}
	}
}

// applyPatch sets m's path in those dependencies of c that are on m and come from the patched
// source.
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

// comesFrom reports whether a dependency comes from the source that [patch.source] replaces.
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

// resolves reports whether crate's locked dependency on a package named member is the workspace's
// own and not one of the same name from elsewhere.
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
