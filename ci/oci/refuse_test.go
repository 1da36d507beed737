package oci

import (
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"dagger/slipway/ci/triple"
)

const (
	aModule    = "\x00asm\x01\x00\x00\x00"
	aComponent = "\x00asm\x0d\x00\x01\x00"
)

func TestRefuse(t *testing.T) {
	gone := filepath.Join(t.TempDir(), "gone")
	ordinary := func(content string) func() (v1.Image, error) {
		return func() (v1.Image, error) { return WasmImage(put(t, "a.wasm", content), "a.wasm", "/a.wasm", nil) }
	}
	for _, tt := range []struct {
		name string
		make func() (v1.Image, error)
		want []string
	}{
		{"empty", ordinary(""), []string{"making a wasm image of ", "a.wasm", "it is empty; expected wasm, was it built?"}},
		{"short", ordinary("\x00asm"), []string{`it begins with "\x00asm"; expected wasm`}},
		{"ELF", ordinary(program("amd64")), []string{`it begins with "\x7fELF`, "wasm32-wasip1"}},
		{"text", ordinary("(module)"), []string{`it begins with "(module)"`}},
		{"version", ordinary("\x00asm\x02\x00\x00\x00"), []string{"it is wasm of version 02 00 00 00; expected a module (01 00 00 00)"}},
		{"gone", func() (v1.Image, error) { return WasmImage(gone, "a", "/a", nil) }, []string{"making a wasm image of", "no such file"}},
		{"folder", func() (v1.Image, error) { return WasmModule(t.TempDir(), "a", nil) }, []string{"making a wasm module image of", "is a directory"}},
		{"name", func() (v1.Image, error) { return WasmImage(hello, "../a", "/../a", nil) }, []string{`the file name "../a" leads to a directory`}},
		{"entrypoint elsewhere", func() (v1.Image, error) { return WasmImage(hello, "a.wasm", "/b.wasm", nil) }, []string{`the entrypoint "/b.wasm" is not in the image; expected "/a.wasm"`}},
		{"entrypoint by search", func() (v1.Image, error) { return WasmImage(hello, "a.wasm", "a.wasm", nil) }, []string{`expected "/a.wasm"`}},
		{"no entrypoint", func() (v1.Image, error) { return WasmModule(hello, "", nil) }, []string{"the entrypoint is empty; expected a name"}},
		{"module of nothing", func() (v1.Image, error) { return WasmModule(put(t, "a", ""), "a", nil) }, []string{"making a wasm module image of", "it is empty"}},
		{"artifact of nothing", func() (v1.Image, error) { return WasmArtifact(put(t, "a", ""), nil) }, []string{"making a wasm artifact of", "it is empty"}},
		{"artifact of a component", func() (v1.Image, error) { return WasmArtifact(put(t, "a", aComponent), nil) }, []string{"it is a component", "imports and exports", `expected a core module, or make an image of kind "module"`}},
		{"target", func() (v1.Image, error) {
			return BinaryImage(put(t, "a", program("amd64")), "a", "riscv64gc-unknown-linux-musl", nil)
		}, []string{"making an image of binary", `checking binary "a" for "riscv64gc-unknown-linux-musl": expected one of the targets`}},
		{"other architecture", func() (v1.Image, error) { return BinaryImage(put(t, "a", program("amd64")), "a", triple.AArch64, nil) }, []string{"it is for EM_X86_64, expected EM_AARCH64"}},
		{"no ELF", func() (v1.Image, error) { return BinaryImage(hello, "a", triple.X8664, nil) }, []string{`checking binary "hello.wasm" for x86_64-unknown-linux-musl`}},
		{"binary's name", func() (v1.Image, error) { return BinaryImage(put(t, "a", program("amd64")), "a b", triple.X8664, nil) }, []string{`the file name "a b" is not plain`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			img, err := tt.make()
			if img != nil {
				t.Error("there is an image")
			}
			says(t, err, tt.want...)
		})
	}
}

// TestTake checks that unusual but valid inputs are accepted.
func TestTake(t *testing.T) {
	if _, err := WasmModule(put(t, "a", aComponent), "a.wasm", nil); err != nil {
		t.Error(err)
	}
	if _, err := WasmImage(put(t, "a", aModule), "a.wasm", "/a.wasm#init", nil); err != nil {
		t.Error(err)
	}
}

func TestRefuseIndex(t *testing.T) {
	_, err := Index(nil, nil)
	says(t, err, "making an image index: there are no images")
	img := build(t, "binary-amd64", hello)
	_, err = Index([]v1.Image{img, img}, nil)
	says(t, err, "making an image index: there are two images for linux/amd64; expected one for each platform")
}

func TestRefuseLayout(t *testing.T) {
	img := build(t, "module", hello)
	dir := t.TempDir()
	for _, reference := range []string{"", "demo", "demo:1", "ghcr.io/a/demo", "ghcr.io/A/demo:1", "ghcr.io/a/demo:1:2"} {
		_, err := WriteImageLayout(filepath.Join(dir, "l"), img, reference)
		says(t, err, "is not complete", "expected one like ghcr.io/owner/image:1.2.3")
	}
	_, err := WriteImageLayout(dir, img, "ghcr.io/a/demo:1")
	says(t, err, "writing OCI layout", "file exists", "expected a directory that does not exist")
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
