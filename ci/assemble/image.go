package assemble

import (
	"fmt"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/repository"
)

// SPDXType is the predicate type of an SPDX document.
const SPDXType = "https://spdx.dev/Document"

// Image is an image that was made, or read from the directory of an earlier run.
type Image struct {
	cargo.Image
	Digest v1.Hash // of the manifest that a tag points to
	entity repository.Entity
	parts  []part // one per target, in order
}

// part is the part of an image for one target.
type part struct {
	target string
	digest v1.Hash           // of the manifest
	entity repository.Entity // read from the layout
	sbom   []byte            // SPDX
}

func (m *Image) part(target string) part {
	return m.parts[slices.IndexFunc(m.parts, func(p part) bool { return p.target == target })]
}

// Entity returns the image's manifest for a target or, for "", what a tag points to.
func (m *Image) Entity(target string) repository.Entity {
	if target == "" {
		return m.entity
	}
	return m.part(target).entity
}

// Statement returns the in-toto statement that contains the SBOM for a target.
func (m *Image) Statement(target string) ([]byte, error) {
	p := m.part(target)
	return newStatement(m.Name, p.digest.Hex, SPDXType, p.sbom)
}

// Entries returns the names of the image's layout and of its SBOMs in a directory.
func (m *Image) Entries() []string {
	names := []string{m.Name}
	for _, p := range m.parts {
		names = append(names, m.document(p.target))
	}
	return names
}

func (m *Image) document(target string) string {
	if len(m.parts) == 1 {
		return m.Name + ".spdx.json"
	}
	return m.Name + "-" + target + ".spdx.json"
}

// open reads the image back from its layout, because the files it was built from will be removed.
func (m *Image) open(dir string) error {
	root, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return fmt.Errorf("reading image %q back: %w", m.Name, err)
	}
	if len(m.parts) == 1 {
		m.entity, err = root.Image(m.Digest)
		m.parts[0].entity = m.entity
	} else {
		err = m.openIndex(root)
	}
	if err != nil {
		return fmt.Errorf("reading image %q back: %w", m.Name, err)
	}
	return nil
}

func (m *Image) openIndex(root v1.ImageIndex) error {
	index, err := root.ImageIndex(m.Digest)
	if err != nil {
		return err
	}
	m.entity = index
	for i := range m.parts {
		if m.parts[i].entity, err = index.Image(m.parts[i].digest); err != nil {
			return err
		}
	}
	return nil
}
