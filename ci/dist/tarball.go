// Package dist writes the files that a release ships: a tarball for each target
// and the SHA256SUMS over them. The same input gives the same bytes on any machine.
package dist

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Entry is a file to put into a tarball.
type Entry struct {
	Name       string // a file name without a folder
	Executable bool   // mode 0755 instead of 0644
	Size       int64  // in bytes, as Open's reader gives them
	Open       func() (io.ReadCloser, error)
}

// WriteTarball writes entries to w as a gzipped tar archive. Its bytes depend on
// the entries' names, modes and contents alone: they are sorted by name, belong to
// uid and gid 0 without user names, and date from the epoch, in POSIX.1-1988
// format (ustar). Memory does not grow with their size.
//
// It is an error when there are no entries, two have the same name, a name is over
// 100 bytes long or holds more than letters, digits and ._+- (no folder, no hidden
// file), or a size is not the true one, or is 0: a release ships no empty file.
// After an error w holds the beginning of a tarball, to be thrown away.
func WriteTarball(w io.Writer, entries []Entry) error {
	zw, err := NewGzip(w)
	if err != nil {
		return fmt.Errorf("writing tarball: %w", err)
	}
	defer zw.Reset(io.Discard) // ends pgzip's goroutines after an error
	if err := WriteTar(zw, entries); err != nil {
		return err
	}
	if err := zw.Close(); err != nil {
		return fmt.Errorf("writing tarball: %w", err)
	}
	return nil
}

// WriteTar writes the tar archive of WriteTarball, not compressed.
func WriteTar(w io.Writer, entries []Entry) error {
	sorted, err := sortEntries(entries)
	if err != nil {
		return err
	}
	tw := tar.NewWriter(w)
	for _, e := range sorted {
		if err := e.write(tw); err != nil {
			return fmt.Errorf("writing %q into the tarball: %w", e.Name, err)
		}
	}
	if err := tw.Close(); err != nil {
		return fmt.Errorf("writing tarball: %w", err)
	}
	return nil
}

// sortEntries returns entries in the order of the tarball, or says what is wrong
// with them.
func sortEntries(entries []Entry) ([]Entry, error) {
	if len(entries) == 0 {
		return nil, errors.New("writing tarball: there is nothing to put into it; expected at least the binary")
	}
	sorted := slices.SortedFunc(slices.Values(entries), func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	for i, e := range sorted {
		if err := CheckName(e.Name); err != nil {
			return nil, fmt.Errorf("writing tarball: %w", err)
		}
		if i > 0 && e.Name == sorted[i-1].Name {
			return nil, fmt.Errorf("writing tarball: two files have the name %q; give one of them another", e.Name)
		}
		if e.Size < 1 || e.Size > maxSize {
			return nil, fmt.Errorf("writing tarball: %q has %d bytes; expected 1 to %d, was it built?", e.Name, e.Size, int64(maxSize))
		}
	}
	return sorted, nil
}

// The limits of a ustar header: 100 bytes of name, 11 octal digits of size.
const (
	maxName = 100
	maxSize = 1<<33 - 1
)

// fileName is what GitHub takes as an asset's name without changing it, and what
// neither a shell nor a command in it takes for anything but a file.
var fileName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9._+-]*[A-Za-z0-9_+-])?$`)

// CheckName returns an error unless name is the plain name of a file: 1 to 100
// ASCII letters, digits and ._+-, no dot or hyphen first, no dot last (Windows
// drops it), no two dots together. The error quotes what it shows of name.
func CheckName(name string) error {
	switch {
	case name == "":
		return errors.New("a file has no name; expected one")
	case len(name) > maxName:
		return fmt.Errorf("the file name %+.32q... has %d bytes; expected at most %d", name, len(name), maxName)
	case strings.ContainsAny(name, `/\`) || strings.Contains(name, ".."):
		return fmt.Errorf("the file name %+q leads to a folder; expected the name alone, a tarball is flat", name)
	case !fileName.MatchString(name):
		return fmt.Errorf("the file name %+q is not plain; expected letters, digits and ._+- only, no dot or hyphen first and no dot last", name)
	}
	return nil
}

// write copies e to tw, all of it and no more.
func (e Entry) write(tw *tar.Writer) (err error) {
	r, err := e.Open()
	if err != nil {
		return err
	}
	defer func() {
		if closing := r.Close(); err == nil {
			err = closing
		}
	}()
	header := &tar.Header{
		Typeflag: tar.TypeReg,
		Name:     e.Name,
		Size:     e.Size,
		Mode:     0o644,
		ModTime:  time.Unix(0, 0),
		Format:   tar.FormatUSTAR,
	}
	if e.Executable {
		header.Mode = 0o755
	}
	if err := tw.WriteHeader(header); err != nil {
		return err
	}
	n, err := io.CopyN(tw, r, e.Size)
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("it ends after %d bytes; expected %d, is something still writing it?", n, e.Size)
	} else if err != nil {
		return err
	}
	more, err := io.CopyN(io.Discard, r, 1)
	if more > 0 {
		return fmt.Errorf("it goes on after %d bytes; expected that to be all, is something still writing it?", e.Size)
	} else if !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}
