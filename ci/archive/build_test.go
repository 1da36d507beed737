package archive

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// head returns a POSIX ustar header block. It is written by hand because archive/tar
// refuses to write most of what these tests need. Edits are applied before the checksum is
// computed.
func head(kind byte, name string, size int, edits ...func(*block)) []byte {
	var b block
	copy(b[:100], name)
	copy(b[100:], "0000644\x000000000\x000000000\x00")
	copy(b[124:], fmt.Sprintf("%011o\x0000000000000\x00", size))
	b[156] = kind
	copy(b[257:], "ustar\x0000")
	for _, edit := range edits {
		edit(&b)
	}
	b.seal()
	return b[:]
}

func (b *block) seal() { copy(b[148:], fmt.Sprintf("%06o\x00 ", b.checksum())) }

// put returns an edit that writes s at an offset of a header.
func put(at int, s string) func(*block) { return func(b *block) { copy(b[at:], s) } }

// gnu turns a header into one of GNU tar.
func gnu(b *block) { copy(b[257:], "ustar  \x00") }

func mode(m string) func(*block) { return put(100, m) }

func link(to string) func(*block) { return put(157, to) }

// file returns a header and its content, padded to whole blocks.
func file(name, content string, edits ...func(*block)) []byte {
	return slices.Concat(head('0', name, len(content), edits...), fill(content))
}

func fill(content string) []byte {
	return append([]byte(content), make([]byte, -len(content)&(blockSize-1))...)
}

// record returns a line of an extended header.
func record(key, value string) string {
	n := len(" =\n") + len(key) + len(value)
	for length := n; ; length++ {
		if line := fmt.Sprintf("%d %s=%s\n", length, key, value); len(line) == length {
			return line
		}
	}
}

// extended returns an extended header with the given lines.
func extended(lines ...string) []byte {
	all := strings.Join(lines, "")
	return slices.Concat(head('x', "./PaxHeaders/a", len(all)), fill(all))
}

// end returns the two zero blocks that end an archive.
func end() []byte { return make([]byte, 2*blockSize) }

// packer is reused, because making a new one takes most of a test's time.
var packer = gzip.NewWriter(nil)

func pack(parts ...[]byte) []byte {
	var b bytes.Buffer
	packer.Reset(&b)
	_, _ = packer.Write(slices.Concat(parts...)) // writes to memory do not fail
	_ = packer.Close()
	return b.Bytes()
}

// unpackedInto returns the mode and content of all files below dir by name.
func unpackedInto(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := os.Lstat(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		content := []byte("no file")
		if info.Mode().IsRegular() {
			if content, err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
				t.Fatal(err)
			}
		}
		files[e.Name()] = info.Mode().String() + " " + string(content)
	}
	return files
}

// accepts checks that a tarball unpacks to exactly the files in want.
func accepts(t *testing.T, packed []byte, want map[string]string) {
	t.Helper()
	dir := t.TempDir()
	if _, err := Read(bytes.NewReader(packed), dir, ReleaseLimits()); err != nil {
		t.Fatal(err)
	}
	if got := unpackedInto(t, dir); !maps.Equal(got, want) {
		t.Errorf("unpacked %q, want %q", got, want)
	}
}

// refused returns the error for a tarball, and checks that nothing of it is left.
func refused(t *testing.T, packed io.Reader, limits Limits) error {
	t.Helper()
	parent := t.TempDir()
	dir := filepath.Join(parent, "into")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	entries, err := Read(packed, dir, limits)
	if err == nil || entries != nil {
		t.Fatalf("got %v, %v; want an error alone", entries, err)
	}
	if s := err.Error(); !strings.HasPrefix(s, "reading tarball: ") || len(s) > 500 || strings.ContainsAny(s, "\n\r\x00\x1b\u202e") {
		t.Errorf("error of %d bytes is not one printable line: %q", len(s), s)
	}
	if left := unpackedInto(t, dir); len(left) > 0 {
		t.Errorf("%q is left behind", left)
	}
	if beside := unpackedInto(t, parent); len(beside) != 1 {
		t.Errorf("%q is beside the directory", beside)
	}
	return err
}
