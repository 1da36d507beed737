package app

import (
	"context"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/release"
)

// Images releases the workspace's OCI images.
type Images struct {
	Version string `name:"version" required:"true" help:"version of the images"`
	Workspace
	Running
	Signing
	Staged
	_          struct{}  `exclusive:"dist,staged,stage"`
	Images     []string  `name:"image" help:"<name> of an image to release, once for each (default: all)"`
	Plan       bool      `name:"plan" help:"print everything that a release would do, and its digest; run nothing"`
	DryRun     bool      `name:"dry-run" default:"true" help:"run every step and change nothing anywhere"`
	Registry   string    `name:"registry" default:"ghcr.io" help:"<host> of the registry, with its port where it has one"`
	Repository string    `name:"repository" env:"GITHUB_REPOSITORY" help:"<owner/name> that the images go below"`
	Username   string    `name:"registry-username" env:"REGISTRY_USERNAME" help:"user of the registry" only:"module"`
	Password   Secret    `name:"registry-password" env:"REGISTRY_PASSWORD" help:"password or token of that user" only:"module"`
	Out        string    `name:"out" default:"dist" help:"<directory> for the images" only:"command"`
	Stage      bool      `name:"stage" help:"run the steps and write their results to --out, for another job to make the images from" only:"command"`
	Dist       Directory `name:"dist" help:"release the images in this <directory>, made by a dry run, and build nothing"`
	DistDigest string    `name:"dist-digest" help:"<digest> of that directory, as the job that made it printed it; it must be the same"`
}

// Run plans first. A release asks for its signer and its password when nothing in the plan stops it,
// and before anything is built.
func (v *Images) Run(ctx context.Context, h Host) (Outcome, error) {
	e := &execution{
		workspace: v.Workspace, running: v.Running, out: v.Out, shown: v.Out, do: (*release.Release).DryRun, staged: v.Staged.given(),
		connects: func(ctx context.Context) (release.Remotes, error) { return v.remotes(ctx, h) },
	}
	switch {
	case v.Stage:
		e.do = (*release.Release).Stage
	case !v.DryRun:
		e.releases, e.do, e.signs = true, (*release.Release).Publish, v.signerIfAny
	}
	from, err := v.plan(ctx, h, &v.Signing, plan.Request{Images: &plan.ImagesRequest{Version: v.Version, Names: v.Images}})
	if err != nil {
		return Outcome{}, err
	}
	if v.Plan {
		return v.planned(from.plan)
	}
	if e.prebuilt, err = prebuilt(ctx, h, v.Dist, v.DistDigest, "images are released"); err != nil {
		return Outcome{}, err
	}
	return e.run(ctx, h, from)
}

// remotes returns where the images go.
func (v *Images) remotes(ctx context.Context, h Host) (release.Remotes, error) {
	to := release.Remotes{Again: h.Again(), Images: release.ImageRemotes{Registry: v.Registry, Repository: v.Repository, Username: v.Username}}
	if v.DryRun || v.Stage {
		return to, nil
	}
	var err error
	to.Images.Password, err = v.Password.read(ctx)
	return to, err
}
