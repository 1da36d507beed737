package beneath

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Copied describes a copied file.
type Copied struct {
	Path   string // slash-separated, relative to the copied tree; for CopyFile its name argument
	Size   int64
	SHA256 [sha256.Size]byte // of the bytes written
}

// CopyFile copies a regular file below d to a path that does not exist. It keeps the
// permissions, except write permission for group and others. On error it leaves no file.
func (d *Dir) CopyFile(name, to string, limits Limits) (Copied, error) {
	c := d.copier(limits, false)
	return c.file(d, name, name, to)
}

// CopyTree copies a directory below d to a path that does not exist. It returns an error if
// anything in the directory is neither a directory nor a regular file, or exceeds the
// limits; then it leaves nothing.
func (d *Dir) CopyTree(name, to string, limits Limits) ([]Copied, error) {
	return d.copyTree(name, to, d.copier(limits, false))
}

// CopyRoot copies the root filesystem of an image like CopyTree, but keeps symbolic links
// as they are and all permissions. It skips devices, sockets and FIFOs, which images for a
// sandbox do not need. The copy must be read without following links.
func (d *Dir) CopyRoot(name, to string, limits Limits) ([]Copied, error) {
	return d.copyTree(name, to, d.copier(limits, true))
}

func (d *Dir) copyTree(name, to string, c *copier) ([]Copied, error) {
	from, err := d.Dir(name)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	if err := os.Mkdir(to, 0o755); err != nil {
		return nil, err
	}
	if err := c.dir(from, ".", to, 0); err != nil {
		var found *Refused
		if errors.As(err, &found) { // relative to d, as in all other errors
			found.Path = path.Join(name, found.Path)
		}
		return nil, errors.Join(err, RemoveAll(to))
	}
	return c.files, nil
}

// copier copies one file or tree.
type copier struct {
	ctx   context.Context
	count Count
	root  bool // copy an image's root filesystem
	files []Copied
}

func (d *Dir) copier(limits Limits, root bool) *copier {
	c := &copier{ctx: d.ctx, count: Count{Limits: limits}, root: root}
	if c.ctx == nil {
		c.ctx = context.Background()
	}
	return c
}

// dir copies the entries of a directory. rel is the directory's path relative to what is
// copied.
func (c *copier) dir(d *Dir, rel, to string, depth int) error {
	return d.each(rel, depth, func(name string, st *unix.Stat_t) error {
		so, place := path.Join(rel, name), filepath.Join(to, name)
		kind := kindOf(st)
		if kind != unix.S_IFREG { // a regular file is counted once it is open
			if err := c.count.Add(so, 0); err != nil {
				return err
			}
		}
		switch {
		case kind == unix.S_IFDIR:
			sub, err := d.Dir(name)
			if err != nil {
				return err
			}
			defer sub.Close()
			if err := os.Mkdir(place, 0o755); err != nil {
				return err
			}
			if err := c.dir(sub, so, place, depth+1); err != nil || !c.root {
				return err
			}
			return os.Chmod(place, os.FileMode(st.Mode).Perm()|0o700)
		case kind == unix.S_IFREG:
			f, err := c.file(d, name, so, place)
			c.files = append(c.files, f)
			return err
		case kind == unix.S_IFLNK && c.root:
			target, err := d.readlink(name)
			if err != nil {
				return err
			}
			return os.Symlink(target, place)
		case c.root:
			return nil
		}
		return &Refused{Path: so, Found: d.kind(name), Want: "regular files and directories alone"}
	})
}

// file copies one regular file of d. so is its path in errors.
func (c *copier) file(d *Dir, name, so, to string) (Copied, error) {
	in, err := d.File(name)
	if err != nil {
		return Copied{}, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return Copied{}, err
	}
	if err := c.count.Add(so, info.Size()); err != nil {
		return Copied{}, err
	}
	mode := info.Mode().Perm()
	if !c.root {
		mode &^= 0o022
	}
	f, err := write(c.ctx, in, to, mode, info.Size())
	if f.Path = so; err != nil {
		return f, fmt.Errorf("copying %q: %w", so, err)
	}
	return f, nil
}

// write writes the content of in, which must have the given size, to a new file, in which zeros
// become holes.
func write(ctx context.Context, in io.Reader, to string, mode os.FileMode, size int64) (f Copied, err error) {
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return f, err
	}
	sum := sha256.New()
	f.Size, err = copySparse(ctx, out, sum, io.LimitReader(in, size+1))
	if err == nil && f.Size != size {
		err = fmt.Errorf("it had %d bytes and now has %d or more: something is writing to it", size, f.Size)
	}
	if err == nil {
		err = out.Chmod(mode | 0o400)
	}
	if closing := out.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return f, errors.Join(err, os.Remove(to))
	}
	f.SHA256 = [sha256.Size]byte(sum.Sum(nil))
	return f, nil
}
