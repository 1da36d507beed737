package app

import (
	"context"
	"errors"
	"fmt"

	"dagger/slipway/ci/assemble"
	"dagger/slipway/ci/credential"
	"dagger/slipway/ci/github"
	"dagger/slipway/ci/release"
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
	if v.Staged.Staged.Set && !v.DryRun { // publishing is up to yet another job, which takes what is signed
		return Outcome{}, errors.New("checking --staged: it requires a dry run: sign with `slipway dist --staged`, and publish its output with --dist")
	}
	e := execution{out: v.Out, shown: v.Out, do: (*release.Release).DryRun, staged: v.Staged.given()}
	var err error
	if e.prebuilt, err = v.prebuilt(ctx, h); err != nil {
		return Outcome{}, err
	}
	if e.prebuilt != nil {
		e.shown = v.Dist.Name
	}
	if !v.DryRun {
		var initial []string
		if v.Initial {
			initial = []string{v.Crate}
		}
		e.publishes(h, &v.Signing, &v.Remotes, initial)
	}
	return v.run(ctx, h, &v.Signing, e)
}

// publishes makes the execution one that publishes. initial names the crates that their registry
// does not have yet.
func (e *execution) publishes(h Host, s *Signing, to *Remotes, initial []string) {
	e.releases, e.do, e.signs = true, (*release.Release).Publish, s.signerIfAny
	e.connects = func(ctx context.Context) (release.Remotes, error) { return to.open(ctx, h, initial) }
}

// prebuilt returns the prebuilt artifacts to publish, nil if there are none.
func (v *Release) prebuilt(ctx context.Context, h Host) (*assemble.Prebuilt, error) {
	made, err := prebuilt(ctx, h, v.Dist, v.DistDigest, "artifacts are published")
	if err != nil || made == nil {
		return nil, err
	}
	made.Expect, err = v.expect(v.Repository, nil)
	if err == nil && v.TrustedRoot.Given() {
		made.Expect.Root, err = v.TrustedRoot.trustedRoot(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("checking the artifacts in %q: %w", made.Dir, err)
	}
	return made, nil
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

// open returns the remotes of a release. initial names the crates that their registry does not have
// yet.
func (r *Remotes) open(ctx context.Context, h Host, initial []string) (release.Remotes, error) {
	to := release.Remotes{Actor: r.Actor, Initial: initial, Environment: r.Environment, Again: h.Again()}
	var err error
	if to.GitHub, err = r.client(ctx, r.Repository, r.GitHubToken); err != nil {
		return to, err
	}
	to.Registries, err = registries(ctx, h, r.RegistryToken)
	return to, err
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
