// Package release runs a plan: its steps in order on a runner, then the files
// that a release ships. It is the one place where the order of a release is.
package release

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/sbom"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/verify"
)

// Release is one run of a plan.
type Release struct {
	Workspace *cargo.Workspace
	Plan      *plan.Plan
	Runner    step.Runner
	// Signer signs the binaries. nil means a dry run's, which is worth nothing.
	Signer *sign.Signer
	// Out is the directory that the artifacts are written to. It is made; what
	// it holds of the same names is replaced, each file at once.
	Out string

	// Given are artifacts to publish instead of making some; nil for none.
	Given *Given

	// ToolchainBase names the Debian image that slipway's own toolchain was asked to
	// be made with, "" for slipway's choice.
	ToolchainBase string

	// Tell tells a person how far the release is; nil tells nobody.
	Tell func(string)

	strict   bool // this is no dry run: whatever a release stops at ends it
	apart    bool // the steps ran in another job: see UseStaged
	begin    time.Time
	into     string // the repository that it is published in, as owner/name; "" where that is not known
	who      sign.Identity
	rust     sbom.Rust
	crates   map[string]sbom.Graph // in the binaries of each target
	earlier  earlier
	expected verify.Expectation // of what an earlier run has signed
	taken    atomic.Int32       // how many of its signatures were taken
}

// DryRun runs every step of the plan and writes every artifact, and performs
// no effect. The stages stand in the order in which a person would want to
// hear of trouble, cheapest first:
//
//	toolchain, metadata   seconds; wrong images and misread manifests end here
//	fetch, build, test    each as soon as what it needs is there
//	sign                  with a key of no worth: nothing reaches a log
//	package               .crate file, tarballs, checksums: only of what passed
func (r *Release) DryRun(ctx context.Context) (*Summary, error) {
	r.Signer = nil
	return r.make(ctx)
}

// Dist does what a dry run does, but signs for whom the signer stands for, and
// records that where the signer says: the first effect of a release, and all that
// can be done without a token that publishes. Only what could be released is signed.
func (r *Release) Dist(ctx context.Context) (*Summary, error) {
	if err := r.checkRelease(); err != nil {
		return nil, err
	}
	s, err := r.make(ctx)
	if s != nil {
		s.DryRun = false // also of a library, of which nothing is signed
	}
	return s, err
}

// checkRelease returns an error when this is nothing that may be released, or
// nobody is there to sign it.
func (r *Release) checkRelease() error {
	r.strict = true
	if err := r.Plan.CheckRelease(); err != nil {
		return err
	}
	if r.Signer == nil && r.Plan.Signing != "" && r.Given == nil {
		return sign.ErrNoToken
	}
	return nil
}

// make runs the steps and writes the artifacts.
func (r *Release) make(ctx context.Context) (*Summary, error) {
	s, err := r.runSteps(ctx)
	if err == nil {
		err = r.writeArtifacts(ctx, s)
	}
	if err == nil {
		s.Digest, err = digestOf(s.Artifacts)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// runSteps runs the plan's steps: nothing of it is seen anywhere else.
func (r *Release) runSteps(ctx context.Context) (*Summary, error) {
	if err := r.Plan.CheckDryRun(); err != nil {
		return nil, err
	}
	r.begin = time.Now()
	s, err := r.newSummary()
	if err != nil {
		return nil, err
	}
	if err := r.steps(ctx, s, r.Plan.Steps); err != nil {
		return s, err
	}
	return s, r.checkCrateSize(ctx, s)
}

// writeArtifacts signs and writes what the steps have left.
func (r *Release) writeArtifacts(ctx context.Context, s *Summary) (err error) {
	s.Artifacts, err = r.pack(ctx)
	s.Seconds = time.Since(r.begin).Seconds()
	return err
}

// Build runs the steps that build the crate, and what they need, for every
// target, and writes the binaries to <out>/<target>/<name>.
func (r *Release) Build(ctx context.Context) error {
	var names []string
	for _, t := range r.Plan.Targets {
		names = append(names, plan.StepBuild(t))
	}
	if err := r.Plan.CheckDryRun(); err != nil {
		return err
	}
	if err := r.steps(ctx, &Summary{}, r.named(names...)); err != nil {
		return err
	}
	work, done, err := workIn(r.Out)
	if err != nil {
		return err
	}
	defer done()
	if err := r.exportBinaries(ctx, func(target, name string) string { return filepath.Join(work, target, name) }); err != nil {
		return err
	}
	var made []string
	for _, a := range r.Plan.Artifacts {
		if a.Kind == plan.Tarball {
			for _, name := range a.Binaries {
				made = append(made, filepath.Join(a.Target, name))
			}
		}
	}
	return appear(work, r.Out, made)
}

// Test runs the crate's tests for every target, and what they need, and
// returns what was tested.
func (r *Release) Test(ctx context.Context) (*Summary, error) {
	if err := r.Plan.CheckDryRun(); err != nil {
		return nil, err
	}
	s, err := r.newSummary()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, t := range r.Plan.Targets {
		names = append(names, plan.StepTest(t))
	}
	return s, r.steps(ctx, s, r.named(names...))
}

// exportBinaries copies every binary of every target out of the runner, to places that
// nobody else can reach, and checks it there.
func (r *Release) exportBinaries(ctx context.Context, place func(target, name string) string) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, a := range r.Plan.Artifacts {
		if a.Kind != plan.Tarball {
			continue
		}
		for _, name := range a.Binaries {
			group.Go(func() error { return r.exportBinary(ctx, a.Target, name, place(a.Target, name)) })
		}
	}
	return group.Wait()
}

func (r *Release) exportBinary(ctx context.Context, target, name, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return fmt.Errorf("exporting binary %q: %w", name, err)
	}
	if err := r.Runner.Export(ctx, plan.StepBuild(target), plan.OutputBinary(name), to); err != nil {
		return err
	}
	return dist.CheckStatic(to, target)
}
