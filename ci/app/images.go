package app

import (
	"context"
	"errors"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/release"
	"dagger/slipway/ci/report"
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
	do, e := (*release.Images).DryRun, &execution{workspace: v.Workspace, running: v.Running, out: v.Out}
	switch {
	case v.Plan:
		_, p, err := v.plan(ctx, h)
		if err != nil {
			return Outcome{}, err
		}
		return v.Output.plan(p)
	case v.Stage:
		do = (*release.Images).Stage
	case !v.DryRun:
		e.signs, do = v.signer, (*release.Images).Publish
	}
	return v.execute(ctx, h, e, do)
}

// execute plans the images, opens their builds and calls do.
func (v *Images) execute(ctx context.Context, h Host, e *execution, do func(*release.Images, context.Context) (*report.Images, error)) (Outcome, error) {
	from, p, err := v.plan(ctx, h)
	if err != nil {
		return Outcome{}, err
	}
	if e.signs != nil {
		if err := p.CheckRelease(); err != nil {
			return Outcome{}, err
		}
		if e.signer, err = e.signs(ctx); err != nil {
			return Outcome{}, err
		}
		e.signs = nil // nothing of the builds is signed
	}
	r := &release.Images{Workspace: from.workspace, Plan: p, Files: from.dir, Signer: e.signer, Out: h.Out(v.Out)}
	if r.To, err = v.remotes(ctx, h); err != nil {
		return Outcome{}, err
	}
	done, err := v.open(ctx, h, e, r)
	if err != nil {
		return Outcome{}, err
	}
	made, err := do(r, ctx)
	if err = errors.Join(err, done()); made == nil {
		return Outcome{}, err
	}
	told, err := v.told(made, v.Out, err)
	told.Dir = r.Out
	return told, err
}

func (v *Images) plan(ctx context.Context, h Host) (*planning, *plan.Images, error) {
	from, err := v.Workspace.plan(ctx, h, &v.Signing)
	if err != nil {
		return nil, nil, err
	}
	from.request.Version = v.Version
	p, err := plan.NewImages(from.workspace, v.Version, v.Images, from.request)
	return from, p, err
}

func (v *Images) remotes(ctx context.Context, h Host) (release.ImageRemotes, error) {
	to := release.ImageRemotes{Registry: v.Registry, Repository: v.Repository, Username: v.Username, Again: h.Again()}
	if v.DryRun || v.Stage {
		return to, nil
	}
	var err error
	to.Password, err = v.Password.read(ctx)
	return to, err
}

// open prepares the source of the images: another job's staged results, prebuilt images, or
// runners that build them.
func (v *Images) open(ctx context.Context, h Host, e *execution, r *release.Images) (done func() error, err error) {
	done = func() error { return nil }
	if v.Staged.Staged.Set {
		dir, work, err := v.Staged.open(ctx, h)
		if err != nil {
			return nil, err
		}
		r.Builds = e.withoutRunners(h, r.Workspace, r.Plan.Builds)
		return done, r.UseStaged(dir, work)
	}
	if r.Prebuilt, r.PrebuiltDigest, err = prebuilt(ctx, h, v.Dist, v.DistDigest, "images are released"); err != nil || r.Prebuilt != "" {
		return done, err
	}
	r.Builds, done, err = e.open(ctx, h, r.Workspace, r.Plan.Builds)
	return done, err
}
