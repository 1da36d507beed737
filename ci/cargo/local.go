package cargo

import (
	"path"
	"slices"

	"dagger/slipway/ci/finding"
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
// inherits from the nearest root above it; one outside the workspace never inherits from it.
func (w *Workspace) readLocal(dir string) (*Crate, error) {
	from := w
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

// checkLocals checks path dependencies that are not members (such as those listed in `exclude`):
// what they depend on must be in the workspace too.
func (w *Workspace) checkLocals(locals []*Crate, unread map[string]error) finding.List {
	var list finding.List
	for _, c := range locals {
		for _, d := range c.Deps {
			if outside(d.Path) && !w.valid(d.Path) || unread[d.Path] != nil {
				list = append(list, w.checkDep(c, d, false, unread)...)
			}
		}
	}
	return list
}
