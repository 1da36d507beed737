package cargo

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"dagger/slipway/ci/finding"
)

// maxLinked is how many files and directories links to directories may lead to in one crate: links
// that lead to links multiply.
const maxLinked = 1 << 14

// file is a file or link of a crate, named as cargo names it, which may be through a link.
type file struct {
	fs.DirEntry
	name   string // relative to the workspace
	within string // relative to the crate's directory
	dir    string // the directory that it is really in, relative to the repository's root
	// unfollowed says that it is a link to a directory which cargo takes for a file.
	unfollowed bool
}

// lister lists the files of a crate as cargo does before it packages them (github.com/rust-lang/cargo,
// src/sources/path.rs, list_files).
type lister struct {
	w      *Workspace
	crate  *Crate
	follow bool // links to directories
	files  []file
	linked int
	// trouble are findings about directories that links lead to.
	trouble finding.List
}

// listFiles returns the files and links of a crate. If follow is set, they include those of the
// directories that links lead to, and findings about such directories. Left out are the
// directories below that have a manifest of their own, be it that of a member or not, and those
// files of the target directory that git does not track.
func (w *Workspace) listFiles(c *Crate, follow bool) ([]file, finding.List, error) {
	l := lister{w: w, crate: c, follow: follow}
	real, ok := w.resolve(path.Join(w.prefix, c.Dir))
	if !ok {
		real = path.Join(w.prefix, c.Dir)
	}
	begin := place{dir: c.Dir, real: real}
	if len(c.contents.include) > 0 {
		begin.above = []string{real} // cargo asks git for the files only if there is no `include`
	}
	err := l.list(begin)
	return l.files, l.trouble, err
}

// place is a directory on the way through a crate.
type place struct {
	dir    string // relative to the workspace, as cargo names it
	real   string // relative to the repository's root
	linked bool   // a link led to it
	// above holds the real paths of the directories to which a link may not lead back, with that of
	// the directory itself: those that cargo walks.
	above []string
}

// below returns a directory below one.
func (p place) below(name, real string, linked bool) place {
	next := place{dir: path.Join(p.dir, name), real: real, linked: p.linked || linked}
	if next.linked || p.above != nil {
		next.above = append(slices.Clip(p.above), real)
	}
	return next
}

// list adds the files of a directory.
func (l *lister) list(p place) error {
	entries, err := fs.ReadDir(l.w.fsys, p.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		f := file{DirEntry: e, name: path.Join(p.dir, e.Name()), dir: p.real}
		f.within = strings.TrimPrefix(f.name, l.crate.Dir+"/")
		switch {
		case e.IsDir() && l.leavesOut(f, p.linked):
		case e.IsDir():
			err = l.list(p.below(e.Name(), path.Join(p.real, e.Name()), false))
		case e.Type()&fs.ModeSymlink != 0 && l.follow && l.leadsToDir(f):
			err = l.enter(f, p)
		default:
			err = l.add(f, p.linked)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// add adds a file, unless it is in the target directory and git does not track it.
func (l *lister) add(f file, linked bool) error {
	if l.inTarget(f) && (l.w.Tracked == nil || !l.w.Tracked(f.name)) {
		return nil
	}
	if linked {
		l.linked++
	}
	l.files = append(l.files, f)
	return nil
}

// inTarget reports whether a file is in the target directory of the crate.
func (l *lister) inTarget(f file) bool { return strings.HasPrefix(f.within, "target/") }

// leavesOut reports whether nothing of a directory is packaged. linked says that a link led to it:
// of such a directory cargo packages nothing if it is excluded, whatever patterns say of the files
// in it.
func (l *lister) leavesOut(f file, linked bool) bool {
	switch {
	case f.Name() == ".git", l.w.isFile(f.name, "Cargo.toml"):
		return true
	case f.within == "target":
		return len(l.crate.contents.include) > 0 || l.w.Tracked == nil
	}
	return linked && l.crate.contents.prunes(f.within)
}

// leadsToDir reports whether a link leads to a directory of the repository.
func (l *lister) leadsToDir(f file) bool {
	to, err := fs.ReadLink(l.w.fsys, f.name)
	if err != nil || path.IsAbs(to) || !fs.ValidPath(path.Join(f.dir, to)) {
		return false
	}
	info, err := fs.Stat(l.w.fsys, f.name)
	return err == nil && info.IsDir()
}

// enter adds the files of the directory that a link leads to, unless it is one of those that were
// passed on the way. cargo follows no link in the target directory.
func (l *lister) enter(f file, from place) error {
	if l.inTarget(f) {
		f.unfollowed = true
		return l.add(f, false)
	}
	real, ok := l.w.resolve(path.Join(f.dir, f.Name()))
	if l.leavesOut(f, true) || !ok || slices.Contains(from.above, real) || l.linked > maxLinked {
		return nil
	}
	l.linked++
	err := l.list(from.below(f.Name(), real, true))
	if l.linked > maxLinked {
		if from.linked { // only the first link is a finding
			return nil
		}
		err = fmt.Errorf("such links lead to more than %d files", maxLinked)
	}
	if err != nil {
		l.trouble = append(l.trouble, finding.Finding{
			Stops: finding.Registry, Crate: l.crate.Name, File: f.name, What: fmt.Sprintf("following the symbolic link: %v", err), Do: "remove it, or exclude it from the package with `package.exclude`",
		})
	}
	return nil
}

// resolve returns the path that a path leads to, both relative to the repository's root, or to the
// workspace's if nothing is known of a repository. It returns false if a link leads out of it, or
// to itself.
func (w *Workspace) resolve(full string) (string, bool) {
	for range maxLinks {
		next, linked := w.step(full)
		if !linked {
			return full, true
		}
		if full = next; !fs.ValidPath(full) {
			return "", false
		}
	}
	return "", false
}

// step replaces the first link in a path by its target. It returns false if there is none.
func (w *Workspace) step(full string) (string, bool) {
	parts := strings.Split(full, "/")
	for i := range parts {
		at := path.Join(parts[:i+1]...)
		to, err := fs.ReadLink(w.fsys, w.fromRoot(at))
		switch {
		case err != nil:
		case path.IsAbs(to):
			return to, true
		default:
			return path.Join(path.Dir(at), to, path.Join(parts[i+1:]...)), true
		}
	}
	return full, false
}
