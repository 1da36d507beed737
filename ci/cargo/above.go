package cargo

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// placed is a file system whose names are relative to a directory of a repository, and may begin
// with ".." for the rest of it.
type placed interface{ Prefix() string }

// placeOf returns the directory of the repository that the names of a file system are relative
// to, "" for its root.
func placeOf(fsys fs.FS) string {
	if p, ok := fsys.(placed); ok {
		return p.Prefix()
	}
	return ""
}

// Prefix returns the workspace's directory in the repository, "" for the root.
func (w *Workspace) Prefix() string { return w.prefix }

// valid reports whether a path relative to the workspace is in the repository, or in the workspace
// if nothing is known of a repository around it.
func (w *Workspace) valid(name string) bool {
	return fs.ValidPath(name) || w.prefix != "" && !path.IsAbs(name) && fs.ValidPath(path.Join(w.prefix, name))
}

// bounds names what the files of a release must be in.
func (w *Workspace) bounds() string {
	if w.prefix != "" {
		return "repository"
	}
	return "workspace"
}

// Normal returns the shortest path to a file: one that leaves the workspace and enters it again is
// the same as one that stays.
func (w *Workspace) Normal(name string) string {
	full := path.Join(w.prefix, name)
	if w.prefix == "" || !outside(name) || path.IsAbs(name) || !fs.ValidPath(full) {
		return name
	}
	if full == w.prefix {
		return "."
	}
	if within, ok := strings.CutPrefix(full, w.prefix+"/"); ok {
		return within
	}
	return name
}

// isBelow reports whether a directory is below another one.
func (w *Workspace) isBelow(dir, other string) bool {
	dir, other = path.Join(w.prefix, dir), path.Join(w.prefix, other)
	return dir != other && (other == "." || strings.HasPrefix(dir, other+"/"))
}

// outside reports whether a path relative to the workspace root leads out of it.
func outside(dir string) bool {
	return dir == ".." || strings.HasPrefix(dir, "../") || path.IsAbs(dir)
}

// above returns the directories above the workspace, up to the repository's root and nearest
// first, relative to the workspace.
func above(prefix string) []string {
	var dirs []string
	for at, up := prefix, ".."; at != "" && at != "."; at, up = path.Dir(at), path.Join(up, "..") {
		dirs = append(dirs, up)
	}
	return dirs
}

// ReadAbove returns a function that selects the files of the directories above a workspace that
// cargo, rustup or slipway read, by their names relative to the repository's root. prefix is the
// workspace's directory.
func ReadAbove(prefix string) func(name string) bool {
	dirs := map[string]bool{}
	for _, dir := range above(prefix) {
		dirs[path.Join(prefix, dir)] = true
	}
	return func(name string) bool {
		dir, base := path.Split(name)
		dir = path.Clean(dir)
		switch {
		case path.Base(dir) == ".cargo" && (base == "config" || base == "config.toml"):
			return dirs[path.Dir(dir)]
		case base == "rust-toolchain" || base == "rust-toolchain.toml":
			return dirs[dir]
		}
		return dirs[dir] && slices.ContainsFunc(ChangelogNames, func(n string) bool { return strings.EqualFold(n, base) })
	}
}

// Outside returns a function that selects the files outside the workspace that it needs, by their
// names relative to the repository's root: what its manifests name, and what links in its crates
// lead to. Whatever of it is not in the workspace's file system yet may need more in turn.
func (w *Workspace) Outside() func(name string) bool {
	if w.prefix == "" {
		return func(string) bool { return false }
	}
	all := make([]*Crate, len(w.Crates))
	for i := range w.Crates {
		all[i] = &w.Crates[i]
	}
	r := w.reach(all)
	for _, c := range all {
		if logs, err := w.Changelogs(c); err == nil {
			for _, l := range logs {
				r.follow(l.Name)
			}
		}
	}
	return func(name string) bool {
		for at := name; ; at = path.Dir(at) { // the name or a directory that it is in
			if r.wanted[at] {
				return true
			}
			if at == "." {
				return r.parents[name]
			}
		}
	}
}

// NeedsRepository reports whether a build or package of c needs files outside the workspace. The
// workspace is then at its path in the repository, with those files around it. If any member is
// beside the workspace, all crates do, since cargo reads all members.
func (w *Workspace) NeedsRepository(c *Crate) bool {
	if slices.ContainsFunc(w.Crates, func(m Crate) bool { return outside(m.Dir) }) {
		return true
	}
	for name := range w.reach(w.buildMembers(c)).wanted {
		if _, err := fs.Lstat(w.fsys, w.fromRoot(name)); err == nil {
			return true
		}
	}
	return false
}

// fromRoot returns a path relative to the workspace for one relative to the repository's root.
func (w *Workspace) fromRoot(name string) string {
	switch {
	case w.prefix == "":
		return name
	case name == ".":
		return path.Clean(strings.Repeat("../", 1+strings.Count(w.prefix, "/")))
	}
	return relative(w.prefix, name)
}
