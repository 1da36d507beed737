package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"dagger/slipway/ci/assemble"
	"dagger/slipway/ci/credential"
	"dagger/slipway/ci/github"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/release"
	"dagger/slipway/ci/report"
)

// Release releases a crate.
type Release struct {
	OneCrate
	Signing
	Remotes
	SignedBy
	Staged
	_          struct{}  `exclusive:"dist,staged"`
	DryRun     bool      `name:"dry-run" default:"true" help:"run every step and change nothing anywhere"`
	Initial    bool      `name:"initial-release" help:"the registry does not have the crate yet: do not ask for its owners"`
	Out        string    `name:"out" default:"dist" help:"<directory> for the artifacts" only:"command"`
	Dist       Directory `name:"dist" help:"publish the artifacts in this <directory>, and build and sign nothing"`
	DistDigest string    `name:"dist-digest" help:"<digest> of that directory, as the job that made it printed it; it must be the same"`
}

// Run plans first. What only a release needs (the signer, the repository, tokens) is asked for when
// nothing in the plan stops it, and before anything is built.
func (v *Release) Run(ctx context.Context, h Host) (Outcome, error) {
	if v.Staged.Staged.Set {
		return v.packageStaged(ctx, h)
	}
	made, err := v.prebuilt(ctx, h)
	if err != nil {
		return Outcome{}, err
	}
	e, shown := &execution{out: v.Out, prebuilt: made}, v.Out
	if made != nil {
		shown = v.Dist.Name
	}
	if v.DryRun {
		return v.run(ctx, h, &v.Signing, e, shown, dryRun)
	}
	var initial []string
	if v.Initial {
		initial = []string{v.Crate}
	}
	var remotes func(*plan.Plan) release.Remotes
	e.releases, e.signs = true, v.signerIfAny
	e.connects = func(ctx context.Context) (err error) {
		remotes, err = v.Remotes.open(ctx, h, e, initial)
		return err
	}
	return v.run(ctx, h, &v.Signing, e, shown, func(ctx context.Context, r *release.Release) (*report.Crate, error) {
		return r.Publish(ctx, remotes(r.Plan))
	})
}

func dryRun(ctx context.Context, r *release.Release) (*report.Crate, error) { return r.DryRun(ctx) }

// packageStaged makes a dry run with what another job has staged. Publishing is up to yet another
// job, which takes the signed artifacts.
func (v *Release) packageStaged(ctx context.Context, h Host) (Outcome, error) {
	if !v.DryRun {
		return Outcome{}, errors.New("checking --staged: it requires a dry run: sign with `slipway dist --staged`, and publish its output with --dist")
	}
	return v.runStaged(ctx, h, &v.Signing, &execution{out: v.Out}, &v.Staged, dryRun)
}

// prebuilt returns the prebuilt artifacts to publish, nil if there are none.
func (v *Release) prebuilt(ctx context.Context, h Host) (*assemble.Prebuilt, error) {
	dir, digest, err := prebuilt(ctx, h, v.Dist, v.DistDigest, "artifacts are published")
	if err != nil || dir == "" {
		return nil, err
	}
	e, err := v.expect(v.Repository, nil)
	if err == nil && v.TrustedRoot.Given() {
		e.Root, err = v.TrustedRoot.trustedRoot(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("checking the artifacts in %q: %w", dir, err)
	}
	return &assemble.Prebuilt{Dir: dir, Digest: digest, Expect: e}, nil
}

// client returns a client for the GitHub repository.
func (a API) client(ctx context.Context, repository string, token Secret) (*github.Client, error) {
	value, err := token.read(ctx)
	if err != nil {
		return nil, err
	}
	client, err := github.New(github.Options{Repository: repository, Token: value, API: a.GitHubAPI})
	if err != nil {
		return nil, errors.Join(err, errors.New("name the repository (--repository owner/name)"))
	}
	return client, nil
}

// open returns a function for a crate's remotes, and gives the execution the tokens of
// registries. initial names the crates that the registry does not have yet.
func (r *Remotes) open(ctx context.Context, h Host, e *execution, initial []string) (func(*plan.Plan) release.Remotes, error) {
	client, err := r.client(ctx, r.Repository, r.GitHubToken)
	if err != nil {
		return nil, err
	}
	if e.registries, err = registries(ctx, h, r.RegistryToken); err != nil {
		return nil, err
	}
	return func(p *plan.Plan) release.Remotes {
		to := release.Remotes{
			GitHub: client, Registries: e.registries, Actor: r.Actor, InitialRelease: slices.Contains(initial, p.Crate), Environment: r.Environment, Again: h.Again(),
		}
		if e.chosen {
			to.Toolchain = p.Toolchain
		}
		return to
	}, nil
}

// registries returns the tokens of registries: that of crates.io, and the host's for others.
func registries(ctx context.Context, h Host, cratesIO Secret) (credential.Registries, error) {
	all, err := h.Registries(ctx)
	if err != nil || cratesIO == nil {
		return all, err
	}
	token, err := cratesIO(ctx)
	others := all.Lookup
	all.Lookup = func(name string) string {
		if name == credential.Variable("") {
			return token.Reveal()
		}
		return others(name)
	}
	return all, err
}
