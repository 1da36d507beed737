package cargo

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"

	"dagger/slipway/ci/triple"
)

// Image is an OCI image that the workspace declares in [workspace.metadata.slipway.images.NAME],
// validated and with defaults filled in.
type Image struct {
	// Name is the last path element of the image's repository.
	Name string `json:"name"`
	Kind string `json:"kind"` // ImageLayer, ImageModule or ImageArtifact
	// Crate and Binary name what is built for the image; File is a file of the repository to use
	// instead, relative to the workspace root.
	Crate  string `json:"crate,omitempty"`
	Binary string `json:"binary,omitempty"`
	File   string `json:"file,omitempty"`
	// Targets are target triples, each with its own manifest: wasm alone, or musl targets.
	Targets []string `json:"targets"`
	// Entrypoint is "" for artifacts, which have none.
	Entrypoint string `json:"entrypoint,omitempty"`
}

// The kinds of image.
const (
	// ImageLayer is an ordinary image with one layer that contains the file.
	ImageLayer = "image"
	// ImageModule is an image whose layer is the wasm file itself.
	ImageModule = "module"
	// ImageArtifact is a wasm artifact with its own configuration media type.
	ImageArtifact = "artifact"
)

// imageName matches one path element of a repository name (OCI distribution specification 1.1,
// "Pulling manifests").
var imageName = regexp.MustCompile(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$`)

// ErrNoImages is wrapped by the error for a workspace that declares no images.
var ErrNoImages = errors.New("the workspace declares none")

// Images returns the images that the workspace declares, sorted by name. A workspace that
// declares none but contains runwasi's demo app has runwasi's images. Errors give the line in
// Cargo.toml.
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

// demoImages returns the images that containerd/runwasi releases without declaring them.
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

// Filename returns the name of the file that the image contains.
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
func (i Image) IsWasm() bool { return i.Targets[0] == triple.Wasm }
