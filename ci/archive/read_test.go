package archive

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"dagger/slipway/ci/dist"
)

// TestReadsWhatDistWrites checks that Read accepts a signed release packed by dist.
func TestReadsWhatDistWrites(t *testing.T) {
	binary := strings.Repeat("\x7fELF", 300_000)
	contents := map[string]string{
		"containerd-shim-demo-v1":               binary,
		"containerd-shim-demo-v1.sig":           "signature",
		"containerd-shim-demo-v1.pem":           "certificate\n",
		"containerd-shim-demo-v1.sigstore.json": strings.Repeat("{}", 256),
	}
	var entries []dist.Entry
	for name, content := range contents {
		entries = append(entries, dist.Entry{
			Name: name, Executable: content == binary, Size: int64(len(content)),
			Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil },
		})
	}
	var packed bytes.Buffer
	if err := dist.WriteTarball(&packed, entries); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	limits := ReleaseLimits()
	limits.Ratio = 1000 // a repeated word compresses better than machine code
	got, err := Read(&packed, dir, limits)
	if err != nil {
		t.Fatal(err)
	}
	var want []Entry
	for _, name := range []string{"containerd-shim-demo-v1", "containerd-shim-demo-v1.pem", "containerd-shim-demo-v1.sig", "containerd-shim-demo-v1.sigstore.json"} {
		content := contents[name]
		want = append(want, Entry{name, content == binary, int64(len(content)), sha256.Sum256([]byte(content))})
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	files := unpackedInto(t, dir)
	for name, content := range contents {
		mode := "-rw-r--r-- "
		if content == binary {
			mode = "-rwxr-xr-x "
		}
		if files[name] != mode+content {
			t.Errorf("%s: unpacked as %.40q, want %.40q", name, files[name], mode+content)
		}
	}
	if len(files) != len(contents) {
		t.Errorf("unpacked %d files, want %d", len(files), len(contents))
	}
}

func TestReadAccepts(t *testing.T) {
	a := file("a", "x")
	long := strings.Repeat("n", 100)
	plain := map[string]string{"a": "-rw-r--r-- x"}
	tests := []struct {
		name   string
		packed []byte
		want   map[string]string
	}{
		{"POSIX", alone(a), plain},
		{"GNU", alone(file("a", "x", gnu)), plain},
		{"old type", alone(file("a", "x", put(156, "\x00"))), plain},
		{"empty file", alone(file("a", "")), map[string]string{"a": "-rw-r--r-- "}},
		{"a whole block", alone(file("a", strings.Repeat("x", blockSize)), file("b", "y")), map[string]string{"a": "-rw-r--r-- " + strings.Repeat("x", blockSize), "b": "-rw-r--r-- y"}},
		{"content like an end", alone(file("a", string(end())+"x"), file("b", "y")), map[string]string{"a": "-rw-r--r-- " + string(end()) + "x", "b": "-rw-r--r-- y"}},
		{"name that fills its field", alone(file(long, "x")), map[string]string{long: "-rw-r--r-- x"}},
		{"many zero blocks at the end", alone(a, end(), end(), end()), plain},
		{"numbers that a space ends", alone(file("a", "x", mode("000644 \x00"), put(124, "00000000001 "))), plain},
		{"owner with a large number", alone(file("a", "x", gnu, put(108, "\x80\x00\x00\x00\x40\x00\x00\x01"), put(116, "\x80\x00\x00\x00\x40\x00\x00\x01"))), plain},
		{"names of owners", alone(file("a", "x", put(265, "r\u00f6\u00f6t"), put(297, "wheel"))), plain},
		{"executable", alone(file("a", "x", mode("0000755\x00"))), map[string]string{"a": "-rwxr-xr-x x"}},
		{"executable by its owner", alone(file("a", "x", mode("0000500\x00"))), map[string]string{"a": "-rwxr-xr-x x"}},
		{"executable by others only", alone(file("a", "x", mode("0000611\x00"))), plain},
		{"writable by all", alone(file("a", "x", mode("0000666\x00"))), plain},
		{"no permission", alone(file("a", "x", mode("0000000\x00"))), plain},
		{"harmless PAX records", alone(extended(record("mtime", "1700000000.123456789"), record("atime", "-1"), record("ctime", "1"), record("uid", "3000000"), record("gid", "0"), record("uname", "r\u00f6\u00f6t"), record("gname", ""), record("comment", "by hand"), record("LIBARCHIVE.creationtime", "5.5")), a), plain},
		{"PAX records that agree", alone(extended(record("path", "a"), record("size", "1")), a), plain},
		{"no PAX record", alone(extended(), a), plain},
		{"PAX records of each", alone(extended(record("mtime", "1")), a, extended(record("mtime", "1")), file("b", "y")), map[string]string{"a": "-rw-r--r-- x", "b": "-rw-r--r-- y"}},
		{"names that gzip gives", named(alone(a)), plain},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { accepts(t, tt.packed, tt.want) })
	}
}

// named adds a file name (RFC 1952) to the header of a gzip file, as gzip(1) does.
func named(packed []byte) []byte {
	packed = bytes.Clone(packed)
	packed[3] |= 1 << 3
	return append(packed[:10:10], append([]byte("../../a.tar\x00"), packed[10:]...)...)
}

// TestReadError checks that an error reading the file is not blamed on the tarball.
func TestReadError(t *testing.T) {
	bad := errors.New("connection reset")
	packed := alone(file("a", "x"), file("b", strings.Repeat("y", 5000)))
	for n := range len(packed) + 1 {
		err := refused(t, io.MultiReader(bytes.NewReader(packed[:n]), failing{bad}), ReleaseLimits())
		var reason Reason
		if !errors.Is(err, bad) || errors.As(err, &reason) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestMemory checks that a large file needs no more memory than a small one.
func TestMemory(t *testing.T) {
	const size = 32 << 20
	limits := Limits{Entries: 1, Entry: size, Total: size + 3*blockSize, Ratio: 2000}
	packed := bomb(t, size+2*blockSize, head('0', "a", size))
	dir := t.TempDir()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	entries, err := Read(bytes.NewReader(packed), dir, limits)
	runtime.ReadMemStats(&after)
	if err != nil || len(entries) != 1 || entries[0].Size != size {
		t.Fatalf("got %v, %v", entries, err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
		t.Errorf("%d bytes took %d of memory", size, took)
	}
}
