package cargo

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/quote"
)

// redirection is an entry of [patch] or [replace] that takes a package from a directory (The Cargo
// Book, "Overriding Dependencies").
type redirection struct {
	name string   // of the package
	dir  string   // relative to the workspace root
	at   []string // the key path in the root manifest
}

// redirections returns the entries of [patch] and [replace] with a path, in the order of their
// keys.
func (w *Workspace) redirections() []redirection {
	var list []redirection
	add := func(name string, spec any, at ...string) {
		table, _ := spec.(map[string]any)
		dir, _ := table["path"].(string)
		renamed, _ := table["package"].(string)
		if dir != "" {
			list = append(list, redirection{name: cmp.Or(renamed, name), dir: w.Normal(path.Clean(dir)), at: at})
		}
	}
	for _, source := range slices.Sorted(maps.Keys(w.root.Patch)) {
		for _, alias := range slices.Sorted(maps.Keys(w.root.Patch[source])) {
			add(alias, w.root.Patch[source][alias], "patch", source, alias)
		}
	}
	for _, spec := range slices.Sorted(maps.Keys(w.root.Replace)) {
		add(specName(spec), w.root.Replace[spec], "replace", spec)
	}
	return list
}

// specName returns the name of the package that a key of [replace] means: NAME:VERSION, NAME@VERSION,
// either after URL#, or URL#VERSION for a source whose path ends with the name (The Cargo Book,
// "Package ID Specifications").
func specName(spec string) string {
	url, name, isSource := strings.Cut(spec, "#")
	if !isSource {
		name = spec
	}
	if strings.Contains(spec, "://") && (name == "" || name[0] >= '0' && name[0] <= '9') {
		url, _, _ = strings.Cut(url, "?")
		return path.Base(url)
	}
	if i := strings.IndexAny(name, ":@"); i >= 0 {
		return name[:i]
	}
	return name
}

// checkRedirections reports the directories that a build of c needs by [patch] or [replace] and
// that it cannot have. An entry whose package is not in c's part of the lock file is left out of
// what is built, unless c is built in the whole workspace.
func (w *Workspace) checkRedirections(c *Crate) finding.List {
	var list finding.List
	locked := w.Lock.names(namesOf(w.buildMembers(c)))
	_, unread := w.readLocals(w.Closure(c))
	for _, p := range w.redirections() {
		why, do := "", "move the package into the workspace, or remove the entry"
		m := w.find(p.name)
		switch {
		case !w.Unlocked() && !locked[p.name] && !(w.whole(c) && p.at[0] == "patch"):
		case outside(p.dir) && !w.valid(p.dir):
			why = fmt.Sprintf("is outside the %s: a release is built only from the %[1]s", w.bounds())
		case unread[p.dir] != nil:
			why, do = fmt.Sprintf("holds no package that can be read: %v", unread[p.dir]), "put the package there, or remove the entry"
		case w.whole(c) && !locked[p.name] && (m == nil || m.Dir != p.dir):
			if _, err := w.readLocal(p.dir); err != nil {
				why, do = fmt.Sprintf("holds no package that can be read: %v", err), "put the package there, or remove the entry"
			}
		case p.at[0] == "replace" && m != nil && m.Dir == p.dir:
			why, do = "is a member, which is not supported in [replace]", "write it to [patch]"
		}
		if why != "" {
			list = append(list, finding.Finding{
				Stops: finding.Everything, File: "Cargo.toml", Line: w.line("Cargo.toml", p.at...), Do: do,
				What: fmt.Sprintf("path %s, from which [%s] takes %q, %s", quote.Line(p.dir), p.at[0], p.name, why),
			})
		}
	}
	return list
}
