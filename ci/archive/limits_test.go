package archive

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
)

func TestLimits(t *testing.T) {
	three := alone(file("a", strings.Repeat("x", 600)), file("b", "y"), file("c", ""))
	// 3 headers, 2 + 1 + 0 blocks of content, 2 zero blocks.
	all := Limits{Entries: 3, Entry: 600, Total: 8 * blockSize, Ratio: 1}
	dir := t.TempDir()
	if entries, err := Read(bytes.NewReader(three), dir, all); err != nil || len(entries) != 3 {
		t.Fatalf("within all limits: %v, %v", entries, err)
	}
	boundless := Limits{math.MaxInt, math.MaxInt64, math.MaxInt64, math.MaxInt64}
	zeros := bomb(t, 0, file("a", string(make([]byte, 2*grace))), end())
	if entries, err := Read(bytes.NewReader(zeros), t.TempDir(), boundless); err != nil || entries[0].Size != 2*grace {
		t.Errorf("without limits: %v, %v", entries, err)
	}
	tests := []struct {
		name   string
		limits Limits
		reason Reason
		want   string
	}{
		{"entries", Limits{2, 600, 8 * blockSize, 1}, ErrTooMany, `entry "c": it is one entry too many; expected at most 2`},
		{"entry", Limits{3, 599, 8 * blockSize, 1}, ErrTooLarge, `entry "a": it is too large, with 600 bytes; expected at most 599`},
		{"total, as the header says", Limits{3, 600, 512 + 599, 1}, ErrTooLarge, `entry "a": it is too large, with 600 bytes; expected at most 1111 for the whole tarball`},
		{"total, with the end", Limits{3, 600, 8*blockSize - 1, 1}, ErrTooLarge, "reading tarball: it is too large; expected at most 4095 bytes for the whole tarball, unpacked"},
		{"none", Limits{}, ErrTooLarge, "expected at most 0 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := refused(t, bytes.NewReader(three), tt.limits)
			if !errors.Is(err, tt.reason) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q, want it to say %q", err, tt.want)
			}
		})
	}
}

// bomb packs parts followed by n zeros, without keeping those in memory.
func bomb(t *testing.T, n int64, parts ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	for _, p := range parts {
		if _, err := zw.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.CopyN(zw, endless{}, n); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestGzipBomb checks that reading a gzip bomb stops early, whether it is in a file or
// after the archive, and uses little memory.
func TestGzipBomb(t *testing.T) {
	const size = 64 << 20
	tests := []struct {
		name   string
		packed []byte
		limits Limits
		reason Reason
		want   string
	}{
		{"ratio in a file", bomb(t, size, head('0', "a", size)), ReleaseLimits(), ErrRatio, `entry "a": it is compressed too well, like a gzip bomb; expected at most 100 bytes out of each one`},
		{"ratio behind the archive", bomb(t, size, file("a", "x")), ReleaseLimits(), ErrRatio, "reading tarball: it is compressed too well"},
		{"total in a file", bomb(t, size, head('0', "a", size)), Limits{1, size, size, 2000}, ErrTooLarge, "for the whole tarball"},
		{"total behind the archive", bomb(t, size, file("a", "x")), Limits{1, 1, 1 << 20, 2000}, ErrTooLarge, "expected at most 1048576 bytes for the whole tarball, unpacked"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			in := bytes.NewReader(tt.packed)
			err := refused(t, in, tt.limits)
			runtime.ReadMemStats(&after)
			if !errors.Is(err, tt.reason) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q, want it to say %q", err, tt.want)
			}
			if in.Len() < len(tt.packed)/2 {
				t.Errorf("%d of %d bytes were read before it ended", len(tt.packed)-in.Len(), len(tt.packed))
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
				t.Errorf("it allocated %d bytes", took)
			}
		})
	}
}

// TestRatioBeforeReadAhead checks that incompressible data after a bomb, which is already
// buffered, does not count towards its ratio.
func TestRatioBeforeReadAhead(t *testing.T) {
	noise := make([]byte, 3000)
	for i, r := 0, rand.New(rand.NewPCG(1, 2)); i < len(noise); i++ {
		noise[i] = byte(r.Uint32())
	}
	packed := bomb(t, 0, file("a", string(make([]byte, 2<<20))), file("b", string(noise)), end())
	if len(packed) < 4096 || 2<<20/len(packed) > 500 {
		t.Fatalf("packed into %d bytes, it tests nothing", len(packed))
	}
	limits := ReleaseLimits()
	limits.Ratio = 600
	if err := refused(t, bytes.NewReader(packed), limits); !errors.Is(err, ErrRatio) {
		t.Error(err)
	}
}

// TestRatioGrace checks that a small archive with much padding is not mistaken for a bomb.
func TestRatioGrace(t *testing.T) {
	packed := alone(file("a", "x"), make([]byte, 20*blockSize))
	if ratio := 23 * blockSize / len(packed); ratio < 50 {
		t.Fatalf("the archive has a ratio of %d only, and tests nothing", ratio)
	}
	dir := t.TempDir()
	limits := ReleaseLimits()
	limits.Ratio = 2
	if _, err := Read(bytes.NewReader(packed), dir, limits); err != nil {
		t.Error(err)
	}
	if got, want := unpackedInto(t, dir), map[string]string{"a": "-rw-r--r-- x"}; !maps.Equal(got, want) {
		t.Errorf("unpacked %q", got)
	}
}
