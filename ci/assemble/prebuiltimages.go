package assemble

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/cargo"
	ocilayout "dagger/slipway/ci/layout"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/triple"
)

// Read reads the images that an earlier run left in a directory, of which dir is a private copy.
// They must be exactly those of the plan, undamaged, and of this version and commit. from names
// the directory in errors.
func (r *Images) Read(dir, from string) ([]*Image, error) {
	var made []*Image
	known := map[string]bool{}
	for _, img := range r.Plan.Images {
		m, err := r.read(dir, img)
		if err != nil {
			return nil, fmt.Errorf("checking image %q in %q: %w", img.Name, from, err)
		}
		made = append(made, m)
		for _, name := range m.Entries() {
			known[name] = true
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("checking the images in %q: %w", from, err)
	}
	for _, e := range entries {
		if !known[e.Name()] {
			return nil, fmt.Errorf("checking the images in %q: %q does not belong to this release: remove it", from, e.Name())
		}
	}
	return made, nil
}

// read reads an image from its OCI layout, and its SBOMs.
func (r *Images) read(dir string, img cargo.Image) (*Image, error) {
	m := &Image{Image: img}
	if err := ocilayout.CheckFiles(filepath.Join(dir, img.Name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	root, err := layout.ImageIndexFromPath(filepath.Join(dir, img.Name))
	if err != nil {
		return nil, fmt.Errorf("%w: `slipway release-demo-app --dry-run` makes it", err)
	}
	index, err := root.IndexManifest()
	if err != nil {
		return nil, err
	}
	if len(index.Manifests) != 1 {
		return nil, fmt.Errorf("its layout has %d images, expected one", len(index.Manifests))
	}
	m.Digest = index.Manifests[0].Digest
	if len(img.Targets) == 1 {
		m.parts = []part{{target: img.Targets[0], digest: m.Digest}}
	} else if err := m.findParts(root); err != nil {
		return nil, err
	}
	for i, p := range m.parts {
		if m.parts[i].sbom, err = beneath.ReadFile(filepath.Join(dir, m.document(p.target)), sign.MaxBundle); err != nil {
			return nil, fmt.Errorf("reading its SBOM: %w", err)
		}
	}
	if err := m.open(filepath.Join(dir, img.Name)); err != nil {
		return nil, err
	}
	raw, err := m.entity.RawManifest()
	if err == nil {
		err = ocilayout.CheckBytes("its manifest", raw, m.Digest)
	}
	if err != nil {
		return nil, err
	}
	return m, m.checkWhole(r.annotations(img))
}

// findParts finds the manifest of each target in an image index.
func (m *Image) findParts(root v1.ImageIndex) error {
	index, err := root.ImageIndex(m.Digest)
	if err != nil {
		return err
	}
	list, err := index.IndexManifest()
	if err != nil {
		return err
	}
	for _, t := range m.Targets {
		of, _ := triple.Find(t)
		i := slices.IndexFunc(list.Manifests, func(d v1.Descriptor) bool { return d.Platform != nil && d.Platform.Architecture == of.Architecture })
		if i < 0 {
			return fmt.Errorf("its index has no manifest for %s", t)
		}
		m.parts = append(m.parts, part{target: t, digest: list.Manifests[i].Digest})
	}
	if len(list.Manifests) != len(m.parts) {
		return fmt.Errorf("its index has %d manifests, expected %d", len(list.Manifests), len(m.parts))
	}
	return nil
}

// checkWhole returns an error unless the content of every part matches its digests, and its
// annotations are this release's.
func (m *Image) checkWhole(notes map[string]string) error {
	for _, p := range m.parts {
		img, ok := p.entity.(v1.Image)
		if !ok {
			return errors.New("its manifest is not that of an image")
		}
		if err := ocilayout.CheckImage(img, p.digest); err != nil {
			return err
		}
		manifest, err := img.Manifest()
		if err != nil {
			return err
		}
		if !maps.Equal(manifest.Annotations, notes) {
			return fmt.Errorf("its annotations are %v, expected %v: they belong to another release", manifest.Annotations, notes)
		}
		layers, err := img.Layers()
		if err != nil {
			return err
		}
		for i, l := range layers {
			if err := checkBlob(l, manifest.Layers[i].Digest.Hex); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkBlob(l v1.Layer, want string) error {
	in, err := l.Compressed()
	if err != nil {
		return fmt.Errorf("reading a layer: %w", err)
	}
	defer in.Close()
	h := sha256.New()
	if _, err := io.Copy(h, in); err != nil {
		return fmt.Errorf("reading a layer: %w", err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		return fmt.Errorf("a layer has sha256 %s, expected %s", got, want)
	}
	return nil
}
