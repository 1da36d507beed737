// Package sourcefs reads the files of a workspace, which are untrusted input. Planning opens
// files only through it. It never leaves the workspace root, whatever links there are; it only
// opens regular files, so that a FIFO or a device can neither block a read nor deliver endless
// data; it limits how much is read; and every call returns when its context is done.
package sourcefs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Limits on the bytes of a file, the entries of a directory, and the depth of a path, as walking
// a tree opens each file from the root.
const (
	MaxFile    = 32 << 20
	MaxEntries = 1 << 18
	MaxDepth   = 128
)

// FS is a directory tree that is only read beneath its root. It implements the interfaces of
// [io/fs] for reading.
type FS struct {
	ctx    context.Context // methods of io/fs take no context
	root   *os.Root
	prefix string // the directory that names are relative to, "" for the root
}

var (
	_ fs.ReadFileFS = (*FS)(nil)
	_ fs.ReadDirFS  = (*FS)(nil)
	_ fs.StatFS     = (*FS)(nil)
	_ fs.ReadLinkFS = (*FS)(nil)
	_ fs.SubFS      = (*FS)(nil)
)

// Open opens the tree with root dir. dir itself may be a link, as the caller chose it. Calls fail
// with ctx's cause once ctx is done.
func Open(ctx context.Context, dir string) (*FS, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the directory %q: %w", dir, cause(err))
	}
	return &FS{ctx: ctx, root: root}, nil
}

// OpenBelow opens the tree with root dir for names relative to a directory in it. Such a name may
// begin with "..", but must not leave the root; [io/fs] has no such names.
func OpenBelow(ctx context.Context, dir, prefix string) (*FS, error) {
	if prefix != "" && !fs.ValidPath(prefix) {
		return nil, fmt.Errorf("opening the directory %q: %q is no path in it", dir, prefix)
	}
	f, err := Open(ctx, dir)
	if err == nil {
		f.prefix = prefix
	}
	return f, err
}

// Prefix returns the path from the root to the directory that names are relative to, "" for the
// root itself.
func (f *FS) Prefix() string { return f.prefix }

// at returns the name's path relative to the root. It returns false for one that leads out.
func (f *FS) at(name string) (string, bool) {
	full := name
	if f.prefix != "" && path.Clean(name) == name && !path.IsAbs(name) {
		full = path.Join(f.prefix, name)
	}
	return filepath.FromSlash(full), fs.ValidPath(full)
}

// Open implements [fs.FS]. It opens regular files and directories.
func (f *FS) Open(name string) (fs.File, error) {
	info, err := f.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		at, _ := f.at(name)
		file, err := f.root.Open(at)
		return file, f.explain("open", name, err)
	}
	file, err := f.regular(name)
	if err != nil {
		return nil, err
	}
	return &bounded{file: file, fsys: f, name: name, left: MaxFile}, nil
}

// regular opens a regular file, and never blocks on anything else.
func (f *FS) regular(name string) (*os.File, error) {
	at, valid := f.at(name)
	if !valid {
		return nil, f.explain("open", name, fs.ErrInvalid)
	}
	info, err := f.Stat(name) // opening a device may have an effect, so check first
	if err == nil && !info.Mode().IsRegular() {
		err = f.explain("open", name, notRegular(info.Mode()))
	}
	if err != nil {
		return nil, err
	}
	file, err := f.root.OpenFile(at, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, f.explain("open", name, err)
	}
	info, err = file.Stat() // check what was opened, as the file may have been replaced
	if err == nil && !info.Mode().IsRegular() {
		err = notRegular(info.Mode())
	}
	if err != nil {
		return nil, f.explain("open", name, errors.Join(err, file.Close()))
	}
	return file, nil
}

// ReadFile reads a whole regular file of at most MaxFile bytes.
func (f *FS) ReadFile(name string) ([]byte, error) {
	file, err := f.regular(name)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(&bounded{file: file, fsys: f, name: name, left: MaxFile})
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	return raw, nil
}

// ReadDir returns the entries of a directory, at most MaxEntries, sorted by name.
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	info, err := f.Stat(name)
	if err == nil && !info.IsDir() {
		err = f.explain("readdir", name, syscall.ENOTDIR)
	}
	if err != nil {
		return nil, err
	}
	at, _ := f.at(name)
	dir, err := f.root.Open(at)
	if err != nil {
		return nil, f.explain("readdir", name, err)
	}
	defer dir.Close()
	var list []fs.DirEntry
	for {
		if err := f.done("readdir", name); err != nil {
			return nil, err
		}
		some, err := dir.ReadDir(4096)
		list = append(list, some...)
		switch {
		case len(list) > MaxEntries:
			return nil, f.explain("readdir", name, fmt.Errorf("it has more than %d entries", MaxEntries))
		case errors.Is(err, io.EOF):
			slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
			return list, nil
		case err != nil:
			return nil, f.explain("readdir", name, err)
		}
	}
}

// Stat describes the file that a name leads to beneath the root.
func (f *FS) Stat(name string) (fs.FileInfo, error) { return f.look("stat", name, f.root.Stat) }

// Lstat describes a name itself, even if it is a link.
func (f *FS) Lstat(name string) (fs.FileInfo, error) { return f.look("lstat", name, f.root.Lstat) }

func (f *FS) look(op, name string, do func(string) (os.FileInfo, error)) (fs.FileInfo, error) {
	if err := f.done(op, name); err != nil {
		return nil, err
	}
	at, valid := f.at(name)
	if !valid {
		return nil, f.explain(op, name, fs.ErrInvalid)
	}
	if strings.Count(name, "/") >= MaxDepth {
		return nil, f.explain(op, name, fmt.Errorf("it is nested in more than %d directories, expected fewer", MaxDepth))
	}
	info, err := do(at)
	return info, f.explain(op, name, err)
}

// ReadLink returns the target of a link as written.
func (f *FS) ReadLink(name string) (string, error) {
	if err := f.done("readlink", name); err != nil {
		return "", err
	}
	at, valid := f.at(name)
	if !valid {
		return "", f.explain("readlink", name, fs.ErrInvalid)
	}
	to, err := f.root.Readlink(at)
	return to, f.explain("readlink", name, err)
}

// Sub opens a subdirectory as its own tree, whose links must not leave it either.
func (f *FS) Sub(dir string) (fs.FS, error) {
	if _, err := f.Stat(dir); err != nil {
		return nil, err
	}
	at, _ := f.at(dir)
	root, err := f.root.OpenRoot(at)
	if err != nil {
		return nil, f.explain("open", dir, err)
	}
	return &FS{ctx: f.ctx, root: root}, nil
}

// Close closes the tree.
func (f *FS) Close() error { return f.root.Close() }

func (f *FS) done(op, name string) error {
	if f.ctx.Err() != nil {
		return f.explain(op, name, context.Cause(f.ctx))
	}
	return nil
}
