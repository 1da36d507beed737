// Package dist writes the files that a release ships: a tarball for each target and their
// SHA256SUMS. The same input gives the same bytes on any machine.
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
	Name       string // a file name without a directory
	Executable bool   // mode 0755 instead of 0644
	Size       int64  // in bytes; Open's reader must return exactly as many
	Open       func() (io.ReadCloser, error)
}

// WriteTarball writes entries to w as a gzipped tar archive. The output depends only on
// their names, modes and contents: entries are sorted by name, belong to uid and gid 0
// without user names, and are dated at the epoch, in POSIX.1-1988 format (ustar). Memory
// use does not depend on their size.
//
// It returns an error if there are no entries, if two have the same name, if a name is
// longer than 100 bytes or contains anything but letters, digits and ._+- (no directory, no
// hidden file), or if a size is wrong or 0: a release ships no empty files. After an error
// w has an incomplete tarball, which must be discarded.
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

// WriteTar writes the tar archive of WriteTarball uncompressed.
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

// sortEntries checks entries and returns them in the order of the tarball.
func sortEntries(entries []Entry) ([]Entry, error) {
	if len(entries) == 0 {
		return nil, errors.New("writing tarball: there is nothing to put in it; expected at least the binary")
	}
	sorted := slices.SortedFunc(slices.Values(entries), func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	for i, e := range sorted {
		if err := CheckName(e.Name); err != nil {
			return nil, fmt.Errorf("writing tarball: %w", err)
		}
		if i > 0 && e.Name == sorted[i-1].Name {
			return nil, fmt.Errorf("writing tarball: two files have the name %q; rename one", e.Name)
		}
		if e.Size < 1 || e.Size > maxSize {
			return nil, fmt.Errorf("writing tarball: %q has %d bytes; expected 1 to %d, was it built?", e.Name, e.Size, int64(maxSize))
		}
	}
	return sorted, nil
}

// The limits of a ustar header: a name of 100 bytes, a size of 11 octal digits.
const (
	maxName = 100
	maxSize = 1<<33 - 1
)

// fileName matches names that GitHub keeps unchanged for an asset, and that neither a shell
// nor a command could take for anything but a file.
var fileName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9._+-]*[A-Za-z0-9_+-])?$`)

// CheckName returns an error unless name is a plain file name: 1 to 100 ASCII letters,
// digits and ._+-, not starting with a dot or hyphen, not ending with a dot (Windows drops
// it), without two consecutive dots. The error quotes as much of name as is safe to show.
func CheckName(name string) error {
	switch {
	case name == "":
		return errors.New("a file has no name; expected one")
	case len(name) > maxName:
		return fmt.Errorf("the file name %+.32q... has %d bytes; expected at most %d", name, len(name), maxName)
	case strings.ContainsAny(name, `/\`) || strings.Contains(name, ".."):
		return fmt.Errorf("the file name %+q leads to a directory; expected only a name, a tarball is flat", name)
	case !fileName.MatchString(name):
		return fmt.Errorf("the file name %+q is not plain; expected letters, digits and ._+- only, no dot or hyphen first and no dot last", name)
	}
	return nil
}

// write copies e to tw and checks its size.
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
		return fmt.Errorf("it continues after %d bytes; expected no more, is something still writing it?", e.Size)
	} else if !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}
