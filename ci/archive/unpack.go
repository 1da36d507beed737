package archive

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"dagger/slipway/ci/quote"
)

// unpacker writes the entries of a tarball below root.
type unpacker struct {
	root    *os.Root
	limits  Limits
	entries []Entry           // files already written
	folded  map[string]string // their names by lower-case name
}

// unpack reads all of r and writes its files.
func (u *unpacker) unpack(r io.Reader) error {
	s, err := newStream(r, u.limits)
	if err != nil {
		return err
	}
	for {
		h, err := u.next(s)
		if errors.Is(err, io.EOF) {
			return s.end()
		}
		if err == nil {
			err = u.write(s, h)
		}
		if err != nil && h.name != "" {
			return fmt.Errorf("entry %s: %w", quote.Line(h.name), err)
		} else if err != nil {
			return fmt.Errorf("entry %d: %w", len(u.entries)+1, err)
		}
	}
}

// next returns the header of the next file, after any extended header before it. It returns
// io.EOF after the first of the zero blocks that end an archive.
func (u *unpacker) next(s *stream) (header, error) {
	h, err := readHeader(s)
	if err != nil {
		return h, err
	}
	if h.kind != kindExtended {
		return h, u.check(s, h)
	}
	records, err := readRecords(s, h.size)
	if err != nil {
		return h, err
	}
	h, err = readHeader(s)
	if errors.Is(err, io.EOF) {
		return h, fmt.Errorf("%w: the archive ends after it; expected the file that it describes", ErrRecord)
	}
	if err != nil {
		return h, err
	}
	// Checked first because tar gives a sparse file an unusual name.
	if err := checkRecords(records, h); err != nil {
		return h, err
	}
	return h, u.check(s, h)
}

// check returns an error unless an entry is a regular file within the limits, before any of
// its content is read.
func (u *unpacker) check(s *stream, h header) error {
	if err := checkFile(h); err != nil {
		return err
	}
	fold := strings.ToLower(h.name)
	switch first, twice := u.folded[fold]; {
	case twice && first != h.name:
		return fmt.Errorf("%w, but for case, as in %q; expected names that are different files on any system", ErrDuplicate, first)
	case twice:
		return fmt.Errorf("%w; expected each once", ErrDuplicate)
	case len(u.entries) >= u.limits.Entries:
		return fmt.Errorf("%w; expected at most %d", ErrTooMany, u.limits.Entries)
	case h.size > u.limits.Entry:
		return fmt.Errorf("%w, with %d bytes; expected at most %d", ErrTooLarge, h.size, u.limits.Entry)
	case h.size > u.limits.Total-s.unpacked:
		return fmt.Errorf("%w, with %d bytes; expected at most %d for the whole tarball", ErrTooLarge, h.size, u.limits.Total)
	}
	u.folded[fold] = h.name
	return nil
}

// write writes the file of h, and removes it again if it is incomplete.
func (u *unpacker) write(s *stream, h header) error {
	f, err := u.root.OpenFile(h.name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	sum := sha256.New()
	err = s.copy(io.MultiWriter(f, sum), h.size)
	if err == nil {
		err = f.Chmod(h.fileMode())
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return errors.Join(err, u.root.Remove(h.name))
	}
	u.entries = append(u.entries, Entry{h.name, h.executable(), h.size, [sha256.Size]byte(sum.Sum(nil))})
	return nil
}
