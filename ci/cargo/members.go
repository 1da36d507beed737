package cargo

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// readMembers finds the members as cargo does: the globs of `members`, then
// every path dependency below the root, less `exclude`.
func (w *Workspace) readMembers() error {
	queue, err := w.listMembers()
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	names := map[string]string{}
	for len(queue) > 0 {
		dir := queue[0]
		queue = queue[1:]
		if seen[dir] {
			continue
		}
		seen[dir] = true
		c, err := w.readCrate(dir)
		if err != nil {
			return err
		}
		if other, dup := names[c.Name]; dup {
			return fmt.Errorf("reading workspace: %q and %q both hold a crate %q", other, dir, c.Name)
		}
		names[c.Name] = dir
		w.Crates = append(w.Crates, *c)
		for _, d := range c.Deps {
			if d.Path != "" && !seen[d.Path] && !w.excludes(d.Path) && fs.ValidPath(d.Path) {
				queue = append(queue, d.Path)
			}
		}
	}
	slices.SortFunc(w.Crates, func(a, b Crate) int { return strings.Compare(a.Name, b.Name) })
	w.Excluded = slices.Clone(w.root.Workspace.Exclude)
	return nil
}

func (w *Workspace) listMembers() ([]string, error) {
	var dirs []string
	if w.root.Package != nil {
		dirs = append(dirs, ".")
	}
	for _, pattern := range w.root.Workspace.Members {
		clean := path.Clean(pattern)
		if !fs.ValidPath(clean) {
			return nil, fmt.Errorf("reading workspace: member %q is outside the workspace: move it below the root", pattern)
		}
		found, isGlob := []string{clean}, strings.ContainsAny(clean, "*?[")
		if isGlob { // a missing literal member is an error when it is read
			var err error
			if found, err = globDirs(w.fsys, clean); err != nil {
				return nil, fmt.Errorf("reading workspace: member pattern %q: %w", pattern, err)
			}
		}
		for _, dir := range found {
			if w.excludes(dir) {
				continue
			}
			if _, err := fs.Stat(w.fsys, path.Join(dir, "Cargo.toml")); err != nil && isGlob {
				continue // cargo skips what a glob matches without a manifest
			}
			dirs = append(dirs, dir)
		}
	}
	if len(dirs) == 0 {
		return nil, errors.New(`reading workspace: "Cargo.toml" names no member and is no package`)
	}
	return dirs, nil
}

// excludes reports whether dir is excluded: below an entry of `exclude`, and
// not below one of `members`, read without globs, which is the stronger.
func (w *Workspace) excludes(dir string) bool {
	below := func(list []string) bool {
		return slices.ContainsFunc(list, func(e string) bool {
			e = path.Clean(e)
			return dir == e || strings.HasPrefix(dir, e+"/")
		})
	}
	return below(w.root.Workspace.Exclude) && !below(w.root.Workspace.Members)
}

// globDirs returns what a member pattern matches, sorted.
func globDirs(fsys fs.FS, pattern string) ([]string, error) {
	if !strings.Contains(pattern, "**") && !strings.Contains(pattern, "[!") {
		return fs.Glob(fsys, pattern)
	}
	expr, err := regexp.Compile("^" + globExpr(pattern) + "$")
	if err != nil {
		return nil, err
	}
	var dirs []string
	err = fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() && expr.MatchString(name) {
			dirs = append(dirs, name)
		}
		return err
	})
	return dirs, err
}

// dirs lists the members' directories, sorted.
func (w *Workspace) dirs() []string {
	set := map[string]bool{}
	for _, c := range w.Crates {
		set[c.Dir] = true
	}
	return slices.Sorted(maps.Keys(set))
}
