package oci

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"dagger/slipway/ci/triple"
)

// hello is a wasm module that prints a line.
const hello = "../../examples/workspace/crates/demo-app/hello.wasm"

// notes are annotations like those of a release.
var notes = map[string]string{
	"org.opencontainers.image.version":  "1.2.3",
	"org.opencontainers.image.source":   "https://github.com/containerd/runwasi",
	"org.opencontainers.image.revision": "0123456789abcdef0123456789abcdef01234567",
	"org.opencontainers.image.title":    "demo",
	"org.opencontainers.image.licenses": "Apache-2.0",
}

// put writes a file to a new temporary directory and returns its path.
func put(t testing.TB, name, content string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(to, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return to
}

// program returns a minimal ELF executable for an architecture named as in GOARCH: a header and
// one segment, with code that exits with status 0 on amd64.
func program(arch string) string {
	const base, headers = 0x400000, 64 + 56
	code := []byte{0x31, 0xff, 0xb8, 0x3c, 0, 0, 0, 0x0f, 0x05} // exit(0)
	le := binary.LittleEndian
	elf := append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 9)...)
	elf = le.AppendUint16(elf, 2) // ET_EXEC
	elf = le.AppendUint16(elf, map[string]uint16{"amd64": 62, "arm64": 183}[arch])
	elf = le.AppendUint32(elf, 1)
	elf = le.AppendUint64(elf, base+headers) // e_entry
	elf = le.AppendUint64(elf, 64)           // e_phoff
	elf = le.AppendUint64(elf, 0)            // e_shoff
	elf = le.AppendUint32(elf, 0)            // e_flags
	for _, size := range []uint16{64, 56, 1, 64, 0, 0} {
		elf = le.AppendUint16(elf, size)
	}
	elf = le.AppendUint32(elf, 1) // PT_LOAD
	elf = le.AppendUint32(elf, 5) // readable, executable
	whole := uint64(headers + len(code))
	for _, v := range []uint64{0, base, base, whole, whole, 0x1000} {
		elf = le.AppendUint64(elf, v)
	}
	return string(append(elf, code...))
}

// kinds builds the images that this package makes, by the names used for golden files.
var kinds = map[string]func(t testing.TB, wasm string) (v1.Image, error){
	"image": func(_ testing.TB, wasm string) (v1.Image, error) {
		return WasmImage(wasm, "demo-app.wasm", "/demo-app.wasm", notes)
	},
	"module": func(_ testing.TB, wasm string) (v1.Image, error) {
		return WasmModule(wasm, "demo-app.wasm", notes)
	},
	"artifact": func(_ testing.TB, wasm string) (v1.Image, error) { return WasmArtifact(wasm, notes) },
	"plain":    func(_ testing.TB, wasm string) (v1.Image, error) { return WasmArtifact(wasm, nil) },
	"binary-amd64": func(t testing.TB, _ string) (v1.Image, error) {
		return BinaryImage(put(t, "shim", program("amd64")), "shim-demo-v1", triple.X8664, notes)
	},
	"binary-arm64": func(t testing.TB, _ string) (v1.Image, error) {
		return BinaryImage(put(t, "shim", program("arm64")), "shim-demo-v1", triple.AArch64, notes)
	},
}

func build(t testing.TB, kind, wasm string) v1.Image {
	t.Helper()
	img, err := kinds[kind](t, wasm)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// says fails the test unless err contains all texts.
func says(t testing.TB, err error, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("the error is %v, want %q", err, text)
		}
	}
}
