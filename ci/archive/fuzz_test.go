package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// How FuzzRead makes a tarball from its input.
const (
	asGzip   = iota // the input is the gzip file
	asTar           // the input is the tar archive; checksums are corrected
	asPatch         // the input patches a valid archive; checksums are corrected
	variants        // the number of variants
)

// FuzzRead checks that Read does not panic, does not write outside the directory, stays
// within its limits and leaves nothing of a tarball it refuses, and that archive/tar reads
// accepted tarballs the same way.
func FuzzRead(f *testing.F) {
	for _, tt := range allHostile() {
		if len(tt.packed) < 1<<10 {
			f.Add(tt.packed, byte(asGzip))
			f.Add(gunzip(tt.packed), byte(asTar))
		}
	}
	f.Add(pack(good()), byte(asGzip))
	f.Add(good(), byte(asTar))
	for _, at := range []int{0, 100, 124, 136, 156, 157, 257, 345, 512} {
		for _, header := range []int{0, 2, 5, 7} { // in blocks
			at := header*blockSize + at
			f.Add([]byte{byte(at >> 8), byte(at), '1'}, byte(asPatch))
		}
	}
	parent := f.TempDir()
	f.Fuzz(func(t *testing.T, in []byte, variant byte) {
		switch variant % variants {
		case asTar:
			in = pack(seal(in))
		case asPatch:
			in = pack(seal(patch(good(), in)))
		}
		readChecked(t, parent, in)
	})
}

// TestEveryByte checks what FuzzRead does, changing each byte of a valid archive's headers
// in turn.
func TestEveryByte(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: it reads thousands of tarballs")
	}
	parent := t.TempDir()
	accepted := 0
	for _, header := range []int{0, 2, 5} { // in blocks
		for at := header * blockSize; at < (header+1)*blockSize; at++ {
			for _, value := range []byte{0, '1', good()[at] ^ 1} {
				if readChecked(t, parent, pack(seal(patch(good(), []byte{byte(at >> 8), byte(at), value})))) {
					accepted++
				}
			}
		}
	}
	if accepted == 0 {
		t.Error("all of them were refused: it tests nothing")
	}
}

// readChecked reads a tarball into a new directory in parent, makes FuzzRead's checks, and
// reports whether the tarball was accepted.
func readChecked(t *testing.T, parent string, packed []byte) bool {
	t.Helper()
	dir, err := os.MkdirTemp(parent, "into-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	limits := Limits{Entries: 4, Entry: 4 << 10, Total: 16 << 10, Ratio: 50}
	entries, err := Read(bytes.NewReader(packed), dir, limits)
	if beside, err := os.ReadDir(parent); err != nil || len(beside) != 1 {
		t.Fatalf("beside the directory: %v, %v", beside, err)
	}
	files := unpackedInto(t, dir)
	if err != nil {
		if entries != nil || len(files) > 0 || len(err.Error()) > 1000 {
			t.Fatalf("%v and %v are left beside %v", entries, files, err)
		}
		return false
	}
	checkLimits(t, entries, limits)
	if len(files) != len(entries) {
		t.Fatalf("%d files of %d entries", len(files), len(entries))
	}
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(dir, e.Name))
		if err != nil || sha256.Sum256(raw) != e.SHA256 || int64(len(raw)) != e.Size {
			t.Fatalf("%v has %q, %v", e, raw, err)
		}
	}
	if want := asTarReads(t, packed); !reflect.DeepEqual(entries, want) {
		t.Fatalf("got %v, archive/tar reads %v", entries, want)
	}
	return true
}

func checkLimits(t *testing.T, entries []Entry, limits Limits) {
	t.Helper()
	var total int64
	for _, e := range entries {
		total += e.Size
		if e.Size > limits.Entry {
			t.Fatalf("%v is over the limit", e)
		}
	}
	if len(entries) == 0 || len(entries) > limits.Entries || total > limits.Total {
		t.Fatalf("%d entries of %d bytes, the limits are %+v", len(entries), total, limits)
	}
}

// asTarReads reads a tarball with archive/tar, including every gzip member.
func asTarReads(t *testing.T, packed []byte) []Entry {
	t.Helper()
	zr, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	var entries []Entry
	for tr := tar.NewReader(zr); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return entries
		} else if err != nil {
			t.Fatalf("archive/tar: %v, after %v", err, entries)
		}
		content, err := io.ReadAll(tr)
		if err != nil || h.Typeflag != tar.TypeReg || h.Linkname != "" || h.Mode&^0o777 != 0 || h.Size != int64(len(content)) {
			t.Fatalf("archive/tar reads %+v and %d bytes, %v", h, len(content), err)
		}
		entries = append(entries, Entry{h.Name, h.Mode&0o100 != 0, h.Size, sha256.Sum256(content)})
	}
}

// good returns a valid archive.
func good() []byte {
	return slices.Concat(
		extended(record("mtime", "1.5"), record("path", "app"), record("size", "600")),
		file("app", strings.Repeat("x", 600), mode("0000755\x00"), put(265, "root")),
		file("app.sig", "signature", gnu), file("App.pem", ""), end(), end())
}

// patch replaces single bytes of an archive: each three bytes of patches are an offset and
// the new byte.
func patch(plain, patches []byte) []byte {
	for ; len(patches) >= 3; patches = patches[3:] {
		at := int(patches[0])<<8 | int(patches[1])
		plain[at%len(plain)] = patches[2]
	}
	return plain
}

// gunzip unpacks as much as possible of a gzip file.
func gunzip(packed []byte) []byte {
	zr, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil
	}
	plain, _ := io.ReadAll(zr) // seeds may be truncated
	return plain
}

// seal corrects the checksum of every block that looks like a header.
func seal(plain []byte) []byte {
	plain = bytes.Clone(plain)
	for at := 0; at+blockSize <= len(plain); at += blockSize {
		if b := (*block)(plain[at : at+blockSize]); bytes.HasPrefix(b[257:], []byte("ustar")) {
			b.seal()
		}
	}
	return plain
}
