// Package beneath reads and copies files out of a directory that somebody else wrote:
// what a sandbox left, a directory of artifacts that was handed over, a workspace.
//
// A name in such a directory may be anything: a symbolic link to slipway's own
// /proc/self/environ, a FIFO that never ends, a file of 8 EiB that takes no space.
// So one rule holds for every name that is given to this package: it is resolved below
// an open directory and through directories alone, never through a link of any kind
// (openat2(2) with RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS and
// RESOLVE_NO_XDEV; where the kernel lacks it, openat(2) with O_NOFOLLOW for each part);
// it names a regular file, which fstat(2) says of what was opened; and its size is
// bounded before a byte is read. [os.Root] follows links that stay inside, which would
// let a build script choose which of its files is shipped under which name.
//
// A hard link cannot lead outside: link(2) refuses to cross mounts, and every directory
// that a sandbox can write to is a mount of its own. Inside an output cargo makes them
// itself. So they count as the files that they are, and what is copied has one name.
package beneath

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"

	"golang.org/x/sys/unix"
)

// Dir is an open directory, below which names are resolved. Names are as [fs.ValidPath]
// wants them, and "." is the directory itself. It is an [fs.FS] of directories and
// regular files: whatever else is there can be listed, not opened.
type Dir struct {
	f *os.File
}

// OpenDir opens a directory by a path that is trusted: links in it are followed.
func OpenDir(name string) (*Dir, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	return &Dir{f}, nil
}

// Close closes the directory.
func (d *Dir) Close() error { return d.f.Close() }

// Open is [fs.FS]'s.
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
	return &Dir{f}, nil
}

// File opens a regular file below d for reading.
func (d *Dir) File(name string) (*os.File, error) {
	if err := d.Check(name, false); err != nil { // opening a device can do something
		return nil, err
	}
	f, err := d.open(name, unix.O_RDONLY|unix.O_NOCTTY)
	if err != nil {
		return nil, d.explain(name, wantFile, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() { // it was replaced meanwhile
		err = &Refused{Path: name, Found: "is no regular file any more", Want: wantFile}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Check returns an error unless the name is that of a regular file or, for dir, of a
// directory: a [Refused] where it is something else, one that wraps [fs.ErrNotExist]
// where nothing is there.
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

// Read returns the content of a regular file below d. One of more bytes than limit is
// refused, and not read.
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
	if int64(len(raw)) > limit { // it grew, or is of a file system that does not say
		return nil, tooLarge(name, int64(len(raw)), limit)
	}
	return raw, nil
}

// ReadFile is [Dir.Read] of a path whose directory is trusted and whose last part is not.
func ReadFile(name string, limit int64) ([]byte, error) {
	f, err := OpenFile(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return read(f, name, limit)
}

// OpenFile is [Dir.File] of a path whose directory is trusted and whose last part is not.
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

// open opens what a name says, whatever it is, unless a link is on the way or at its end.
func (d *Dir) open(name string, flags int) (*os.File, error) {
	if !fs.ValidPath(name) {
		return nil, unix.EINVAL
	}
	dir := int(d.f.Fd())
	defer runtime.KeepAlive(d.f)
	flags |= unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC
	fd, err := openat2(dir, name, flags)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) { // an old kernel, or a filter that does not know it
		fd, err = openParts(dir, name, flags)
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

// stat is lstat(2) of a name below d.
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

// kindOf is the kind of file that a status is of, as one of unix.S_IF….
func kindOf(st *unix.Stat_t) uint32 { return uint32(st.Mode) & unix.S_IFMT }

// again calls a system call until no signal interrupts it.
func again(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
