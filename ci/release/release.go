package release

import (
	"context"
	"errors"
	"time"

	"dagger/slipway/ci/assemble"
	"dagger/slipway/ci/build"
	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/outdir"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/report"
	"dagger/slipway/ci/reproduce"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/step"
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

	// Prebuilt locates artifacts to publish instead of making new ones; nil for none.
	Prebuilt *assemble.Prebuilt

	// ToolchainBase is the Debian image that slipway's own toolchain is built from; "" means
	// slipway's default.
	ToolchainBase string

	// Tell reports progress to the user. It may be nil.
	Tell func(string)

	staged bool // the steps ran in another job: see UseStaged
}

func (r *Release) tell(what string) {
	if r.Tell != nil {
		r.Tell(what)
	}
}

// build returns what runs the plan's steps. release makes errors of findings that stop a release.
func (r *Release) build(release bool) *build.Crate {
	return &build.Crate{Workspace: r.Workspace, Plan: r.Plan, Runner: r.Runner, Release: release, Staged: r.staged}
}

// signing returns who signs. repository is the GitHub repository that is published in, "" if
// unknown.
func (r *Release) signing(repository string) *assemble.Signing {
	return &assemble.Signing{
		Signer: r.Signer, How: r.Plan.Signing, Version: r.Plan.Version, Source: r.Plan.Source, Repository: repository, Staged: r.staged,
	}
}

// assemble returns what makes the release's files, in a run that has just begun.
func (r *Release) assemble(b *build.Crate, signing *assemble.Signing) *assemble.Crate {
	return &assemble.Crate{Build: b, Signing: signing, Out: r.Out, ToolchainBase: r.ToolchainBase, Began: time.Now()}
}

func (r *Release) newReport() (*report.Crate, error) {
	runner := ""
	if r.Runner != nil {
		runner = r.Runner.Name()
	}
	return report.NewCrate(r.Plan, runner)
}

// checkRelease returns an error if the plan may not be released, or if a signer is missing.
func (r *Release) checkRelease() error {
	if err := r.Plan.CheckRelease(); err != nil {
		return err
	}
	if r.Signer == nil && r.Plan.Signing != "" && r.Prebuilt == nil {
		return sign.ErrNoToken
	}
	return errors.Join(checkKinds(kinds, r.Plan.Effects), outdir.Check(r.Out))
}

// Build builds the crate for every target and writes the binaries to <out>/<target>/<name>.
func (r *Release) Build(ctx context.Context) error { return r.build(false).WriteBinaries(ctx, r.Out) }

// Test runs the crate's tests for every target and returns what was tested.
func (r *Release) Test(ctx context.Context) (*report.Crate, error) {
	s, err := r.newReport()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, t := range r.Plan.Targets {
		names = append(names, plan.StepTest(t))
	}
	built, err := r.build(false).Needed(ctx, names...)
	if err != nil {
		return nil, err
	}
	s.AddBuilt(built)
	return s, nil
}

// Reproduce compares the published release of the plan's tag with one that is built again.
func (r *Release) Reproduce(ctx context.Context, from reproduce.Published) (*reproduce.Report, error) {
	again := &reproduce.Again{Crate: *r.assemble(r.build(false), r.signing("")), From: from}
	return again.Run(ctx)
}
