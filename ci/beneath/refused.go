package beneath

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"dagger/slipway/ci/quote"
)

// Refused is the error for a file that exists but is not of the expected kind or size.
type Refused struct {
	Path  string // relative to the directory, or as the caller gave it
	Found string // "is a symbolic link to …", "has 12 bytes"
	Want  string // "a regular file"
	Limit bool   // it exceeds a limit
}

func (e *Refused) Error() string { return fmt.Sprintf("%q %s, expected %s", e.Path, e.Found, e.Want) }

const (
	wantFile = "a regular file"
	wantDir  = "a directory"
)

// explain returns an error that says which part of a name could not be opened, and what it
// is. It only words the error: opening has already failed.
func (d *Dir) explain(name, want string, err error) error {
	if !fs.ValidPath(name) {
		return &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	at := d
	parts := strings.Split(name, "/")
	for i, part := range parts {
		last, so := i == len(parts)-1, path.Join(parts[:i+1]...)
		found := at.kind(part)
		if found != "" && !(found == isDir && (!last || want == wantDir)) && !(last && found == isFile && want == wantFile) {
			if !last {
				want = wantDir
			}
			return &Refused{Path: so, Found: found, Want: want}
		}
		if last || found == "" {
			break
		}
		next, nextErr := at.Dir(part)
		if nextErr != nil {
			break
		}
		defer next.Close()
		at = next
	}
	if errors.Is(err, unix.EXDEV) {
		return &Refused{Path: name, Found: "is on another file system, or outside", Want: want}
	}
	return &fs.PathError{Op: "open", Path: name, Err: err}
}

// explainPath does the same for a path.
func explainPath(name string, err error) error {
	d, opening := OpenDir(filepath.Dir(name))
	if opening != nil {
		return opening
	}
	defer d.Close()
	err = d.explain(filepath.Base(name), wantFile, err)
	var refused *Refused
	var other *fs.PathError
	switch {
	case errors.As(err, &refused):
		refused.Path = name
	case errors.As(err, &other):
		other.Path = name
	}
	return err
}

const (
	isDir  = "is a directory"
	isFile = "is a regular file"
)

// kind describes what a name in d is, "" if that is unknown.
func (d *Dir) kind(name string) string {
	var st unix.Stat_t
	err := again(func() error { return unix.Fstatat(int(d.f.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	defer runtime.KeepAlive(d.f)
	if err != nil {
		return ""
	}
	switch kindOf(&st) {
	case unix.S_IFREG:
		return isFile
	case unix.S_IFDIR:
		return isDir
	case unix.S_IFLNK:
		target, err := d.readlink(name)
		if err != nil {
			return "is a symbolic link"
		}
		return "is a symbolic link to " + quote.Line(target)
	case unix.S_IFIFO:
		return "is a FIFO"
	case unix.S_IFSOCK:
		return "is a socket"
	case unix.S_IFBLK, unix.S_IFCHR:
		return "is a device"
	}
	return "is of an unknown kind"
}

// readlink returns the target of a link in d.
func (d *Dir) readlink(name string) (string, error) {
	target := make([]byte, unix.PathMax)
	defer runtime.KeepAlive(d.f)
	n, err := unix.Readlinkat(int(d.f.Fd()), name, target)
	if err != nil {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: err}
	}
	return string(target[:n]), nil
}
