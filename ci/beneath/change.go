package beneath

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// each calls do for every entry of the directory. rel and depth locate the directory in the
// tree, for errors.
func (d *Dir) each(rel string, depth int, do func(name string, st *unix.Stat_t) error) error {
	if depth > maxDepth {
		return &Refused{Path: rel, Found: "is nested too deep", Want: fmt.Sprintf("at most %d directories in each other", maxDepth), Limit: true}
	}
	list, err := d.Dir(".") // a second handle, with its own read position
	if err != nil {
		return err
	}
	defer list.Close()
	for {
		names, err := list.f.Readdirnames(1 << 10)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, name := range names {
			st, err := d.stat(name)
			if err != nil {
				return err
			}
			if err := do(name, st); err != nil {
				return err
			}
		}
	}
}

// Move renames a name below d to a name in another directory of the same file system,
// whatever its type: a link is moved, not followed.
func (d *Dir) Move(name string, to *Dir, as string) error {
	if !fs.ValidPath(name) {
		return &fs.PathError{Op: "rename", Path: name, Err: fs.ErrInvalid}
	}
	from := d
	if parent := path.Dir(name); parent != "." {
		p, err := d.Dir(parent)
		if err != nil {
			return err
		}
		defer p.Close()
		from = p
	}
	err := again(func() error {
		return unix.Renameat(int(from.f.Fd()), path.Base(name), int(to.f.Fd()), as)
	})
	runtime.KeepAlive(from.f)
	runtime.KeepAlive(to.f)
	if err != nil {
		return &fs.PathError{Op: "rename", Path: name, Err: err}
	}
	return nil
}

// Discard removes everything below a directory of d, at any depth, whose name matches one
// of the patterns (path.Match). It does nothing if name is not a directory.
func (d *Dir) Discard(name string, patterns []string) error {
	if len(patterns) == 0 || d.Check(name, true) != nil {
		return nil
	}
	return d.walk(name, name, 0, func(at *Dir, name, _ string, _ *unix.Stat_t) error {
		for _, p := range patterns {
			if ok, err := path.Match(p, name); err == nil && ok {
				return at.remove(name)
			}
		}
		return nil
	})
}

// Settle makes a file or tree of d safe to keep and read: it removes devices, sockets and
// FIFOs, and clears set-id bits. Links stay, so readers must not follow them. It returns an
// error if the tree exceeds the limits.
func (d *Dir) Settle(name string, limits Limits) error {
	count := Count{Limits: limits}
	settle := func(at *Dir, name, rel string, st *unix.Stat_t) error {
		switch kindOf(st) {
		case unix.S_IFLNK:
			return count.Add(rel, 0)
		case unix.S_IFDIR:
			return errors.Join(count.Add(rel, 0), at.ordinary(name, st, 0o700))
		case unix.S_IFREG:
			return errors.Join(count.Add(rel, st.Size), at.ordinary(name, st, 0))
		}
		return at.unlink(name)
	}
	st, err := d.stat(name)
	if err != nil {
		return err
	}
	at, err := d.Dir(path.Dir(name))
	if err != nil {
		return err
	}
	defer at.Close()
	if kindOf(st) != unix.S_IFDIR {
		return settle(at, path.Base(name), name, st)
	}
	if err := at.ordinary(path.Base(name), st, 0o700); err != nil {
		return err
	}
	return d.walk(name, name, 0, settle)
}

// ordinary clears set-id and sticky bits and write permission of group and others, and adds
// the permissions in owner.
func (d *Dir) ordinary(name string, st *unix.Stat_t, owner uint32) error {
	mode := uint32(st.Mode)&0o755 | owner
	if uint32(st.Mode)&0o7777 == mode {
		return nil
	}
	if kindOf(st) == unix.S_IFDIR {
		defer runtime.KeepAlive(d.f)
		return chmodAt(int(d.f.Fd()), name, mode)
	}
	f, err := d.File(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(os.FileMode(mode)), f.Close())
}

