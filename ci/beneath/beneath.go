// Package beneath reads and copies files from a directory that someone else wrote: the
// output of a sandbox, a directory of prebuilt artifacts, a workspace.
//
// A name in such a directory may be anything: a symbolic link to slipway's own
// /proc/self/environ, a FIFO that never ends, a sparse file of 8 EiB. So every name is
// resolved below an open directory and through directories only, never through a link of
// any kind (openat2(2) with RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS and
// RESOLVE_NO_XDEV; on kernels without it, openat(2) with O_NOFOLLOW for each part). It must
// be a regular file according to fstat(2) of the open file, and its size is checked before
// anything is read. [os.Root] follows links that stay inside the directory, which would let
// a build script choose which of its files is shipped under which name.
//
// A hard link cannot lead outside: link(2) does not cross mounts, and every directory that
// a sandbox can write to is a mount of its own. cargo itself makes hard links in its
// output, so they are treated as regular files, and each copy is a file of its own.
package beneath

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"

	"golang.org/x/sys/unix"
)

// Dir is an open directory below which names are resolved. Names must be valid for
// [fs.ValidPath]; "." is the directory itself. It implements [fs.FS] for directories and
// regular files: anything else can be listed but not opened.
type Dir struct {
	f   *os.File
	ctx context.Context // ends copies; nil for none
}

// OpenDir opens a directory by a trusted path: symbolic links in it are followed.
func OpenDir(name string) (*Dir, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	return &Dir{f: f}, nil
}

// During returns the same directory, whose copies are ended when ctx ends. Closing either closes
// both.
func (d *Dir) During(ctx context.Context) *Dir { return &Dir{f: d.f, ctx: ctx} }

// Close closes the directory.
func (d *Dir) Close() error { return d.f.Close() }

// Open implements [fs.FS].
func (d *Dir) Open(name string) (fs.File, error) {
	st, err := d.stat(name)
	if err != nil {
		return nil, err
	}
	if kindOf(st) == unix.S_IFDIR {
		sub, err := d.Dir(name)
		if err != nil {
			return nil, err
		}
		return sub.f, nil
	}
	return d.File(name)
}

// Dir opens a directory below d.
func (d *Dir) Dir(name string) (*Dir, error) {
	f, err := d.open(name, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return nil, d.explain(name, wantDir, err)
	}
	return &Dir{f: f}, nil
}

// File opens a regular file below d for reading.
func (d *Dir) File(name string) (*os.File, error) {
	if err := d.Check(name, false); err != nil { // checked first because merely opening a device can have effects
		return nil, err
	}
	f, err := d.open(name, unix.O_RDONLY|unix.O_NOCTTY)
	if err != nil {
		return nil, d.explain(name, wantFile, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() { // replaced in the meantime
		err = &Refused{Path: name, Found: "is no longer a regular file", Want: wantFile}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Check returns an error unless name is a regular file, or a directory if dir is set. The
// error is a [Refused] if it is something else, and wraps [fs.ErrNotExist] if there is
// nothing.
func (d *Dir) Check(name string, dir bool) error {
	st, err := d.stat(name)
	if err != nil {
		return err
	}
	switch kind := kindOf(st); {
	case dir && kind != unix.S_IFDIR:
		return d.explain(name, wantDir, unix.ENOTDIR)
	case !dir && kind != unix.S_IFREG:
		return d.explain(name, wantFile, unix.EINVAL)
	}
	return nil
}

// Read returns the content of a regular file below d. A file of more than limit bytes is
// refused without reading it.
func (d *Dir) Read(name string, limit int64) ([]byte, error) {
	f, err := d.File(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return read(f, name, limit)
}

func read(f *os.File, name string, limit int64) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, tooLarge(name, info.Size(), limit)
	}
	raw, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	if int64(len(raw)) > limit { // it grew, or its file system does not report sizes
		return nil, tooLarge(name, int64(len(raw)), limit)
	}
	return raw, nil
}

// ReadFile is like [Dir.Read] for a path whose directory is trusted but whose last element
// is not.
func ReadFile(name string, limit int64) ([]byte, error) {
	f, err := OpenFile(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return read(f, name, limit)
}

// OpenFile is like [Dir.File] for a path whose directory is trusted but whose last element
// is not.
func OpenFile(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, explainPath(name, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = explainPath(name, unix.EINVAL)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// open opens a name of any file type. It returns an error if the name leads through a link
// or is one.
func (d *Dir) open(name string, flags int) (*os.File, error) {
	if !fs.ValidPath(name) {
		return nil, unix.EINVAL
	}
	dir := int(d.f.Fd())
	defer runtime.KeepAlive(d.f)
	flags |= unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC
	fd, err := openat2(dir, name, flags)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) { // an old kernel, or a seccomp filter that does not know the call
		fd, err = openParts(dir, name, flags)
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

// stat calls lstat(2) for a name below d.
func (d *Dir) stat(name string) (*unix.Stat_t, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	var st unix.Stat_t
	at, base := d, path.Base(name)
	if parent := path.Dir(name); parent != "." {
		p, err := d.Dir(parent)
		if err != nil {
			return nil, err
		}
		defer p.Close()
		at = p
	}
	err := again(func() error { return unix.Fstatat(int(at.f.Fd()), base, &st, unix.AT_SYMLINK_NOFOLLOW) })
	runtime.KeepAlive(at.f)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return &st, nil
}

// kindOf returns the file type of a status, one of unix.S_IF….
func kindOf(st *unix.Stat_t) uint32 { return uint32(st.Mode) & unix.S_IFMT }

// again repeats a system call while it is interrupted by signals.
func again(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
