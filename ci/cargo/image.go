package cargo

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
)

// Image is an OCI image that the workspace declares in
// [workspace.metadata.slipway.images.NAME], checked and with its defaults filled.
type Image struct {
	// Name is the last part of the image's repository.
	Name string `json:"name"`
	Kind string `json:"kind"` // ImageLayer, ImageModule or ImageArtifact
	// Crate and Binary say what is built for it; File is what the repository has
	// instead, relative to the workspace's root.
	Crate  string `json:"crate,omitempty"`
	Binary string `json:"binary,omitempty"`
	File   string `json:"file,omitempty"`
	// Targets are target triples, one manifest each: wasm, or musl ones.
	Targets []string `json:"targets"`
	// Entrypoint is "" for an artifact, which has none.
	Entrypoint string `json:"entrypoint,omitempty"`
}

// The kinds of image.
const (
	// ImageLayer is an ordinary image: a layer with the file in it.
	ImageLayer = "image"
	// ImageModule is an image whose layer is the wasm file itself.
	ImageModule = "module"
	// ImageArtifact is a wasm artifact, which has a configuration of its own kind.
	ImageArtifact = "artifact"
)

// WasmTarget is the target of wasm images.
const WasmTarget = "wasm32-wasip1"

// muslTargets are those that an image of a binary may have.
var muslTargets = []string{"x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"}

// imageName is a part of a repository's name (OCI distribution specification 1.1,
// "Pulling manifests").
var imageName = regexp.MustCompile(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$`)

// ErrNoImages is wrapped by the error of a workspace without images.
var ErrNoImages = errors.New("the workspace declares none")

// Images are the images that the workspace declares, sorted by name. One that
// declares none and has runwasi's demo app has runwasi's four. An error names the
// line of Cargo.toml that is wrong.
func (w *Workspace) Images() ([]Image, error) {
	declared := w.Settings.Images
	if len(declared) == 0 {
		declared = w.demoImages()
	}
	if len(declared) == 0 {
		return nil, fmt.Errorf("reading the images: %w: add [workspace.metadata.slipway.images.NAME] with a `kind` and a `crate` to Cargo.toml", ErrNoImages)
	}
	var images []Image
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		img, err := w.readImage(name, declared[name])
		if err != nil {
			return nil, err
		}
		images = append(images, img)
	}
	return images, nil
}

// demoImages are what containerd/runwasi releases, without a declaration.
func (w *Workspace) demoImages() map[string]map[string]any {
	const demo, http = "wasi-demo-app", "crates/containerd-shim-wasm-test-modules/src/modules/hello_wasi_http.wasm"
	if w.find(demo) == nil {
		return nil
	}
	images := map[string]map[string]any{
		demo:                     {"kind": ImageLayer, "crate": demo},
		"wasi-demo-oci":          {"kind": ImageModule, "crate": demo},
		"wasi-demo-oci-artifact": {"kind": ImageArtifact, "crate": demo},
	}
	if _, err := fs.Stat(w.fsys, http); err == nil {
		images["wasi-demo-http"] = map[string]any{"kind": ImageModule, "file": http}
	}
	return images
}

// Filename is what the image's content is called as a file.
func (i Image) Filename() string {
	switch {
	case i.File != "":
		return path.Base(i.File)
	case i.IsWasm():
		return i.Binary + ".wasm"
	}
	return i.Binary
}

// IsWasm reports whether the image is for a wasm runtime.
func (i Image) IsWasm() bool { return i.Targets[0] == WasmTarget }
