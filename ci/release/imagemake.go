package release

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/oci"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/repository"
	"dagger/slipway/ci/sbom"
	"dagger/slipway/ci/triple"
)

// madeImage is an image that was built, or read from a dry run's directory.
type madeImage struct {
	cargo.Image
	digest v1.Hash
	entity repository.Entity // read from its layout
	parts  []part            // one per target, in order
}

// part is the part of an image for one target.
type part struct {
	target string
	digest v1.Hash           // of the manifest
	entity repository.Entity // read from the layout
	sbom   []byte            // SPDX
}

func (m *madeImage) part(target string) part {
	return m.parts[slices.IndexFunc(m.parts, func(p part) bool { return p.target == target })]
}

const spdxType = "https://spdx.dev/Document"

// statement returns the in-toto statement that contains the SBOM.
func (p part) statement(image string) ([]byte, error) {
	return json.Marshal(map[string]any{
		"_type":         "https://in-toto.io/Statement/v1",
		"subject":       []any{map[string]any{"name": image, "digest": map[string]string{"sha256": p.digest.Hex}}},
		"predicateType": spdxType,
		"predicate":     json.RawMessage(p.sbom),
	})
}

// documents returns the file names of the SBOMs.
func (m *madeImage) documents() []string {
	var names []string
	for _, p := range m.parts {
		names = append(names, m.document(p.target))
	}
	return names
}

func (m *madeImage) document(target string) string {
	if len(m.parts) == 1 {
		return m.Name + ".spdx.json"
	}
	return m.Name + "-" + target + ".spdx.json"
}

// open reads the image back from its layout, because the files it was built from will be removed.
func (m *madeImage) open(dir string) error {
	root, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return fmt.Errorf("reading image %q back: %w", m.Name, err)
	}
	if len(m.parts) == 1 {
		m.entity, err = root.Image(m.digest)
		m.parts[0].entity = m.entity
	} else {
		err = m.openIndex(root)
	}
	if err != nil {
		return fmt.Errorf("reading image %q back: %w", m.Name, err)
	}
	return nil
}

func (m *madeImage) openIndex(root v1.ImageIndex) error {
	index, err := root.ImageIndex(m.digest)
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

// makeImage writes one image and its SBOMs to dir.
func (r *Images) makeImage(ctx context.Context, img cargo.Image, dir string) (*madeImage, error) {
	m := &madeImage{Image: img}
	notes := r.annotations(img)
	var images []v1.Image
	for _, t := range img.Targets {
		file, err := r.content(ctx, img, t, filepath.Join(dir, ".content", img.Name, t))
		if err != nil {
			return nil, err
		}
		made, err := newImage(img, t, file, notes)
		if err != nil {
			return nil, err
		}
		p := part{target: t}
		if p.digest, err = made.Digest(); err != nil {
			return nil, err
		}
		if p.sbom, err = r.sbom(img, t, file); err != nil {
			return nil, err
		}
		m.parts = append(m.parts, p)
		images = append(images, made)
	}
	for _, p := range m.parts {
		if err := os.WriteFile(filepath.Join(dir, m.document(p.target)), p.sbom, 0o644); err != nil {
			return nil, fmt.Errorf("writing the SBOM: %w", err)
		}
	}
	var entity mutate.Appendable = images[0]
	var err error
	if len(images) > 1 {
		if entity, err = oci.Index(images, notes); err != nil {
			return nil, err
		}
	}
	m.digest, err = oci.WriteImageLayout(filepath.Join(dir, img.Name), entity, r.To.local(img.Name)+":"+r.Plan.Version)
	return m, err
}

// newImage builds the image for one target according to its kind.
func newImage(img cargo.Image, target, file string, notes map[string]string) (v1.Image, error) {
	switch {
	case target != triple.Wasm:
		return oci.BinaryImage(file, img.Filename(), target, notes)
	case img.Kind == cargo.ImageModule:
		return oci.WasmModule(file, img.Entrypoint, notes)
	case img.Kind == cargo.ImageArtifact:
		return oci.WasmArtifact(file, notes)
	}
	return oci.WasmImage(file, img.Filename(), img.Entrypoint, notes)
}

// annotations returns the annotations of the image's manifests (OCI image specification 1.1,
// "Pre-Defined Annotation Keys"). They depend on the plan alone.
func (r *Images) annotations(img cargo.Image) map[string]string {
	notes := map[string]string{"org.opencontainers.image.title": img.Name, "org.opencontainers.image.version": r.Plan.Version}
	if r.Plan.Source.Commit != "" && !r.Plan.Source.Dirty {
		notes["org.opencontainers.image.revision"] = r.Plan.Source.Commit
	}
	return notes
}

// content copies the file that an image contains for a target to dir, either from the build or
// from the workspace, and returns its path.
func (r *Images) content(ctx context.Context, img cargo.Image, target, dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	to := filepath.Join(dir, img.Filename())
	if img.File != "" {
		return to, copyCommitted(r.Files, img.File, to)
	}
	return to, r.build(img.Crate).Runner.Export(ctx, plan.StepBuild(target), plan.OutputBinary(img.Binary), to)
}

// copyCommitted copies a file of the workspace, which may contain symbolic links anywhere.
func copyCommitted(workspace, name, to string) error {
	files, err := beneath.OpenDir(workspace)
	if err != nil {
		return fmt.Errorf("reading %q: %w", name, err)
	}
	defer files.Close()
	if _, err := files.CopyFile(path.Clean(name), to, beneath.ReleaseLimits()); err != nil {
		return fmt.Errorf("reading %q: %w: name the file itself", name, err)
	}
	return nil
}

// sbom returns the SBOM of an image's file as SPDX.
func (r *Images) sbom(img cargo.Image, target, file string) ([]byte, error) {
	sum, err := dist.Digest(file)
	if err != nil {
		return nil, err
	}
	d, err := r.describe(img, target, sum)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = d.WriteSPDX(&out)
	return out.Bytes(), err
}

func (r *Images) describe(img cargo.Image, target string, sum [sha256.Size]byte) (*sbom.Document, error) {
	if img.File != "" {
		return sbom.NewFile(img.Filename(), r.Plan.Version, target, sum, sbom.Source{}), nil
	}
	b := r.build(img.Crate)
	return sbom.New(sbom.Input{
		Binary: img.Filename(), SHA256: sum, Target: target, Graph: b.crates[target], Lock: r.Workspace.Lock,
		Source: b.source(b.crates[target]), Rust: b.rust,
	})
}
