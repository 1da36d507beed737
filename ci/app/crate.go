package app

import (
	"context"
	"errors"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/release"
	"dagger/slipway/ci/report"
)

// OneCrate is what the verbs for one crate that run steps have in common.
type OneCrate struct {
	Workspace
	Subject
	Running
}

// act does something with a release.
type act func(context.Context, *release.Release) (*report.Crate, error)

// run plans the crate's release, opens it and does what act says. shown is the directory of its
// files in the text.
func (c *OneCrate) run(ctx context.Context, h Host, s *Signing, e *execution, shown string, do act) (Outcome, error) {
	from, p, err := c.plan(ctx, h, s, e)
	if err != nil {
		return Outcome{}, err
	}
	list, done, err := e.open(ctx, h, from.workspace, []*plan.Plan{p})
	if err != nil {
		return Outcome{}, err
	}
	made, err := do(ctx, list[0])
	return c.ended(h, e, made, shown, errors.Join(err, done()))
}

// runStaged does the same with what another job has staged. There is no runner, so that nothing
// of the workspace can run.
func (c *OneCrate) runStaged(ctx context.Context, h Host, s *Signing, e *execution, staged *Staged, do act) (Outcome, error) {
	from, p, err := c.plan(ctx, h, s, e)
	if err != nil {
		return Outcome{}, err
	}
	if err := e.check(ctx, []*plan.Plan{p}); err != nil {
		return Outcome{}, err
	}
	dir, work, err := staged.open(ctx, h)
	if err != nil {
		return Outcome{}, err
	}
	r := e.withoutRunners(h, from.workspace, []*plan.Plan{p})[0]
	if err := r.UseStaged(dir, work); err != nil {
		return Outcome{}, err
	}
	made, err := do(ctx, r)
	return c.ended(h, e, made, e.out, err)
}

func (c *OneCrate) plan(ctx context.Context, h Host, s *Signing, e *execution) (*planning, *plan.Plan, error) {
	from, err := c.Workspace.plan(ctx, h, s)
	if err != nil {
		return nil, nil, err
	}
	p, err := from.crate(c.Subject)
	if err != nil {
		return nil, nil, err
	}
	e.workspace, e.running, e.chosen = c.Workspace, c.Running, from.chosen()
	return from, p, nil
}

func (c *OneCrate) ended(h Host, e *execution, made *report.Crate, shown string, err error) (Outcome, error) {
	if made == nil {
		return Outcome{Dir: h.Out(e.out)}, err
	}
	told, err := c.told(made, shown, err)
	told.Dir = h.Out(e.out)
	return told, err
}

// Build builds a crate's binaries.
type Build struct {
	OneCrate
	Signing `only:"setup"`
	Out     string `name:"out" default:"bin" help:"<directory> for the binaries, one below it per target" only:"command"`
}

// Run writes the binaries and prints nothing.
func (v *Build) Run(ctx context.Context, h Host) (Outcome, error) {
	return v.run(ctx, h, &v.Signing, &execution{out: v.Out}, v.Out, func(ctx context.Context, r *release.Release) (*report.Crate, error) {
		return nil, r.Build(ctx)
	})
}

// Test runs a crate's tests.
type Test struct {
	OneCrate
	Signing `only:"setup"`
}

// Run prints what was tested.
func (v *Test) Run(ctx context.Context, h Host) (Outcome, error) {
	return v.run(ctx, h, &v.Signing, &execution{}, "", func(ctx context.Context, r *release.Release) (*report.Crate, error) {
		return r.Test(ctx)
	})
}

// Stage runs every step of a release for another job to sign.
type Stage struct {
	OneCrate
	Signing        // the plan says how it will be signed, and with which services
	Out     string `name:"out" default:"staged" help:"<directory> for the results, which must be missing or empty" only:"command"`
}

// Run signs nothing, and reads no secret.
func (v *Stage) Run(ctx context.Context, h Host) (Outcome, error) {
	return v.run(ctx, h, &v.Signing, &execution{out: v.Out}, v.Out, func(ctx context.Context, r *release.Release) (*report.Crate, error) {
		return r.Stage(ctx)
	})
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
	e := &execution{out: v.Out, releases: true, signs: v.signerIfAny}
	do := func(ctx context.Context, r *release.Release) (*report.Crate, error) { return r.Dist(ctx) }
	if v.Staged.Staged.Set {
		return v.runStaged(ctx, h, &v.Signing, e, &v.Staged, do)
	}
	return v.run(ctx, h, &v.Signing, e, v.Out, do)
}
