package module

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"dagger.io/dagger"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/github"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/release"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/verify"
)

// Publishing holds the arguments that say where a release is published, and as whom.
type Publishing struct {
	Repository, GitHubToken, GitHubAPI string
	RegistryToken                      string // of crates.io
	Actor                              string
	InitialRelease                     []string // the crates that the registry does not have yet
	// Dist is the ID of a directory with prebuilt artifacts to publish, "" for none. Identity
	// is the signer that they must have, "" for the repository's release workflow. SourceRef
	// and Runner are the ref and the runner of the signing run, "" for the defaults of
	// verify.Expect.
	Dist, Identity, SourceRef, Runner string
	// DryRun verifies the artifacts in Dist and publishes nothing.
	DryRun bool
}

// prebuilt returns the prebuilt artifacts to publish, or nil for none.
func (s *Session) prebuilt(ctx context.Context, to Publishing, trust string) (*release.Given, error) {
	if to.Dist == "" {
		return nil, nil
	}
	e, err := verify.Expect(to.Repository, to.Identity, verify.Issuer, nil)
	e = e.From(to.SourceRef, to.Runner)
	if err == nil && trust != "" {
		e.Root, err = trusted(trust)
	}
	if err == nil {
		_, err = s.client.LoadDirectoryFromID(dagger.DirectoryID(to.Dist)).Export(ctx, s.out())
	}
	if err != nil {
		return nil, fmt.Errorf("checking the artifacts to publish: %w", err)
	}
	return &release.Given{Dir: s.out(), Expect: e}, nil
}

// remotes returns a function for a crate's remotes. command is the function to call again to
// continue a release.
func (s *Session) remotes(o Publishing, command string) (func(*plan.Plan) release.Remotes, error) {
	client, err := github.New(github.Options{Repository: o.Repository, Token: o.GitHubToken, API: o.GitHubAPI})
	if err != nil {
		return nil, err
	}
	return func(p *plan.Plan) release.Remotes {
		to := release.Remotes{
			GitHub: client, Registries: s.registries(), Actor: o.Actor, InitialRelease: slices.Contains(o.InitialRelease, p.Crate),
			Again: "dagger call " + command + " … --dry-run=false, with the same arguments",
		}
		if s.in.Toolchain != "" || s.in.Layout != "" {
			to.Toolchain = p.Toolchain
		}
		return to
	}, nil
}

// signerOf returns the signer for a release of the plans, nil if nothing is to be signed. It
// returns an error for problems of the source and the arguments that can be found before
// anything is built.
func signerOf(plans []*plan.Plan, signer *sign.Signer, signErr error) (*sign.Signer, error) {
	if signErr != nil && !errors.Is(signErr, sign.ErrNoToken) {
		return nil, signErr
	}
	for _, p := range plans {
		if err := p.CheckRelease(); err != nil {
			return nil, err
		}
		if signErr != nil && p.Signing != "" {
			return nil, signErr
		}
	}
	return signer, nil
}

// Publish releases the crate.
func (s *Session) Publish(ctx context.Context, o Signing, to Publishing) (_ *release.Summary, failed error) {
	defer console.ForPeople(&failed)
	signer, signErr := s.sign(o) // before planning, because the plan says how it signs
	s.in.RegistryToken = to.RegistryToken
	w, p, err := s.Plan(ctx)
	if err != nil {
		return nil, err
	}
	prebuilt, err := s.prebuilt(ctx, to, o.TrustedRoot)
	if err != nil {
		return nil, err
	}
	if prebuilt == nil {
		if signer, err = signerOf([]*plan.Plan{p}, signer, signErr); err != nil {
			return nil, err
		}
	}
	remotes, err := s.remotes(to, "release-crate")
	if err != nil {
		return nil, err
	}
	r, err := s.prepare(ctx, w, p)
	if err != nil {
		return nil, err
	}
	r.Signer, r.Given = signer, prebuilt
	if to.DryRun {
		return r.CheckGiven(ctx)
	}
	return r.Publish(ctx, remotes(p))
}
