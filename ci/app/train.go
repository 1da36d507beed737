package app

import (
	"context"
	"errors"
	"path/filepath"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/release"
	"dagger/slipway/ci/report"
)

// Train releases several crates.
type Train struct {
	Workspace
	Running
	Signing
	Remotes
	Crates  []string `name:"crates" list:"comma" complete:"crates" help:"<crates> to release, as name or name@version (default: every one that goes to a registry)"`
	Initial []string `name:"initial-release" list:"comma" complete:"crates" help:"<crates> of the train that the registry does not have yet: do not ask for their owners"`
	DryRun  bool     `name:"dry-run" default:"true" help:"run every step and change nothing anywhere"`
	Plan    bool     `name:"plan" help:"print everything that the train would do, and its digest; run nothing"`
	Out     string   `name:"out" default:"dist" help:"<directory> for the artifacts, one below it per crate" only:"command"`
}

// Run plans first; a release asks for its signer and its remotes when nothing in the plans stops it,
// and before anything is built.
func (v *Train) Run(ctx context.Context, h Host) (Outcome, error) {
	from, err := v.Workspace.plan(ctx, h, &v.Signing)
	if err != nil {
		return Outcome{}, err
	}
	p, err := plan.NewTrain(from.workspace, v.Crates, from.request)
	if err != nil {
		return Outcome{}, err
	}
	if err := p.CheckInitial(v.Initial); err != nil {
		return Outcome{}, err
	}
	if v.Plan {
		return v.Output.plan(p)
	}
	e := &execution{workspace: v.Workspace, running: v.Running, out: v.Out, releases: !v.DryRun, chosen: from.chosen()}
	do := (*release.Train).DryRun
	if e.releases {
		do = v.publish(h, e)
	}
	list, done, err := e.open(ctx, h, from.workspace, p.Crates)
	if err != nil {
		return Outcome{}, err
	}
	for _, r := range list {
		r.Out = filepath.Join(r.Out, r.Plan.Crate)
	}
	made, err := do(&release.Train{Plan: p, Releases: list}, ctx)
	if err = errors.Join(err, done()); made == nil {
		return Outcome{}, err
	}
	return v.told(made, v.Out, err)
}

// publish returns a function that releases a train.
func (v *Train) publish(h Host, e *execution) func(*release.Train, context.Context) (*report.Train, error) {
	var remotes func(*plan.Plan) release.Remotes
	e.signs = v.signerIfAny
	e.connects = func(ctx context.Context) (err error) {
		remotes, err = v.Remotes.open(ctx, h, e, v.Initial)
		return err
	}
	return func(t *release.Train, ctx context.Context) (*report.Train, error) { return t.Publish(ctx, remotes) }
}
