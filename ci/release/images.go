package release

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/handover"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/sign"
)

// Images is one run of a plan for images.
type Images struct {
	Workspace *cargo.Workspace
	Plan      *plan.Images
	// Builds holds the releases that run the plan's builds, in order, each with its own runner.
	Builds []*Release
	// Files is the workspace's root directory on this machine.
	Files string
	// To is where the images are released to. A dry run uses it for the image names in the
	// layouts.
	To ImageRemotes
	// Signer signs the images. nil means a dry run, which signs nothing.
	Signer *sign.Signer
	// Given is a directory left by a dry run of the same plan, whose images are released
	// unchanged; "" builds the images.
	Given string
	// Out is the directory that the images are written to, each as an OCI layout next to its
	// SBOMs. It is created if missing; entries of the same names are replaced.
	Out string

	fromStaged bool   // the steps ran in another job: see UseStaged
	prebuilt   string // slipway's private copy of Given
	begin      time.Time
	who        sign.Identity
}

// DryRun builds every image and writes it as an OCI layout with its SBOM, without changing
// anything remotely.
func (r *Images) DryRun(ctx context.Context) (*ImagesSummary, error) {
	r.Signer = nil
	done, err := r.copyPrebuilt()
	if err != nil {
		return nil, err
	}
	defer done()
	s, made, err := r.make(ctx)
	if err != nil || r.Given != "" {
		return s, err
	}
	var names []string
	for _, m := range made {
		names = append(append(names, m.Name), m.documents()...)
	}
	s.Digest, err = handover.Of(r.Out, names...)
	return s, err
}

// make builds the images, or reads the prebuilt ones, and writes them to Out.
func (r *Images) make(ctx context.Context) (*ImagesSummary, []*madeImage, error) {
	r.begin = time.Now()
	s, err := r.newSummary()
	if err != nil {
		return nil, nil, err
	}
	made, err := r.takeOrBuild(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	for _, m := range made {
		s.Images = append(s.Images, m.summary())
	}
	s.Seconds = time.Since(r.begin).Seconds()
	return s, made, nil
}

// takeOrBuild returns the prebuilt images, or builds them.
func (r *Images) takeOrBuild(ctx context.Context, s *ImagesSummary) ([]*madeImage, error) {
	if r.Given != "" {
		s.Remarks = append(slices.Clone(s.Remarks), "nothing was built in this run: the images are those of an earlier one")
		return r.takePrebuilt()
	}
	if err := r.runSteps(ctx, s); err != nil {
		return nil, err
	}
	return r.write(ctx)
}

// runSteps runs the steps of every crate that the images are built from.
func (r *Images) runSteps(ctx context.Context, s *ImagesSummary) error {
	if err := r.Plan.CheckDryRun(); err != nil {
		return err
	}
	for _, b := range r.Builds {
		of := &Summary{}
		if err := b.steps(ctx, of, b.Plan.Steps); err != nil {
			return err
		}
		s.Findings = append(slices.Clone(s.Findings), of.Findings...).Sorted()
		s.Rust = b.rust.Release
		for _, t := range of.Tests {
			s.Tests = append(s.Tests, CrateTests{b.Plan.Crate, t})
		}
	}
	return nil
}

// write builds all images in a temporary directory, and then moves each to its place in Out.
func (r *Images) write(ctx context.Context) ([]*madeImage, error) {
	work, done, err := workIn(r.Out)
	if err != nil {
		return nil, err
	}
	defer done()
	var made []*madeImage
	for _, img := range r.Plan.Images {
		m, err := r.makeImage(ctx, img, work)
		if err != nil {
			return nil, fmt.Errorf("making image %q: %w", img.Name, err)
		}
		made = append(made, m)
	}
	for _, m := range made {
		for _, name := range append([]string{m.Name}, m.documents()...) {
			to := filepath.Join(r.Out, name)
			if err := errors.Join(os.RemoveAll(to), os.Rename(filepath.Join(work, name), to)); err != nil {
				return nil, fmt.Errorf("writing image %q: %w", m.Name, err)
			}
		}
		if err := m.open(filepath.Join(r.Out, m.Name)); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// build returns the release that builds a crate.
func (r *Images) build(crate string) *Release {
	return r.Builds[slices.IndexFunc(r.Builds, func(b *Release) bool { return b.Plan.Crate == crate })]
}
