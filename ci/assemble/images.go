package assemble

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/oci"
	"dagger/slipway/ci/outdir"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/sbom"
	"dagger/slipway/ci/triple"
)

// Images makes the images of a plan from crates that were built, and from files of the workspace.
type Images struct {
	Plan      *plan.Plan
	Workspace *cargo.Workspace
	// Crates holds the crates that were built for the images; nil if none was.
	Crates []*Crate
	// Files is the workspace's root directory on this machine.
	Files string
	// Name returns the reference of an image in its layout, without the tag.
	Name func(image string) string
	// Out is the directory that the images are written to, each as an OCI layout next to its
	// SBOMs.
	Out string
}

// Write makes all images in a temporary directory, and then moves them to their places in Out, all or
// none, where they replace entries of the same names.
func (r *Images) Write(ctx context.Context) ([]*Image, error) {
	work, done, err := outdir.Work(r.Out)
	if err != nil {
		return nil, err
	}
	defer done()
	var made []*Image
	for _, img := range r.Plan.Images {
		m, err := r.make(ctx, img, work)
		if err != nil {
			return nil, fmt.Errorf("making image %q: %w", img.Name, err)
		}
		made = append(made, m)
	}
	var names []string
	for _, m := range made {
		names = append(names, m.Entries()...)
	}
	if err := outdir.Move(work, r.Out, names); err != nil {
		return nil, err
	}
	for _, m := range made {
		if err := m.open(filepath.Join(r.Out, m.Name)); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// make writes one image and its SBOMs to dir.
func (r *Images) make(ctx context.Context, img cargo.Image, dir string) (*Image, error) {
	m := &Image{Image: img}
	notes := r.annotations(img)
	var images []v1.Image
	for _, t := range img.Targets {
		p, made, err := r.makePart(ctx, img, t, filepath.Join(dir, ".content", img.Name, t), notes)
		if err != nil {
			return nil, err
		}
		m.parts, images = append(m.parts, p), append(images, made)
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
	m.Digest, err = oci.WriteImageLayout(filepath.Join(dir, img.Name), entity, r.Name(img.Name)+":"+r.Plan.Version)
	return m, err
}

// makePart makes the image for one target and its SBOM, from a file that it copies to dir.
func (r *Images) makePart(ctx context.Context, img cargo.Image, target, dir string, notes map[string]string) (part, v1.Image, error) {
	p := part{target: target}
	file, err := r.content(ctx, img, target, dir)
	if err != nil {
		return p, nil, err
	}
	made, err := newImage(img, target, file, notes)
	if err != nil {
		return p, nil, err
	}
	if p.digest, err = made.Digest(); err != nil {
		return p, nil, err
	}
	p.sbom, err = r.sbom(img, target, file)
	return p, made, err
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
	return to, r.crate(img.Crate).Build.Runner.Export(ctx, plan.StepBuild(target), plan.OutputBinary(img.Binary), to)
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
	d := sbom.NewFile(img.Filename(), r.Plan.Version, target, sum, sbom.Source{})
	if img.File == "" {
		c := r.crate(img.Crate)
		if d, err = newSBOM(c.Build, c.Built, img.Filename(), target, sum); err != nil {
			return nil, err
		}
	}
	var out bytes.Buffer
	err = d.WriteSPDX(&out)
	return out.Bytes(), err
}

// crate returns a crate that was built, by its name.
func (r *Images) crate(name string) *Crate {
	return r.Crates[slices.IndexFunc(r.Crates, func(c *Crate) bool { return c.Build.Plan.Name == name })]
}
