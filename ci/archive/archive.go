// Package archive reads a release tarball from an untrusted source in order to verify it:
// a gzipped tar archive of regular files without directories (the binary, and its
// signature, certificate and bundle).
//
// Readers of tar archives disagree: about headers that override others, data after an end,
// and which of two entries with the same name wins. A signature verified with one reader
// then says nothing about the file that another one unpacks. So this package parses the
// 512-byte blocks of the POSIX.1-1988 format (ustar) itself, and refuses anything that can
// be read in more than one way; archive/tar would silently pick one.
package archive

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	"dagger/slipway/ci/quote"
)

// Limits bounds what a tarball may contain. A limit of 0 lets nothing through.
type Limits struct {
	Entries int
	Entry   int64 // bytes of one entry
	Total   int64 // bytes of the tar stream, headers and padding included
	Ratio   int64 // unpacked bytes per compressed byte, after the first MiB
}

// ReleaseLimits returns limits wide enough for any release: a file on GitHub is smaller
// than 2 GiB (GitHub Docs, "About releases"), and machine code compresses to between a half
// and a tenth of its size.
func ReleaseLimits() Limits {
	return Limits{Entries: 64, Entry: 2 << 30, Total: 4 << 30, Ratio: 100}
}

// Entry is a file read from a tarball.
type Entry struct {
	Name       string // a valid name for dist.CheckName
	Executable bool   // its owner may execute it
	Size       int64  // in bytes
	SHA256     [sha256.Size]byte
}

// Read unpacks the tarball r into dir, which must be an empty directory, and returns its
// files in the tarball's order. A file gets mode 0755 if its owner may execute it, else
// 0644; owners and times are not kept. Nothing outside dir is touched, nothing is
// overwritten, and memory use does not depend on sizes.
//
// It accepts the ustar headers of POSIX and of GNU tar, and extended headers (POSIX.1-2001,
// pax) that do not change a name or a size. It refuses a tarball with anything else, or one
// that exceeds the limits, as a whole: the error wraps a Reason and names the entry, and
// dir is empty again.
//
// Names that differ only in case count as the same name, because on the file systems of
// macOS and Windows the second entry would replace the first.
func Read(r io.Reader, dir string, limits Limits) ([]Entry, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("reading tarball: opening the directory to unpack it into: %w", err)
	}
	defer root.Close()
	if err := checkEmpty(root); err != nil {
		return nil, fmt.Errorf("reading tarball: directory %s: %w", quote.Line(dir), err)
	}
	u := unpacker{root: root, limits: limits, folded: map[string]string{}}
	err = u.unpack(r)
	if err == nil && len(u.entries) == 0 {
		err = fmt.Errorf("%w; expected at least the binary", ErrEmpty)
	}
	if err != nil {
		for _, e := range u.entries {
			err = errors.Join(err, root.Remove(e.Name))
		}
		return nil, fmt.Errorf("reading tarball: %w", err)
	}
	return u.entries, nil
}

func checkEmpty(root *os.Root) error {
	dir, err := root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(1)
	if len(names) > 0 {
		return fmt.Errorf("it has %s; expected an empty one", quote.Line(names[0]))
	}
	if !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}
