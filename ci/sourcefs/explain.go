package sourcefs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// ErrOutside is the error for a name that leads outside the root, through a link or "..".
var ErrOutside = errors.New("it leads outside the workspace: a release is built only from the workspace; replace it with the file")

// ErrNotRegular is wrapped by errors about something that is neither a regular file nor a
// directory.
var ErrNotRegular = errors.New("not a regular file")

// escapes is the text of [os.Root]'s error for such a name, which is not exported.
const escapes = "path escapes from parent"

// explain returns err as the error of one operation on one name.
func (f *FS) explain(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: name, Err: cause(err)}
}

// cause returns the error without the wrappers that name files, because the caller names them.
func cause(err error) error {
	var at *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &at):
		err = at.Err
	case errors.As(err, &link):
		err = link.Err
	}
	if err.Error() == escapes {
		return ErrOutside
	}
	return err
}

func notRegular(mode fs.FileMode) error {
	kind := "of an unknown kind"
	switch {
	case mode.IsDir():
		kind = "a directory"
	case mode&fs.ModeNamedPipe != 0:
		kind = "a FIFO"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	case mode&fs.ModeDevice != 0:
		kind = "a device"
	}
	return fmt.Errorf("%w: it is %s: replace it with a file", ErrNotRegular, kind)
}

// bounded is a file that only allows a limited number of bytes to be read, and only until its
// tree's context is done.
type bounded struct {
	file *os.File // not embedded, because its other read methods have no limit
	fsys *FS
	name string
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if err := b.fsys.done("read", b.name); err != nil {
		return 0, err
	}
	n, err := b.file.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, b.fsys.explain("read", b.name, fmt.Errorf("it has more than %d bytes", MaxFile))
	}
	return n, err
}

// Stat implements [fs.File].
func (b *bounded) Stat() (fs.FileInfo, error) { return b.file.Stat() }

// Close implements [fs.File].
func (b *bounded) Close() error { return b.file.Close() }
