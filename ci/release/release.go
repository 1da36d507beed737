// Package release executes a plan: it runs the steps in order on a runner, makes the files of
// the release and publishes them. The order of a release is defined only here.
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
	// Signer signs the binaries. nil means a dry run, which signs with a throw-away key.
	Signer *sign.Signer
	// Out is the directory that the artifacts are written to. It is created if missing; files
	// of the same names are replaced, each atomically.
	Out string

	// Given locates prebuilt artifacts to publish instead of making new ones; nil for none.
	Given *Given

	// ToolchainBase is the Debian image that slipway's own toolchain is built from; "" means
	// slipway's default.
	ToolchainBase string

	// Tell reports progress to the user. It may be nil.
	Tell func(string)

	strict     bool // not a dry run: findings that stop a release are errors
	fromStaged bool // the steps ran in another job: see UseStaged
	begin      time.Time
	repository string // the GitHub repository that it is published in, as owner/name; "" if unknown
	who        sign.Identity
	rust       sbom.Rust
	crates     map[string]sbom.Graph // in the binaries of each target
	earlier    earlier
	expected   verify.Expectation // for the signatures of an earlier run
	reused     atomic.Int32       // how many signatures of an earlier run were reused
}

// DryRun runs every step of the plan and writes every artifact, but performs no effect. The
// stages are ordered so that cheap ones can fail first:
//
//	toolchain, metadata   seconds; wrong images and misread manifests end here
//	fetch, build, test    each as soon as what it needs is there
//	sign                  with a throw-away key: nothing reaches a transparency log
//	package               .crate file, tarballs and checksums, from tested results only
func (r *Release) DryRun(ctx context.Context) (*Summary, error) {
	r.Signer = nil
	return r.make(ctx)
}

// Dist does the same as a dry run, but signs as the signer's identity, in the transparency log
// if the signer uses one. That is the first effect of a release, and the only one without a
// publishing token. It returns an error for what could not be released.
func (r *Release) Dist(ctx context.Context) (*Summary, error) {
	if err := r.checkRelease(); err != nil {
		return nil, err
	}
	s, err := r.make(ctx)
	if s != nil {
		s.DryRun = false // also for a library, for which nothing is signed
	}
	return s, err
}

// checkRelease returns an error if the plan may not be released, or if a signer is missing.
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

// runSteps runs the plan's steps, without remote effects.
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

// writeArtifacts signs and packages the results of the steps.
func (r *Release) writeArtifacts(ctx context.Context, s *Summary) (err error) {
	s.Artifacts, err = r.pack(ctx)
	s.Seconds = time.Since(r.begin).Seconds()
	return err
}

// Build runs the steps that build the crate for every target, and those they depend on, and
// writes the binaries to <out>/<target>/<name>.
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
	return moveFinished(work, r.Out, made)
}

// Test runs the crate's tests for every target, and the steps they depend on, and returns a
// summary of what was tested.
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

// exportBinaries copies every binary of every target out of the runner to the private path
// given by place, and checks each there.
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
