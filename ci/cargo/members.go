package cargo

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"dagger/slipway/ci/quote"
	"dagger/slipway/ci/sourcefs"
)

// Limits on a workspace. The largest known ones have some thousand members, with manifests of a
// few KB each. maxManifests is in bytes, for all manifests together.
const (
	maxMembers   = 10_000
	maxManifests = 16 << 20
)

// readMembers finds the members as cargo does: those that `members` matches, and their path
// dependencies inside the workspace, minus `exclude`. A root package without [workspace] is the
// only member.
func (w *Workspace) readMembers() error {
	queue, err := w.listMembers()
	if err != nil {
		return err
	}
	size := int64(0)
	seen := map[string]bool{}
	names := map[string]string{}
	for len(queue) > 0 {
		dir := queue[0]
		queue = queue[1:]
		if seen[dir] {
			continue
		}
		seen[dir] = true
		if len(seen) > maxMembers {
			return fmt.Errorf("reading workspace: it has more than %d members", maxMembers)
		}
		c, read, err := w.readMember(dir)
		if err != nil {
			return err
		}
		if size += read; size > maxManifests {
			return fmt.Errorf("reading workspace: its manifests have more than %d bytes together", maxManifests)
		}
		if c == nil {
			continue
		}
		if other, dup := names[c.Name]; dup {
			err := fmt.Errorf("reading workspace: %q and %q both hold a crate %q", other, dir, c.Name)
			w.unread = append(w.unread, unreadable{dir: dir, name: c.Name, err: err})
			same := slices.IndexFunc(w.Crates, func(m Crate) bool { return m.Name == c.Name })
			w.Crates[same].refuse(err, "package", "name")
			continue
		}
		names[c.Name] = dir
		w.Crates = append(w.Crates, *c)
		if w.single {
			continue // without [workspace] there is one member, and path dependencies are none
		}
		for _, d := range c.Deps {
			if d.Path != "" && !seen[d.Path] && !w.excludes(d.Path) && fs.ValidPath(d.Path) {
				queue = append(queue, d.Path)
			}
		}
	}
	if len(w.Crates) == 0 {
		return w.unread[0].err
	}
	slices.SortFunc(w.Crates, func(a, b Crate) int { return strings.Compare(a.Name, b.Name) })
	w.Excluded = slices.Clone(w.root.Workspace.Exclude)
	return nil
}

// readMember reads the member in dir and returns it with the size of its manifest in bytes, nil if
// it cannot be read, which is recorded.
func (w *Workspace) readMember(dir string) (*Crate, int64, error) {
	c, size, name, err := w.readCrate(dir)
	if err == nil && outside(dir) {
		err = w.checkBeside(dir)
	}
	if err != nil && dir != "." {
		if info, err := fs.Stat(w.fsys, path.Join(dir, "Cargo.toml")); err == nil {
			size = info.Size() // it counts even if it is malformed
		}
		w.unread = append(w.unread, unreadable{dir: dir, name: name, err: err})
		return nil, size, nil
	}
	return c, size, err
}

// listMembers returns the directories that `members` names or matches, without what it excludes,
// and that of the root package.
func (w *Workspace) listMembers() ([]string, error) {
	if n := len(w.root.Workspace.Members) + len(w.root.Workspace.Exclude); n > maxMembers {
		return nil, fmt.Errorf("reading workspace: `members` and `exclude` have %d entries, expected at most %d", n, maxMembers)
	}
	var dirs []string
	if w.root.Package != nil {
		dirs = append(dirs, ".")
	}
	for _, pattern := range w.root.Workspace.Members {
		clean := w.Normal(path.Clean(pattern))
		if !w.valid(clean) {
			w.unread = append(w.unread, unreadable{dir: clean, err: fmt.Errorf("member %s is outside the %s: a release is built only from the %[2]s; move it below the root, or have both in one git repository", quote.Line(pattern), w.bounds())})
			continue
		}
		found, isGlob := []string{clean}, strings.ContainsAny(clean, "*?[")
		if isGlob { // a missing literal member is an error when it is read
			var err error
			if found, err = globDirs(w.fsys, clean); errors.Is(err, sourcefs.ErrOutside) {
				w.unread = append(w.unread, unreadable{dir: clean, err: fmt.Errorf("member pattern %s: %w", quote.Line(pattern), err)})
				continue
			} else if err != nil {
				return nil, fmt.Errorf("reading workspace: member pattern %s: %w", quote.Line(pattern), err)
			}
		}
		for _, dir := range found {
			if dir = w.Normal(dir); w.excludes(dir) {
				continue
			}
			if _, err := fs.Stat(w.fsys, path.Join(dir, "Cargo.toml")); isGlob && absent(err) {
				continue // cargo skips what a glob matches without a manifest
			}
			dirs = append(dirs, dir)
		}
	}
	if len(dirs) == 0 && len(w.unread) > 0 {
		return nil, w.unread[0].err
	}
	if len(dirs) == 0 {
		return nil, errors.New(`reading workspace: "Cargo.toml" names no members and is not a package`)
	}
	return dirs, nil
}

// excludes reports whether dir is below an entry of `exclude` and not below a literal entry of
// `members`, which takes precedence. Everything is below the entry ".".
func (w *Workspace) excludes(dir string) bool {
	below := func(list []string) bool {
		return slices.ContainsFunc(list, func(e string) bool {
			e = path.Clean(e)
			return e == "." || dir == e || strings.HasPrefix(dir, e+"/")
		})
	}
	return below(w.root.Workspace.Exclude) && !below(w.root.Workspace.Members)
}

// Dirs returns the members' directories, relative to the workspace and sorted.
func (w *Workspace) Dirs() []string {
	set := map[string]bool{}
	for _, c := range w.Crates {
		set[c.Dir] = true
	}
	return slices.Sorted(maps.Keys(set))
}
