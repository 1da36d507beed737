package dist

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime"
	"testing"
	"time"
)

// sparse returns an entry of size zero bytes that are not stored, and calls tick from time
// to time while they are read.
func sparse(name string, size int64, tick func()) Entry {
	return Entry{name, true, size, func() (io.ReadCloser, error) {
		return io.NopCloser(io.LimitReader(&zeros{tick: tick}, size)), nil
	}}
}

type zeros struct {
	reads int
	tick  func()
}

func (z *zeros) Read(p []byte) (int, error) {
	if z.reads++; z.reads%512 == 0 {
		z.tick()
	}
	clear(p)
	return len(p), nil
}

// TestMemory checks that a large artifact needs no more memory than a small one.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: it compresses 128 MiB")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	var peak uint64
	measure := func() {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak = max(peak, m.Sys-m.HeapReleased)
	}
	if err := WriteTarball(io.Discard, []Entry{sparse("large", 128<<20, measure)}); err != nil {
		t.Fatal(err)
	}
	if limit := uint64(64 << 20); peak > limit {
		t.Errorf("128 MiB took %d MiB of memory, want at most %d", peak>>20, limit>>20)
	}
}

// TestGoroutinesEnd checks that no goroutine is left running after an error, wherever it
// occurs.
func TestGoroutinesEnd(t *testing.T) {
	content := program(3 << 20)
	full := len(tarball(t, []Entry{file("a", true, content)}))
	before := runtime.NumGoroutine()
	for _, room := range []int{0, 5, 10, 11, full / 2, full - 8, full - 1} {
		err := WriteTarball(&disk{room}, []Entry{file("a", true, content), file("b", true, content)})
		if !errors.Is(err, errFull) {
			t.Errorf("with room for %d bytes: %v", room, err)
		}
	}
	if err := WriteTarball(&disk{full - 1}, []Entry{file("a", true, content)}); !errors.Is(err, errFull) {
		t.Errorf("with room for all but the last byte: %v", err)
	}
	short := file("a", true, content)
	short.Size++
	if err := WriteTarball(io.Discard, []Entry{short}); err == nil {
		t.Error("a short file gave no error")
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines before, %d after", before, runtime.NumGoroutine())
}

var errFull = errors.New("no space left on device")

// disk has room for that many bytes.
type disk struct{ room int }

func (d *disk) Write(p []byte) (int, error) {
	n := min(len(p), d.room)
	d.room -= n
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

// BenchmarkWriteTarball packs the file named by BENCH_BINARY, ideally a stripped musl
// binary, or else the test binary.
func BenchmarkWriteTarball(b *testing.B) {
	name := os.Getenv("BENCH_BINARY")
	if name == "" {
		var err error
		if name, err = os.Executable(); err != nil {
			b.Fatal(err)
		}
	}
	content, err := os.ReadFile(name)
	if err != nil {
		b.Fatal(err)
	}
	entries := []Entry{file("binary", true, content)}
	b.SetBytes(int64(len(content)))
	var packed bytes.Buffer
	for b.Loop() {
		packed.Reset()
		if err := WriteTarball(&packed, entries); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(100*float64(packed.Len())/float64(len(content)), "%size")
}
