package oci

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"dagger/slipway/ci/golden"
	"dagger/slipway/ci/triple"
)

// goldenJSON compares a JSON document, indented, with its golden file.
func goldenJSON(t *testing.T, name string, raw []byte) {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		t.Fatalf("%s: %v: %s", name, err, raw)
	}
	b.WriteByte('\n')
	golden.Compare(t, name, b.String())
}

// TestGolden pins the bytes of configurations and manifests, which contain the digests of
// layers. If one changes, images released before cannot be reproduced.
func TestGolden(t *testing.T) {
	for kind := range kinds {
		img := build(t, kind, hello)
		config, err := img.RawConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		goldenJSON(t, kind+".config.json", config)
		manifest, err := img.RawManifest()
		if err != nil {
			t.Fatal(err)
		}
		goldenJSON(t, kind+".manifest.json", manifest)
	}
}

// TestConsistent compares every digest and size that an image states with its bytes.
func TestConsistent(t *testing.T) {
	for _, kind := range []string{"image", "binary-amd64", "binary-arm64"} {
		img := build(t, kind, hello)
		consistent(t, img)
		name, content := "shim-demo-v1", program(kind[len(kind)-5:])
		if kind == "image" {
			raw, err := os.ReadFile(hello)
			if err != nil {
				t.Fatal(err)
			}
			name, content = "demo-app.wasm", string(raw)
		}
		layers, err := img.Layers()
		if err != nil {
			t.Fatal(err)
		}
		if got, want := entries(t, layers[0]), []string{strings.TrimSpace(name + " 755 " + content)}; !slices.Equal(got, want) {
			t.Errorf("%s: the layer holds %q, want %q", kind, got, want)
		}
	}
	want, err := os.ReadFile(hello)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"module", "artifact"} {
		layers, err := build(t, kind, hello).Layers()
		if err != nil || len(layers) != 1 {
			t.Fatalf("%s: %d layers, %v", kind, len(layers), err)
		}
		r, err := layers[0].Compressed()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: the layer holds %q, %v; want the file", kind, got, err)
		}
	}
}

func digest(t testing.TB, it interface{ Digest() (v1.Hash, error) }) v1.Hash {
	t.Helper()
	h, err := it.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestSame checks that digests depend on the content of the file alone.
func TestSame(t *testing.T) {
	raw, err := os.ReadFile(hello)
	if err != nil {
		t.Fatal(err)
	}
	for kind := range kinds {
		want := digest(t, build(t, kind, hello))
		old := syscall.Umask(0o077)
		other := put(t, "other name", string(raw))
		got := digest(t, build(t, kind, other))
		syscall.Umask(old)
		if got != want {
			t.Errorf("%s: from elsewhere the digest is %s, it was %s", kind, got, want)
		}
		if err := os.Chmod(other, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(other, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		t.Setenv("TZ", "Pacific/Kiritimati")
		t.Setenv("SOURCE_DATE_EPOCH", "12345")
		processors := runtime.GOMAXPROCS(1)
		if got := digest(t, build(t, kind, other)); got != want {
			t.Errorf("%s: with another mode, time and zone the digest is %s, it was %s", kind, got, want)
		}
		runtime.GOMAXPROCS(processors)
	}
}

// TestChanged checks that a file modified after its image was made is an error when the layer
// is read.
func TestChanged(t *testing.T) {
	raw, err := os.ReadFile(hello)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"image", "module", "artifact"} {
		file := put(t, "hello.wasm", string(raw))
		img := build(t, kind, file)
		other := bytes.Replace(raw, []byte("hello wasi"), []byte("other wasi"), 1)
		if err := os.WriteFile(file, other, 0o644); err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "layout")
		_, err := WriteImageLayout(dir, img, "ghcr.io/containerd/demo:1")
		says(t, err, "writing OCI layout", "again: its layer is sha256:", "is something still writing it?")
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s: a layout was left behind", kind)
		}
	}
}

// TestMemory checks that a large file takes no more memory than a small one.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: it reads files of 128 MiB")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	large := func(head string) string {
		file := put(t, "large", head)
		if err := os.Truncate(file, 128<<20); err != nil {
			t.Fatal(err)
		}
		return file
	}
	var peak meter
	for _, make := range []func() (v1.Image, error){
		func() (v1.Image, error) { return WasmImage(large("\x00asm\x01\x00\x00\x00"), "a", "/a", nil) },
		func() (v1.Image, error) { return WasmModule(large("\x00asm\x01\x00\x00\x00"), "a", nil) },
		func() (v1.Image, error) { return BinaryImage(large(program("amd64")), "a", triple.X8664, nil) },
	} {
		img, err := make()
		if err != nil {
			t.Fatal(err)
		}
		layers, err := img.Layers()
		if err != nil {
			t.Fatal(err)
		}
		r, err := layers[0].Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(&peak, r); err != nil || n < 128<<20 {
			t.Fatalf("read %d bytes, %v", n, err)
		}
	}
	if limit := uint64(64 << 20); uint64(peak) > limit {
		t.Errorf("128 MiB took %d MiB of memory, want at most %d", peak>>20, limit>>20)
	}
}

// meter records the highest memory use of the process while bytes are written to it.
type meter uint64

func (m *meter) Write(p []byte) (int, error) {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	*m = max(*m, meter(s.Sys-s.HeapReleased))
	return len(p), nil
}

// TestClosedEarly checks that closing a layer before its end leaves no goroutine running.
func TestClosedEarly(t *testing.T) {
	before := runtime.NumGoroutine()
	for kind := range kinds {
		layers, err := build(t, kind, hello).Layers()
		if err != nil {
			t.Fatal(err)
		}
		r, err := layers[0].Compressed()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines before, %d after", before, runtime.NumGoroutine())
}
