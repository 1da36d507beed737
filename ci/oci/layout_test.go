package oci

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

func TestIndex(t *testing.T) {
	amd64, arm64 := build(t, "binary-amd64", hello), build(t, "binary-arm64", hello)
	index, err := Index([]v1.Image{amd64, arm64}, notes)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := index.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	goldenJSON(t, "binary.index.json", raw)
	turned, err := Index([]v1.Image{arm64, amd64}, notes)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := digest(t, turned), digest(t, index); got != want {
		t.Errorf("in another order the digest is %s, it was %s", got, want)
	}
}

// TestWriteImageLayout reads the layout back: the descriptor and every blob.
func TestWriteImageLayout(t *testing.T) {
	const reference = "ghcr.io/containerd/runwasi/demo:1.2.3"
	for kind, want := range map[string]string{"image": "wasip1/wasm", "module": "wasip1/wasm", "artifact": "wasip1/wasm", "binary-amd64": "linux/amd64", "binary-arm64": "linux/arm64"} {
		img := build(t, kind, hello)
		dir := filepath.Join(t.TempDir(), "layout")
		got, err := WriteImageLayout(dir, img, reference)
		if err != nil {
			t.Fatal(err)
		}
		index, err := layout.ImageIndexFromPath(dir)
		if err != nil {
			t.Fatal(err)
		}
		d := only(t, index)
		if d.Digest != got || got != digest(t, img) || d.Platform == nil || d.Platform.String() != want {
			t.Errorf("%s: returned %s for %+v, want %s", kind, got, d, want)
		}
		manifest, err := img.Manifest()
		if err != nil {
			t.Fatal(err)
		}
		blobs := []string{got.Hex, manifest.Config.Digest.Hex, manifest.Layers[0].Digest.Hex}
		same(t, dir, blobs)
	}
}

func TestWriteIndexLayout(t *testing.T) {
	index, err := Index([]v1.Image{build(t, "binary-amd64", hello), build(t, "binary-arm64", hello)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "layout")
	got, err := WriteImageLayout(dir, index, "ghcr.io/containerd/runwasi/demo:1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	written, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	d := only(t, written)
	if d.Digest != got || d.Platform != nil || !d.MediaType.IsIndex() {
		t.Errorf("returned %s for %+v", got, d)
	}
	inner, err := written.ImageIndex(got)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := inner.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range manifest.Manifests {
		img, err := inner.Image(d.Digest)
		if err != nil {
			t.Fatal(err)
		}
		consistent(t, img)
	}
}

// only returns the single descriptor of a layout, and checks its annotations.
func only(t *testing.T, index v1.ImageIndex) v1.Descriptor {
	t.Helper()
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != 1 {
		t.Fatalf("index.json is %+v, %v", manifest, err)
	}
	d := manifest.Manifests[0]
	if d.Annotations["org.opencontainers.image.ref.name"] != "1.2.3" || d.Annotations["io.containerd.image.name"] != "ghcr.io/containerd/runwasi/demo:1.2.3" {
		t.Errorf("the descriptor is annotated with %q", d.Annotations)
	}
	return d
}

// same checks that a layout has exactly the wanted blobs, and that each matches its digest.
func same(t *testing.T, dir string, want []string) {
	t.Helper()
	files, err := os.ReadDir(filepath.Join(dir, "blobs", "sha256"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, file := range files {
		raw, err := os.ReadFile(filepath.Join(dir, "blobs", "sha256", file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if h, _ := sum(raw); h.Hex != file.Name() {
			t.Errorf("blob %s holds %s", file.Name(), h)
		}
		got = append(got, file.Name())
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("blobs are %q, want %q", got, want)
	}
}