// walk calls do for everything below a directory of d, for a directory before its entries.
// Directories that do removes are skipped. rel is the directory's place in the tree, for
// errors.
func (d *Dir) walk(name, rel string, depth int, do func(at *Dir, name, rel string, st *unix.Stat_t) error) error {
	at, err := d.Dir(name)
	if err != nil {
		return err
	}
	defer at.Close()
	return at.each(rel, depth, func(name string, st *unix.Stat_t) error {
		so := path.Join(rel, name)
		if err := do(at, name, so, st); err != nil || kindOf(st) != unix.S_IFDIR {
			return err
		}
		err := at.walk(name, so, depth+1, do)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

// unlink removes a name that is not a directory.
func (d *Dir) unlink(name string) error {
	defer runtime.KeepAlive(d.f)
	if err := again(func() error { return unix.Unlinkat(int(d.f.Fd()), name, 0) }); err != nil {
		return &fs.PathError{Op: "remove", Path: name, Err: err}
	}
	return nil
}

// remove removes a name of d and everything below it.
func (d *Dir) remove(name string) error { return d.removeAt(name, 0) }

func (d *Dir) removeAt(name string, depth int) error {
	st, err := d.stat(name)
	if err != nil || kindOf(st) != unix.S_IFDIR {
		return errors.Join(err, d.unlink(name))
	}
	if err := chmodAt(int(d.f.Fd()), name, 0o700); err != nil {
		return err
	}
	sub, err := d.Dir(name)
	if err != nil {
		return err
	}
	defer sub.Close()
	if err := sub.each(name, depth, func(inside string, _ *unix.Stat_t) error { return sub.removeAt(inside, depth+1) }); err != nil {
		return err
	}
	if err := again(func() error { return unix.Unlinkat(int(d.f.Fd()), name, unix.AT_REMOVEDIR) }); err != nil {
		return &fs.PathError{Op: "remove", Path: name, Err: err}
	}
	return nil
}

// RemoveAll is like os.RemoveAll, but also removes directories without write permission, as
// left by some build scripts and Go's module cache. It changes nothing outside through a
// link.
func RemoveAll(name string) error {
	if err := os.RemoveAll(name); err == nil {
		return nil
	}
	if d, err := OpenDir(filepath.Dir(name)); err == nil {
		d.permit(filepath.Base(name), 0)
		_ = d.Close()
	}
	if err := os.RemoveAll(name); err == nil {
		return nil
	}
	if err := shorten(name); err != nil {
		return fmt.Errorf("removing %q: %w", name, err)
	}
	return os.RemoveAll(name)
}

// deepest is how many nested directories are removed at once: each keeps a file open.
const deepest = 64

// shorten removes the contents of a directory however deeply they are nested, by first
// moving what is too deep to the top.
func shorten(name string) error {
	top, err := OpenDir(name)
	if err != nil {
		return err
	}
	defer top.Close()
	var names []string
	if err := top.each(name, 0, func(name string, _ *unix.Stat_t) error { names = append(names, name); return nil }); err != nil {
		return err
	}
	var raise func(at *Dir, name string, depth int) error
	raise = func(at *Dir, name string, depth int) error {
		st, err := at.stat(name)
		if err != nil || kindOf(st) != unix.S_IFDIR {
			return err
		}
		if depth == deepest {
			as := rand.Text()
			names = append(names, as)
			return at.Move(name, top, as)
		}
		if err := chmodAt(int(at.f.Fd()), name, 0o700); err != nil {
			return err
		}
		sub, err := at.Dir(name)
		if err != nil {
			return err
		}
		defer sub.Close()
		return sub.each(name, 0, func(inside string, _ *unix.Stat_t) error { return raise(sub, inside, depth+1) })
	}
	for len(names) > 0 {
		last := names[len(names)-1]
		names = names[:len(names)-1]
		if err := raise(top, last, 0); err != nil {
			return err
		}
		if err := os.RemoveAll(filepath.Join(name, last)); err != nil {
			return err
		}
	}
	return nil
}

// permit makes directories writable for their owner. It ignores errors, because removing
// the directories reports them.
func (d *Dir) permit(name string, depth int) {
	_ = chmodAt(int(d.f.Fd()), name, 0o700)
	runtime.KeepAlive(d.f)
	sub, err := d.Dir(name)
	if err != nil {
		return
	}
	defer sub.Close()
	_ = sub.each(name, depth, func(name string, st *unix.Stat_t) error {
		if kindOf(st) == unix.S_IFDIR {
			sub.permit(name, depth+1)
		}
		return nil
	})
}
