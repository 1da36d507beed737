package dist

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// file returns an entry with the given content.
func file(name string, executable bool, content []byte) Entry {
	return Entry{name, executable, int64(len(content)), func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	}}
}

// program returns n bytes that compress about as well as machine code, the same on every
// machine.
func program(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var out []byte
	for len(out) < n {
		if back := r.IntN(1 << 15); len(out) > 1<<15 && r.IntN(3) > 0 {
			at := len(out) - back - 1
			out = append(out, out[at:min(at+3+r.IntN(20), len(out))]...)
		} else {
			out = append(out, byte(r.IntN(256)&r.IntN(256)))
		}
	}
	return out[:n]
}

func small() []Entry {
	return []Entry{
		file("containerd-shim-demo-v1.sig", false, []byte("signature\n")),
		file("containerd-shim-demo-v1", true, []byte("\x7fELF binary\n")),
		file("containerd-shim-demo-v1.pem", false, []byte("certificate\n")),
	}
}

func tarball(t testing.TB, entries []Entry) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteTarball(&b, entries); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestGolden checks the exact bytes. If a digest changes, the compression library or
// archive/tar now writes other bytes: earlier releases can no longer be reproduced, which
// the commit must say.
func TestGolden(t *testing.T) {
	tests := []struct {
		name    string
		entries []Entry
		want    string
	}{
		{"small", small(), "94ced4237cadf7ddc6b9bacd699cf07b6a053e129e4b1a4b289f518513148150"},
		{"many blocks", []Entry{file("program", true, program(5<<20+12345))}, "4bc9d775fc8a8b331b3d2f0d69612baa49e2770929dba695ec2c951fcbce4913"},
	}
	for _, tt := range tests {
		if got := fmt.Sprintf("%x", sha256.Sum256(tarball(t, tt.entries))); got != tt.want {
			t.Errorf("%s: sha256 %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestSameBytes checks that the output does not depend on the number of processors, the
// order of entries, or what the process compressed before.
func TestSameBytes(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	content := program(4 << 20)
	a, b := file("a", true, content), file("b", false, content[1<<20:])
	want := tarball(t, []Entry{a, b})
	for _, n := range []int{1, 2, 3, 8, 64} {
		runtime.GOMAXPROCS(n)
		for _, entries := range [][]Entry{{a, b}, {b, a}} {
			if !bytes.Equal(tarball(t, entries), want) {
				t.Errorf("GOMAXPROCS=%d, %s first: other bytes", n, entries[0].Name)
			}
		}
	}
}

// TestReadBack reads a tarball as strictly as possible.
func TestReadBack(t *testing.T) {
	entries := small()
	packed := tarball(t, entries)
	// ID1 ID2 CM FLG MTIME×4 XFL OS: no name, no time, no system.
	if got, want := packed[:10], []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"); !bytes.Equal(got, want) {
		t.Errorf("gzip header %x, want %x", got, want)
	}
	in := bytes.NewReader(packed)
	zr, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	zr.Multistream(false)
	plain, err := io.ReadAll(zr)
	if err != nil || in.Len() > 0 {
		t.Fatalf("%v, and %d bytes behind the first gzip member", err, in.Len())
	}
	tr := tar.NewReader(bytes.NewReader(plain))
	for _, want := range []string{
		"containerd-shim-demo-v1 755 \x7fELF binary\n",
		"containerd-shim-demo-v1.pem 644 certificate\n",
		"containerd-shim-demo-v1.sig 644 signature\n",
	} {
		h, err := tr.Next()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(tr)
		if got := fmt.Sprintf("%s %o %s", h.Name, h.Mode, content); err != nil || got != want {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
		if h.Typeflag != tar.TypeReg || h.Uid|h.Gid != 0 || h.Uname+h.Gname+h.Linkname != "" || len(h.PAXRecords) > 0 || h.Format != tar.FormatUSTAR || !h.ModTime.Equal(time.Unix(0, 0)) {
			t.Errorf("%s: header %+v", h.Name, h)
		}
	}
	if _, err := tr.Next(); err != io.EOF {
		t.Errorf("after the last file: %v", err)
	}
	if entries[0].Name != "containerd-shim-demo-v1.sig" {
		t.Error("the caller's entries were sorted")
	}
}

// TestTarCommand lists and unpacks a tarball with the tar command.
func TestTarCommand(t *testing.T) {
	if _, err := exec.LookPath("tar"); err != nil {
		t.Skip("SKIPPED: tar is not installed")
	}
	dir := t.TempDir()
	content := program(3 << 20)
	packed := filepath.Join(dir, "x.tar.gz")
	if err := os.WriteFile(packed, tarball(t, append(small(), file("program", true, content))), 0o644); err != nil {
		t.Fatal(err)
	}
	list := exec.Command("tar", "--numeric-owner", "-tvzf", packed)
	list.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C")
	out, err := list.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var got []string
	for l := range strings.Lines(string(out)) {
		got = append(got, strings.Join(strings.Fields(l), " "))
	}
	want := []string{
		"-rwxr-xr-x 0/0 12 1970-01-01 00:00 containerd-shim-demo-v1",
		"-rw-r--r-- 0/0 12 1970-01-01 00:00 containerd-shim-demo-v1.pem",
		"-rw-r--r-- 0/0 10 1970-01-01 00:00 containerd-shim-demo-v1.sig",
		"-rwxr-xr-x 0/0 3145728 1970-01-01 00:00 program",
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
	if out, err := exec.Command("tar", "-xzf", packed, "-C", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if unpacked, err := os.ReadFile(filepath.Join(dir, "program")); err != nil || !bytes.Equal(unpacked, content) {
		t.Errorf("the unpacked program differs: %v", err)
	}
}

func TestWriteTarballRefuses(t *testing.T) {
	x := []byte("x")
	opens := func(size int64, r io.Reader) Entry {
		return Entry{"a", true, size, func() (io.ReadCloser, error) { return io.NopCloser(r), nil }}
	}
	bad := errors.New("bad disk")
	tests := []struct {
		name    string
		entries []Entry
		want    string
	}{
		{"nothing", nil, "writing tarball: there is nothing to put in it; expected at least the binary"},
		{"no name", []Entry{file("", true, x)}, "writing tarball: a file has no name"},
		{"folder", []Entry{file("bin/a", true, x)}, `writing tarball: the file name "bin/a" leads to a directory; expected only a name`},
		{"absolute", []Entry{file("/a", true, x)}, "leads to a directory"},
		{"Windows folder", []Entry{file(`a\b`, true, x)}, "leads to a directory"},
		{"parent", []Entry{file("..", true, x)}, "leads to a directory"},
		{"parent inside", []Entry{file("../a", true, x)}, "leads to a directory"},
		{"this folder", []Entry{file(".", true, x)}, "is not plain"},
		{"hidden", []Entry{file(".a", true, x)}, "is not plain"},
		{"dot last", []Entry{file("a.", true, x)}, "no dot last"},
		{"option", []Entry{file("--checkpoint=1", true, x)}, "is not plain"},
		{"space", []Entry{file("a b", true, x)}, "is not plain"},
		{"newline", []Entry{file("a\nb", true, x)}, `the file name "a\nb" is not plain; expected letters, digits and ._+- only`},
		{"NUL", []Entry{file("a\x00", true, x)}, "is not plain"},
		{"look-alike", []Entry{file("\u0430", true, x)}, `the file name "\u0430" is not plain`},
		{"101 bytes", []Entry{file(strings.Repeat("a", 101), true, x)}, `the file name "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"... has 101 bytes; expected at most 100`},
		{"duplicate", []Entry{file("a", true, x), file("b", true, x), file("a", false, x)}, `two files have the name "a"; rename one`},
		{"empty file", []Entry{file("a", true, nil)}, `"a" has 0 bytes; expected 1 to 8589934591, was it built?`},
		{"negative size", []Entry{opens(-1, bytes.NewReader(x))}, `"a" has -1 bytes`},
		{"size over ustar's", []Entry{opens(1<<33, bytes.NewReader(x))}, `"a" has 8589934592 bytes`},
		{"shorter than its size", []Entry{opens(2, bytes.NewReader(x))}, `writing "a" into the tarball: it ends after 1 bytes; expected 2, is something still writing it?`},
		{"longer than its size", []Entry{opens(1, strings.NewReader("xy"))}, `writing "a" into the tarball: it continues after 1 bytes; expected no more`},
		{"fails to open", []Entry{{"a", true, 1, func() (io.ReadCloser, error) { return nil, bad }}}, `writing "a" into the tarball: bad disk`},
		{"fails to read", []Entry{opens(2, io.MultiReader(bytes.NewReader(x), failing{bad}))}, `writing "a" into the tarball: bad disk`},
		{"fails to read to the end", []Entry{opens(1, io.MultiReader(bytes.NewReader(x), failing{bad}))}, `writing "a" into the tarball: bad disk`},
		{"fails to close", []Entry{{"a", true, 1, func() (io.ReadCloser, error) { return failing{bad}.closing(x), nil }}}, `writing "a" into the tarball: bad disk`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := WriteTarball(io.Discard, tt.entries)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v does not say %q", err, tt.want)
			}
			if strings.Contains(tt.want, bad.Error()) != errors.Is(err, bad) {
				t.Errorf("error %v does not wrap its cause", err)
			}
		})
	}
}

// failing reads, writes and closes with its error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error)  { return 0, f.err }
func (f failing) Write([]byte) (int, error) { return 0, f.err }
func (f failing) Close() error              { return f.err }

func (f failing) closing(content []byte) io.ReadCloser {
	return struct {
		io.Reader
		io.Closer
	}{bytes.NewReader(content), f}
}
