package archive

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"

	"dagger/slipway/ci/quote"
)

// The entry types (typeflag) that errors name: POSIX.1-2001, pax, "ustar Header Block" and
// "pax Header Block"; GNU tar's manual, "Basic Tar Format".
const (
	kindFile     = '0'
	kindOldFile  = 0
	kindHardLink = '1'
	kindSymlink  = '2'
	kindChar     = '3'
	kindBlock    = '4'
	kindFolder   = '5'
	kindFIFO     = '6'
	kindExtended = 'x' // applies to the next entry
	kindGlobal   = 'g' // applies to all entries that follow
	kindLongName = 'L' // GNU
	kindLongLink = 'K' // GNU
	kindSparse   = 'S' // GNU
)

// header is a parsed ustar header.
type header struct {
	name   string // the prefix and name fields, each up to its first NUL
	hidden bool   // one of those fields has more bytes after a NUL
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

// readHeader reads the next block as a header. It returns io.EOF for a block of zeros.
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

// parse parses a ustar header of POSIX or GNU tar.
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
		return h, fmt.Errorf("%w: it has bytes after the fields of ustar; pack it with tar --format=ustar", ErrHeader)
	}
	if err := b.checkUnused(); err != nil {
		return h, err
	}
	err := h.parseModeAndSize(b)
	return h, err
}

// checkUnused checks the fields that Read ignores, so that a reader which does use them can
// read what Read accepts.
func (b *block) checkUnused() error {
	for _, f := range []struct {
		name   string
		field  []byte
		binary bool // GNU tar writes numbers too large for 7 octal digits in binary, with the first bit set
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
		// GNU tar writes sizes of 8 GiB and more in binary, with the first bit set. The same form
		// can hold negative sizes.
		return fmt.Errorf("%w: it is %s; expected up to 12 octal digits", ErrSize, quote.Line(string(size)))
	}
	return nil
}

// checksum returns the sum of all bytes, with the checksum field itself counted as spaces.
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

// octal parses a field of octal digits, padded with trailing spaces or NULs. ok is false if
// there is no digit or any other byte. A field of 12 bytes holds up to 64 GiB.
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

// text returns the part of a field before its first NUL.
func text(field []byte) string {
	before, _, _ := bytes.Cut(field, []byte{0})
	return string(before)
}

// hidden reports whether a field has other bytes after its first NUL.
func hidden(field []byte) bool {
	_, behind, _ := bytes.Cut(field, []byte{0})
	return !zeros(behind)
}

func zeros(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }
