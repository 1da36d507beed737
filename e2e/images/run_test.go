package images

import (
	"archive/tar"
	"bytes"
	"io"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"dagger/slipway/e2e/kit"
)

// TestImagesRun runs the module of every wasm image, read from its layout, in a WebAssembly
// runtime, and the file that it was made from.
func TestImagesRun(t *testing.T) {
	if got := runWasm(t, []byte(kit.Read(t, kit.Root, hello))); got != helloSays {
		t.Fatalf("the file prints %q, want %q", got, helloSays)
	}
	ran := 0
	for _, f := range forms(t) {
		if f.kind == "binary" || f.kind == "index" {
			continue
		}
		if got := runWasm(t, f.wasm(t)); got != helloSays {
			t.Errorf("%s: its module prints %q, the file %q", f.kind, got, helloSays)
		}
		ran++
	}
	if ran != 3 {
		t.Errorf("ran %d modules, want 3", ran)
	}
}

// wasm returns the module in an image: its layer, or the entrypoint's file in its layer.
func (f form) wasm(t testing.TB) []byte {
	t.Helper()
	index, err := layout.ImageIndexFromPath(f.dir)
	kit.Check(t, err)
	img, err := index.Image(f.digest)
	kit.Check(t, err)
	layers, err := img.Layers()
	kit.Check(t, err)
	r, err := layers[0].Uncompressed()
	kit.Check(t, err)
	raw, err := io.ReadAll(r)
	kit.Check(t, err)
	if f.kind != "image" {
		return raw
	}
	config, err := img.ConfigFile()
	kit.Check(t, err)
	archive := tar.NewReader(bytes.NewReader(raw))
	h, err := archive.Next()
	kit.Check(t, err)
	if want := config.Config.Entrypoint[0]; filepath.Join("/", h.Name) != want {
		t.Fatalf("the layer holds %q, the entrypoint is %q", h.Name, want)
	}
	raw, err = io.ReadAll(archive)
	kit.Check(t, err)
	return raw
}

// runWasm runs a WASI command and returns its output.
func runWasm(t testing.TB, module []byte) string {
	t.Helper()
	ctx := t.Context()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	var out bytes.Buffer
	_, err := r.InstantiateWithConfig(ctx, module, wazero.NewModuleConfig().WithStdout(&out))
	kit.Check(t, err)
	return out.String()
}
