package archive

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"

	"dagger/slipway/ci/quote"
)

// The kinds of entries (typeflag) that are known by their name here: POSIX.1-2001,
// pax, "ustar Header Block" and "pax Header Block"; those of GNU tar's manual,
// "Basic Tar Format".
const (
	kindFile     = '0'
	kindOldFile  = 0
	kindHardLink = '1'
	kindSymlink  = '2'
	kindChar     = '3'
	kindBlock    = '4'
	kindFolder   = '5'
	kindFIFO     = '6'
	kindExtended = 'x' // about the next entry
	kindGlobal   = 'g' // about all that follow
	kindLongName = 'L' // GNU
	kindLongLink = 'K' // GNU
	kindSparse   = 'S' // GNU
)

// header is what a ustar header says.
type header struct {
	name   string // all bytes before the first zero, with the prefix field
	hidden bool   // the name has more bytes behind a zero
	kind   byte
	mode   int64
	size   int64
	link   string
}

// executable reports whether the owner may execute the file.
func (h header) executable() bool { return h.mode&0o100 != 0 }

func (h header) fileMode() fs.FileMode {
	if h.executable() {
		return 0o755
	}
	return 0o644
}

// readHeader reads the next block as a header. A zero block is io.EOF.
func readHeader(s *stream) (header, error) {
	var b block
	if err := s.block(&b); err != nil {
		return header{}, err
	}
	if b == (block{}) {
		return header{}, io.EOF
	}
	return b.parse()
}

// parse reads a ustar header of POSIX or GNU tar.
func (b *block) parse() (header, error) {
	if sum, ok := octal(b[148:156]); !ok || sum != b.checksum() {
		return header{}, fmt.Errorf("%w: its checksum is wrong; fetch the tarball again", ErrHeader)
	}
	h := header{kind: b[156], link: text(b[157:257])}
	h.name, h.hidden = text(b[:100]), hidden(b[:100])
	switch magic := b[257:265]; {
	case bytes.Equal(magic, []byte("ustar\x0000")):
		if prefix := text(b[345:500]); prefix != "" {
			h.name = prefix + "/" + h.name
		}
		h.hidden = h.hidden || hidden(b[345:500])
	case !bytes.Equal(magic, []byte("ustar  \x00")):
		return h, fmt.Errorf("%w: its format is %s; expected ustar, pack it with tar --format=ustar", ErrHeader, quote.Line(string(magic)))
	case !zeros(b[345:500]) && h.kind != kindSparse:
		return h, fmt.Errorf("%w: it has fields of GNU tar's incremental archives; pack it with tar --format=ustar", ErrHeader)
	}
	if !zeros(b[500:]) {
		return h, fmt.Errorf("%w: it has bytes behind the fields of ustar; pack it with tar --format=ustar", ErrHeader)
	}
	if err := b.checkUnused(); err != nil {
		return h, err
	}
	err := h.parseModeAndSize(b)
	return h, err
}

// checkUnused checks the fields that do not matter here: a reader for which they
// do must not stumble over what is accepted.
func (b *block) checkUnused() error {
	for _, f := range []struct {
		name   string
		field  []byte
		binary bool // GNU tar writes what 7 octal digits cannot hold, with the first bit set
	}{
		{"owner", b[108:116], true},
		{"group", b[116:124], true},
		{"time", b[136:148], false},
		{"major device", b[329:337], false},
		{"minor device", b[337:345], false},
	} {
		if _, ok := octal(f.field); !ok && !zeros(f.field) && !(f.binary && f.field[0]&0x80 != 0) {
			return fmt.Errorf("%w: its %s is %s; expected an octal number, pack it with tar --format=ustar", ErrHeader, f.name, quote.Line(string(f.field)))
		}
	}
	return nil
}

func (h *header) parseModeAndSize(b *block) (err error) {
	var ok bool
	if h.mode, ok = octal(b[100:108]); !ok {
		return fmt.Errorf("%w: it is %s; expected an octal number", ErrMode, quote.Line(string(b[100:108])))
	}
	size := b[124:136]
	if h.size, ok = octal(size); !ok {
		// GNU tar writes sizes from 8 GiB on, and could write negative ones, as binary
		// numbers with the first bit set.
		return fmt.Errorf("%w: it is %s; expected up to 12 octal digits", ErrSize, quote.Line(string(size)))
	}
	return nil
}

// checksum is the sum of all bytes, those of the checksum itself taken as spaces.
func (b *block) checksum() int64 {
	var sum int64
	for i, c := range b {
		if 148 <= i && i < 156 {
			c = ' '
		}
		sum += int64(c)
	}
	return sum
}

// octal reads a field of octal digits, which spaces or zeros may end. It is false
// when there is no digit or anything else. A field of 12 holds up to 64 GiB.
func octal(field []byte) (n int64, ok bool) {
	digits := bytes.TrimRight(field, " \x00")
	for _, c := range digits {
		if c < '0' || c > '7' {
			return 0, false
		}
		n = n<<3 | int64(c-'0')
	}
	return n, len(digits) > 0
}

// text is the part of a field before its first zero byte.
func text(field []byte) string {
	before, _, _ := bytes.Cut(field, []byte{0})
	return string(before)
}

// hidden reports whether a field goes on behind its first zero byte.
func hidden(field []byte) bool {
	_, behind, _ := bytes.Cut(field, []byte{0})
	return !zeros(behind)
}

func zeros(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }
