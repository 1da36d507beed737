package oci

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"dagger/slipway/ci/dist"
)

const (
	// ModuleLayer is the media type of the layer of WasmModule, for both modules and components.
	ModuleLayer types.MediaType = "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm"
	// ArtifactConfig and ArtifactLayer are the media types of WasmArtifact (CNCF TAG Runtime,
	// "Wasm OCI Artifact layout").
	ArtifactConfig types.MediaType = "application/vnd.wasm.config.v0+json"
	ArtifactLayer  types.MediaType = "application/wasm"
	// LayersLabel is a label with the digest of the layers. Configurations of WasmModule have no
	// diff IDs, so without the label different modules would have the same image ID.
	LayersLabel = "containerd.runwasi.layers"
)

// wasip1 is the platform of every wasm image.
var wasip1 = v1.Platform{OS: "wasip1", Architecture: "wasm"}

// WasmImage makes an ordinary image of a wasm file, for any registry, engine and containerd
// shim. It has one uncompressed tar layer with the file under name. The entrypoint is "/"
// followed by name, optionally with "#" and a function.
//
// The file is read again whenever the layer is read, so it must be kept. As for all images of
// this package, equal inputs give equal digests.
func WasmImage(file, name, entrypoint string, annotations map[string]string) (v1.Image, error) {
	fail := func(err error) (v1.Image, error) { return nil, fmt.Errorf("making a wasm image of %q: %w", file, err) }
	if _, err := wasmForm(file); err != nil {
		return fail(err)
	}
	if err := dist.CheckName(name); err != nil {
		return fail(err)
	}
	if path, _, _ := strings.Cut(entrypoint, "#"); path != "/"+name {
		return fail(fmt.Errorf("the entrypoint %q is not in the image; expected %q, the one file there", entrypoint, "/"+name))
	}
	l, err := newLayer(file, types.OCIUncompressedLayer, archive(file, name))
	if err != nil {
		return fail(err)
	}
	return newImage(configFile(wasip1, v1.Config{Entrypoint: []string{entrypoint}}, l.diffID), types.OCIConfigJSON, l, annotations)
}

// WasmModule makes an image of a wasm module or component whose layer is the file itself.
// containerd's runwasi shims run such a layer without unpacking it. The entrypoint is
// informative only.
func WasmModule(file, entrypoint string, annotations map[string]string) (v1.Image, error) {
	fail := func(err error) (v1.Image, error) {
		return nil, fmt.Errorf("making a wasm module image of %q: %w", file, err)
	}
	if _, err := wasmForm(file); err != nil {
		return fail(err)
	}
	if entrypoint == "" {
		return fail(errors.New(`the entrypoint is empty; expected a name like "demo.wasm"`))
	}
	l, err := newLayer(file, ModuleLayer, bytesOf(file))
	if err != nil {
		return fail(err)
	}
	// The label covers the joined hex digests of all layers; here there is one.
	id := sha256.Sum256([]byte(l.digest.Hex))
	labels := map[string]string{LayersLabel: hex.EncodeToString(id[:])}
	return newImage(configFile(wasip1, v1.Config{Entrypoint: []string{entrypoint}, Labels: labels}), types.OCIConfigJSON, l, annotations)
}

// artifactConfig is the configuration of a wasm artifact, with the fields used for modules
// (CNCF TAG Runtime, "Wasm OCI Artifact layout").
type artifactConfig struct {
	Created      v1.Time   `json:"created"`
	Architecture string    `json:"architecture"`
	OS           string    `json:"os"`
	LayerDigests []v1.Hash `json:"layerDigests"`
}

// WasmArtifact makes a wasm artifact, for tools that support that format: its layer is the file
// itself, and its configuration has a media type of its own. The file must be a core module,
// because the configuration of a component must list its imports and exports, which this
// package does not read.
func WasmArtifact(file string, annotations map[string]string) (v1.Image, error) {
	fail := func(err error) (v1.Image, error) {
		return nil, fmt.Errorf("making a wasm artifact of %q: %w", file, err)
	}
	form, err := wasmForm(file)
	if err != nil {
		return fail(err)
	}
	if form == component {
		return fail(errors.New("it is a component, whose artifact would have to list its imports and exports, which slipway does not read; expected a core module, or make an image of kind \"module\""))
	}
	l, err := newLayer(file, ArtifactLayer, bytesOf(file))
	if err != nil {
		return fail(err)
	}
	config := artifactConfig{v1.Time{Time: epoch}, wasip1.Architecture, wasip1.OS, []v1.Hash{l.digest}}
	return newImage(config, ArtifactConfig, l, annotations)
}

// form is the kind of a wasm file.
type form int

const (
	module form = iota
	component
)

// wasmForm determines the kind of a wasm file from its first 8 bytes: the magic number, and the
// version of a module (WebAssembly 1.0, "Modules") or of a component, whose second half is 1
// (component model, Binary.md, "Component Definitions").
func wasmForm(file string) (form, error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var head [8]byte
	n, err := io.ReadFull(f, head[:])
	switch {
	case errors.Is(err, io.EOF):
		return 0, errors.New("it is empty; expected wasm, was it built?")
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return 0, err
	case n < len(head) || !bytes.Equal(head[:4], []byte("\x00asm")):
		return 0, fmt.Errorf("it begins with %q; expected wasm, which begins with %q and a version: name what cargo builds for wasm32-wasip1", head[:n], "\x00asm")
	case bytes.Equal(head[4:], []byte{1, 0, 0, 0}):
		return module, nil
	case bytes.Equal(head[6:], []byte{1, 0}):
		return component, nil
	}
	return 0, fmt.Errorf("it is wasm of version % x; expected a module (01 00 00 00) or a component (…, 01 00)", head[4:])
}
