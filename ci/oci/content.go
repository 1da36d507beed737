package oci

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"dagger/slipway/ci/dist"
)

// content writes the content of a layer, the same bytes on every call.
type content func(w io.Writer) error

// bytesOf returns a file's content.
func bytesOf(file string) content {
	return func(w io.Writer) error {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(w, f)
		return err
	}
}

// archive returns a tar archive with a file as name. The file is executable, as cargo creates
// it and as shims expect it.
func archive(file, name string) content {
	return func(w io.Writer) error {
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		open := func() (io.ReadCloser, error) { return os.Open(file) }
		return dist.WriteTar(w, []dist.Entry{{Name: name, Executable: true, Size: info.Size(), Open: open}})
	}
}

// gzipped returns the content compressed with the same gzip settings as the release's tarballs.
func (c content) gzipped() content {
	return func(w io.Writer) error {
		z, err := dist.NewGzip(w)
		if err != nil {
			return err
		}
		defer z.Reset(io.Discard)
		if err := c(z); err != nil {
			return err
		}
		return z.Close()
	}
}

// digest returns the content's SHA-256 and size in bytes.
func (c content) digest() (v1.Hash, int64, error) {
	r := c.open()
	defer r.Close()
	return v1.SHA256(r)
}

// open returns a reader of the content. The caller must close it.
func (c content) open() io.ReadCloser {
	r, w := io.Pipe()
	go func() { _ = w.CloseWithError(c(w)) }()
	return r
}

// unchanged reads content and, at the end, compares its digest with the one taken when the
// layer was made, because the file may have been modified since.
type unchanged struct {
	io.ReadCloser
	name string
	want v1.Hash
	sum  hash.Hash
}

func (c content) openUnchanged(name string, want v1.Hash) io.ReadCloser {
	return &unchanged{c.open(), name, want, sha256.New()}
}

func (u *unchanged) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	u.sum.Write(p[:n])
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	if got := hex.EncodeToString(u.sum.Sum(nil)); got != u.want.Hex {
		return n, fmt.Errorf("reading %q again: its layer is sha256:%s, but was %s; is something still writing it?", u.name, got, u.want)
	}
	return n, err
}
