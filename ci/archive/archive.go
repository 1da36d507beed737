// Package archive reads a release tarball that somebody else has made, in order to
// verify it: a gzipped tar archive of plain files without folders (the binary, and
// its signature, certificate and bundle).
//
// Readers of tar archives disagree: on headers that override others, on what
// stands behind an end, on who wins of two entries of one name. A signature that
// one reader verifies then says nothing about the file that another unpacks. So
// this one reads the 512-byte blocks of the POSIX.1-1988 format (ustar) itself, and
// refuses whatever has a second reading; archive/tar would decide in silence.
package archive

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	"dagger/slipway/ci/quote"
)

// Limits are what a tarball may have at most. A limit of 0 lets nothing through.
type Limits struct {
	Entries int
	Entry   int64 // bytes of one entry
	Total   int64 // bytes of the tar stream, headers and padding included
	Ratio   int64 // unpacked bytes for each packed one, after the first MiB
}

// ReleaseLimits are wide for any release: a file on GitHub is under 2 GiB (GitHub
// Docs, "About releases"), and machine code becomes a half to a tenth of its size.
func ReleaseLimits() Limits {
	return Limits{Entries: 64, Entry: 2 << 30, Total: 4 << 30, Ratio: 100}
}

// Entry is a file that was read out of a tarball.
type Entry struct {
	Name       string // as dist.CheckName wants it
	Executable bool   // by its owner
	Size       int64  // in bytes
	SHA256     [sha256.Size]byte
}

// Read unpacks the tarball r into dir, which must be an empty directory, and
// returns its files in the tarball's order. They get mode 0755 when their owner may
// execute them, else 0644; owners and times are not kept. Nothing outside dir is
// touched, nothing is written over, and memory does not grow with sizes.
//
// It takes the ustar headers of POSIX and of GNU tar, and extended headers
// (POSIX.1-2001, pax) that say nothing new of name and size. A tarball that has
// anything else, or more than limits, is refused as a whole: the error wraps a
// Reason and names the entry, and dir is empty again.
//
// Two names that differ in case alone are taken for one, because they are on the
// file systems of macOS and Windows, where the second entry would replace the first.
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
