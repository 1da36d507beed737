package release

import (
	"context"
	"fmt"
	"slices"

	"dagger/slipway/ci/assemble"
	"dagger/slipway/ci/cargo"
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
	// Runners run the steps: one for each of the plan's crates, in order, because steps of different
	// crates have the same names. There are none if nothing runs.
	Runners []step.Runner
	// Files is the workspace's root directory on this machine, from which files in images are read.
	Files string
	// Signer signs. nil means a dry run: binaries are signed with a throw-away key, images not at
	// all.
	Signer *sign.Signer
	// Out is the directory that files are written to. It is created if missing; files of the same
	// names are replaced, each atomically.
	Out string
	// Apart puts the files of each crate in a directory of its name below Out.
	Apart bool
	// To is where the release is published. A dry run uses it for the names of images alone.
	To Remotes

	// Prebuilt locates files to publish instead of making new ones; nil for none.
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

// LacksSigner reports whether a release has something to sign and nobody to sign it.
func (r *Release) LacksSigner() bool {
	signs := func(c *plan.Crate) bool { return c.Signing != "" }
	return r.Signer == nil && (r.Plan.Signing != "" || r.Prebuilt == nil && slices.ContainsFunc(r.Plan.Crates, signs))
}

// checkRelease returns an error for what could not be released, before anything is built.
func (r *Release) checkRelease() error {
	if err := r.Plan.CheckRelease(); err != nil {
		return err
	}
	if r.LacksSigner() {
		return sign.ErrNoToken
	}
	for _, img := range r.Plan.Images {
		if _, err := r.To.Images.repository(img.Name); err != nil {
			return err
		}
	}
	return checkKinds(r.Plan.Effects)
}

// Build builds every crate for every target and writes the binaries to <out>/<target>/<name>.
func (r *Release) Build(ctx context.Context) error {
	n, done, err := r.begin(false)
	if err != nil {
		return err
	}
	defer done()
	return n.each(ctx, n.crates, "building", func(c *crate, ctx context.Context) error { return c.made.Build.WriteBinaries(ctx, c.made.Out) })
}

// Test runs every crate's tests for every target and reports what was tested.
func (r *Release) Test(ctx context.Context) (*report.Report, error) {
	n, done, err := r.begin(false)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := n.each(ctx, n.crates, "testing", (*crate).test); err != nil {
		return nil, err
	}
	return n.ended(), nil
}

// Reproduce compares the published release of the plan's only crate with one that is built again.
func (r *Release) Reproduce(ctx context.Context, from reproduce.Published) (*reproduce.Report, error) {
	if len(r.Plan.Crates) != 1 {
		return nil, fmt.Errorf("reproducing %s: expected a plan of one crate", r.Plan.Title())
	}
	n, done, err := r.begin(false)
	if err != nil {
		return nil, err
	}
	defer done()
	again := &reproduce.Again{Crate: *n.crates[0].made, From: from}
	return again.Run(ctx)
}
