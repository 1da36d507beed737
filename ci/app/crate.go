package app

import (
	"context"

	"dagger/slipway/ci/release"
	"dagger/slipway/ci/report"
)

// OneCrate is what the verbs for one crate that run steps have in common.
type OneCrate struct {
	Workspace
	Subject
	Running
}

// run plans the crate's release and executes it.
func (c *OneCrate) run(ctx context.Context, h Host, s *Signing, e execution) (Outcome, error) {
	from, err := c.planOne(ctx, h, s, c.Subject)
	if err != nil {
		return Outcome{}, err
	}
	e.workspace, e.running = c.Workspace, c.Running
	return e.run(ctx, h, from)
}

// Build builds a crate's binaries.
type Build struct {
	OneCrate
	Signing `only:"setup"`
	Out     string `name:"out" default:"bin" help:"<directory> for the binaries, one below it per target" only:"command"`
}

// Run writes the binaries and prints nothing.
func (v *Build) Run(ctx context.Context, h Host) (Outcome, error) {
	do := func(r *release.Release, ctx context.Context) (*report.Report, error) { return nil, r.Build(ctx) }
	return v.run(ctx, h, &v.Signing, execution{out: v.Out, shown: v.Out, do: do})
}

// Test runs a crate's tests.
type Test struct {
	OneCrate
	Signing `only:"setup"`
}

// Run prints what was tested.
func (v *Test) Run(ctx context.Context, h Host) (Outcome, error) {
	return v.run(ctx, h, &v.Signing, execution{do: (*release.Release).Test})
}

// Stage runs every step of a release for another job to sign.
type Stage struct {
	OneCrate
	Signing        // the plan says how it will be signed, and with which services
	Out     string `name:"out" default:"staged" help:"<directory> for the results, which must be missing or empty" only:"command"`
}

// Run signs nothing, and reads no secret.
func (v *Stage) Run(ctx context.Context, h Host) (Outcome, error) {
	return v.run(ctx, h, &v.Signing, execution{out: v.Out, shown: v.Out, do: (*release.Release).Stage})
}

// Dist builds, or takes what is staged, and signs; it publishes nothing.
type Dist struct {
	OneCrate
	Signing
	Staged
	Out string `name:"out" default:"dist" help:"<directory> for the artifacts" only:"command"`
}

// Run looks for the signer when nothing in the plan stops a release, and before anything is built.
func (v *Dist) Run(ctx context.Context, h Host) (Outcome, error) {
	return v.run(ctx, h, &v.Signing, execution{
		out: v.Out, shown: v.Out, do: (*release.Release).Dist, releases: true, signs: v.signerIfAny, staged: v.Staged.given(),
	})
}
