package app

import (
	"context"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/release"
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

// Run plans first; a release asks for its signer and its remotes when nothing in the plan stops it,
// and before anything is built.
func (v *Train) Run(ctx context.Context, h Host) (Outcome, error) {
	from, err := v.Workspace.plan(ctx, h, &v.Signing, plan.Request{Crates: v.Crates})
	if err != nil {
		return Outcome{}, err
	}
	if err := from.plan.CheckInitial(v.Initial); err != nil {
		return Outcome{}, err
	}
	if v.Plan {
		return v.planned(from.plan)
	}
	e := &execution{workspace: v.Workspace, running: v.Running, out: v.Out, shown: v.Out, apart: true, do: (*release.Release).DryRun}
	if !v.DryRun {
		e.publishes(h, &v.Signing, &v.Remotes, v.Initial)
	}
	return e.run(ctx, h, from)
}
