package cargo

import (
	"fmt"
	"path"
	"slices"

	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/quote"
)

// locals returns the packages inside the workspace's directory that are not members but that the
// members depend on, by a path or by a path in [patch].
func (w *Workspace) locals(members []*Crate) []*Crate {
	found, _ := w.readLocals(members)
	return found
}

// readLocals returns what locals returns, and the reason for each directory whose package cannot
// be read.
func (w *Workspace) readLocals(members []*Crate) (found []*Crate, unread map[string]error) {
	defer func(rules int) { w.rules = rules }(w.rules) // only members' patterns count
	dirs := w.patchDirs(w.Lock.names(namesOf(members)))
	seen := map[string]bool{".": true}
	for i := range w.Crates {
		seen[w.Crates[i].Dir] = true
	}
	unread = map[string]error{}
	for queue := slices.Clone(members); ; queue = queue[1:] {
		for _, dir := range dirs {
			if seen[dir] || !w.valid(dir) {
				continue
			}
			seen[dir] = true
			c, err := w.readLocal(dir)
			if err != nil && w.Explain != nil {
				err = w.Explain(err)
			}
			if err != nil {
				unread[dir] = err
				continue
			}
			found, queue = append(found, c), append(queue, c)
		}
		if len(queue) == 0 {
			return found, unread
		}
		dirs = nil
		for _, d := range queue[0].Deps {
			if d.Path != "" {
				dirs = append(dirs, d.Path)
			}
		}
	}
}

// readLocal reads a package that is not a member. If it belongs to a nested workspace, it
// inherits from the root that it names or else from the nearest above it; one outside the workspace
// never inherits from it.
func (w *Workspace) readLocal(dir string) (*Crate, error) {
	from := w
	if m, err := readManifest(w.fsys, dir); err == nil && m.Package != nil && m.Package.Workspace != "" {
		at := w.Normal(path.Join(dir, m.Package.Workspace))
		if root, err := readManifest(w.fsys, at); err == nil && root.Workspace != nil && at != "." {
			from = &Workspace{fsys: w.fsys, prefix: w.prefix, root: root, dir: at, rules: w.rules}
		}
	}
	for at := path.Join(w.prefix, dir); at != path.Clean(w.prefix) && from == w; at = path.Dir(at) {
		if m, err := readManifest(w.fsys, w.fromRoot(at)); err == nil && m.Workspace != nil {
			from = &Workspace{fsys: w.fsys, prefix: w.prefix, root: m, dir: w.fromRoot(at), rules: w.rules}
		}
		if at == "." {
			break
		}
	}
	if from == w && outside(dir) {
		from = &Workspace{fsys: w.fsys, prefix: w.prefix, root: &manifest{Workspace: &workspaceRoot{}}, dir: dir, rules: w.rules}
	}
	c, _, _, err := from.readCrate(dir)
	if err == nil {
		c.within, w.rules = from.dir, from.rules
	}
	return c, err
}

// patchDirs returns the directories from which [patch] and [replace] take locked packages, sorted.
func (w *Workspace) patchDirs(locked map[string]bool) []string {
	var dirs []string
	for _, p := range w.redirections() {
		if w.Unlocked() || locked[p.name] {
			dirs = append(dirs, p.dir)
		}
	}
	slices.Sort(dirs)
	return dirs
}

// checkLocals checks path dependencies that are not members (such as those listed in `exclude`, or
// all of a root package without [workspace]): cargo must accept their manifests, and what they
// depend on must be in the workspace too.
func (w *Workspace) checkLocals(locals []*Crate, unread map[string]error) finding.List {
	var list finding.List
	for _, c := range locals {
		for _, f := range c.faults {
			if w.single && c.within == "" && f.scope != 0 { // elsewhere it may inherit from a root that cannot be seen
				list = append(list, w.findingAt(f.stops, c, f.at, f.what, f.do))
			}
		}
		for _, d := range c.Deps {
			if outside(d.Path) && !w.valid(d.Path) || unread[d.Path] != nil {
				list = append(list, w.checkDep(c, d, false, unread)...)
			}
		}
	}
	return list
}

// explainLocal returns the error for a path dependency of a package without [workspace], which is
// not released with that package: nil if none has that name.
func (w *Workspace) explainLocal(name string) error {
	if !w.single {
		return nil
	}
	for _, c := range w.locals([]*Crate{&w.Crates[0]}) {
		if c.Name == name {
			return fmt.Errorf("finding crate %q: %w: it is a path dependency of crate %q, whose manifest has no [workspace]: pass %s as the workspace, or add [workspace] to the root manifest", name, ErrNotFound, w.Crates[0].Name, quote.Line(c.Dir))
		}
	}
	return nil
}
