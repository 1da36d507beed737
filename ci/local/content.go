package local

import (
	"context"
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// chunk is how many bytes are copied before looking at the context again.
const chunk = 64 << 20

// copyContent copies the content of in to out, an empty file, until ctx ends. Only data is copied,
// so that what takes no room in one takes none in the other.
func copyContent(ctx context.Context, out, in *os.File) error {
	info, err := in.Stat()
	if err != nil {
		return err
	}
	for at := int64(0); at < info.Size(); {
		from, to, err := data(in, at, info.Size())
		if err != nil {
			return err
		}
		if err := copyRange(ctx, out, in, from, to); err != nil {
			return err
		}
		at = to
	}
	return out.Truncate(info.Size())
}

// data returns where the next data of a file begins and ends, both size if only a hole is left
// (SEEK_DATA in lseek(2)). A file system without holes has data everywhere.
func data(f *os.File, at, size int64) (from, to int64, err error) {
	from, err = f.Seek(at, unix.SEEK_DATA)
	if errors.Is(err, unix.ENXIO) {
		return size, size, nil
	}
	if errors.Is(err, unix.EINVAL) {
		return at, size, nil
	}
	if err == nil {
		to, err = f.Seek(from, unix.SEEK_HOLE)
	}
	return min(from, size), min(to, size), err
}

// copyRange copies the bytes of in from one offset up to another to the same place of out, which the
// kernel can do by itself.
func copyRange(ctx context.Context, out, in *os.File, from, to int64) error {
	for _, f := range []*os.File{in, out} {
		if _, err := f.Seek(from, io.SeekStart); err != nil {
			return err
		}
	}
	for from < to {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		n, err := io.CopyN(out, in, min(to-from, chunk))
		if err != nil {
			return err
		}
		from += n
	}
	return nil
}

// during reads until ctx ends.
type during struct {
	ctx context.Context
	r   io.Reader
}

func (d during) Read(p []byte) (int, error) {
	if err := context.Cause(d.ctx); err != nil {
		return 0, err
	}
	return d.r.Read(p)
}
