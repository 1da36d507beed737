package release

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/triple"
)

// copyPrebuilt makes a private copy of the prebuilt images, if there are any. done removes it.
func (r *Images) copyPrebuilt() (done func(), err error) {
	if r.Given == "" {
		return func() {}, nil
	}
	if r.prebuilt, done, err = privateCopy(r.Given); err != nil {
		return nil, fmt.Errorf("checking the images in %q: %w", r.Given, err)
	}
	return done, nil
}

// takePrebuilt reads the images that a dry run left in a directory. They must be exactly those of
// the plan, undamaged, and of this version and commit. Nothing is built.
func (r *Images) takePrebuilt() ([]*madeImage, error) {
	var made []*madeImage
	known := map[string]bool{}
	for _, img := range r.Plan.Images {
		m, err := r.readImage(img)
		if err != nil {
			return nil, fmt.Errorf("checking image %q in %q: %w", img.Name, r.Given, err)
		}
		made = append(made, m)
		for _, name := range append(m.documents(), m.Name) {
			known[name] = true
		}
	}
	entries, err := os.ReadDir(r.prebuilt)
	if err != nil {
		return nil, fmt.Errorf("checking the images in %q: %w", r.Given, err)
	}
	for _, e := range entries {
		if !known[e.Name()] {
			return nil, fmt.Errorf("checking the images in %q: %q is not of this release: take it out", r.Given, e.Name())
		}
	}
	return made, nil
}

// readImage reads an image from its OCI layout, and its SBOMs.
func (r *Images) readImage(img cargo.Image) (*madeImage, error) {
	m := &madeImage{Image: img}
	dir := filepath.Join(r.prebuilt, img.Name)
	root, err := layout.ImageIndexFromPath(dir)
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
	m.digest = index.Manifests[0].Digest
	if len(img.Targets) == 1 {
		m.parts = []part{{target: img.Targets[0], digest: m.digest}}
	} else if err := m.findParts(root); err != nil {
		return nil, err
	}
	for i, p := range m.parts {
		if m.parts[i].sbom, err = beneath.ReadFile(filepath.Join(r.prebuilt, m.document(p.target)), maxBundle); err != nil {
			return nil, fmt.Errorf("reading its SBOM: %w", err)
		}
	}
	if err := m.open(dir); err != nil {
		return nil, err
	}
	return m, m.checkWhole(r.annotations(img))
}

// findParts finds the manifest of each target in an image index.
func (m *madeImage) findParts(root v1.ImageIndex) error {
	index, err := root.ImageIndex(m.digest)
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
func (m *madeImage) checkWhole(notes map[string]string) error {
	for _, p := range m.parts {
		img, ok := p.entity.(v1.Image)
		if !ok {
			return errors.New("its manifest is none of an image")
		}
		manifest, err := img.Manifest()
		if err != nil {
			return err
		}
		if !maps.Equal(manifest.Annotations, notes) {
			return fmt.Errorf("its annotations are %v, expected %v: it is of another release", manifest.Annotations, notes)
		}
		raw, err := img.RawConfigFile()
		if sum := sha256.Sum256(raw); err != nil || hex.EncodeToString(sum[:]) != manifest.Config.Digest.Hex {
			return errors.Join(errors.New("its configuration is not what its digest says"), err)
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
