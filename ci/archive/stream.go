package archive

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// blockSize is the unit of a tar archive. A header is one block, and content is padded to
// whole blocks with zeros.
const blockSize = 512

type block [blockSize]byte

// grace is how many bytes may be unpacked before the ratio counts. The zeros that pad the
// last record of a small archive compress very well.
const grace = 1 << 20

// stream reads the tar stream in the first member of a gzip file (RFC 1952).
type stream struct {
	file     *bufio.Reader
	fetched  *counter // counts the bytes read from the file
	member   *gzip.Reader
	limits   Limits
	unpacked int64
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func newStream(r io.Reader, limits Limits) (*stream, error) {
	s := &stream{fetched: &counter{r: r}, limits: limits}
	s.file = bufio.NewReader(s.fetched) // an io.ByteReader, so that gzip reads nothing after the member
	member, err := gzip.NewReader(s.file)
	if err != nil {
		return nil, gzipError(err)
	}
	member.Multistream(false)
	s.member = member
	return s, nil
}

// Read implements [io.Reader]. It returns io.EOF at the end of an intact member, an error
// that wraps a Reason, or the error of the underlying reader.
func (s *stream) Read(p []byte) (int, error) {
	n, err := s.member.Read(p)
	s.unpacked += int64(n)
	packed := s.fetched.n - int64(s.file.Buffered())
	switch {
	case s.unpacked > s.limits.Total:
		return 0, fmt.Errorf("%w; expected at most %d bytes for the whole tarball, unpacked", ErrTooLarge, s.limits.Total)
	case s.unpacked > grace && (s.unpacked-1)/packed >= s.limits.Ratio: // unpacked > Ratio·packed, without overflow
		return 0, fmt.Errorf("%w; expected at most %d bytes out of each one", ErrRatio, s.limits.Ratio)
	case err == nil || err == io.EOF:
		return n, err
	}
	return n, gzipError(err)
}

// gzipError tells a damaged file from a read error.
func gzipError(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w, within its gzip file; was it fetched whole?", ErrTruncated)
	case errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.As(err, &corrupt):
		return fmt.Errorf("%w (%w); expected the .tar.gz of a release, fetch it again", ErrGzip, err)
	}
	return err
}

// block reads the next block.
func (s *stream) block(b *block) error {
	_, err := io.ReadFull(s, b[:])
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: no end of the archive; was it fetched whole?", ErrTruncated)
	}
	return err
}

// copy writes the next n bytes to w, and reads the padding of the last block.
func (s *stream) copy(w io.Writer, n int64) error {
	got, err := io.CopyN(w, s, n)
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w, after %d of %d bytes; was it fetched whole?", ErrTruncated, got, n)
	} else if err != nil {
		return err
	}
	var fill block
	rest := fill[:-n&(blockSize-1)]
	if _, err := io.ReadFull(s, rest); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w, within the zeros after its %d bytes; was it fetched whole?", ErrTruncated, n)
	} else if err != nil {
		return err
	}
	if fill != (block{}) {
		return fmt.Errorf("%w: its %d bytes are not filled up with zeros", ErrTrailing, n)
	}
	return nil
}

// end reads what follows the first zero block up to the end of the file: at least one more
// zero block, and nothing but zero blocks.
func (s *stream) end() error {
	var b block
	if err := s.block(&b); err != nil {
		return err
	}
	for b == (block{}) {
		_, err := io.ReadFull(s, b[:])
		if err == io.EOF {
			return s.endFile()
		} else if errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("%w, within a block; was it fetched whole?", ErrTruncated)
		} else if err != nil {
			return err
		}
	}
	return fmt.Errorf("%w, that of the archive; expected only zeros, some readers would continue there", ErrTrailing)
}

// endFile checks that nothing follows the gzip member.
func (s *stream) endFile() error {
	next, err := s.file.Peek(2)
	switch {
	case bytes.Equal(next, []byte{0x1f, 0x8b}):
		return fmt.Errorf("%w, that of its gzip member: another member; expected one, some readers would continue there", ErrTrailing)
	case len(next) > 0:
		return fmt.Errorf("%w, that of its gzip member; expected nothing", ErrTrailing)
	case err != io.EOF:
		return err
	}
	return nil
}
