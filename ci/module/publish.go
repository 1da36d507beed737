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

// Publishing are the arguments that say where a release is published, and as whom.
type Publishing struct {
	Repository, GitHubToken, GitHubAPI string
	RegistryToken                      string // of crates.io
	Actor                              string
	InitialRelease                     []string // the crates that the registry does not have yet
	// Dist is the ID of a directory with artifacts to publish as they are, "" for none;
	// Identity is who must have signed them, "" for the repository's release workflow, and
	// SourceRef and Runner where, "" for what follows from that.
	Dist, Identity, SourceRef, Runner string
	// DryRun verifies the artifacts of Dist and publishes nothing.
	DryRun bool
}

// given are the artifacts to publish as they are, nil for none.
func (s *Session) given(ctx context.Context, to Publishing, trust string) (*release.Given, error) {
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

// remotes returns a crate's remotes. command is how a person continues what was begun.
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

// signerOf is the signer of a release of plans, nil where nothing is to be signed.
// What can be told of the source and the arguments is told before anything is built.
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
	signer, signErr := s.sign(o) // first: the plan says how it signs
	s.in.RegistryToken = to.RegistryToken
	w, p, err := s.Plan(ctx)
	if err != nil {
		return nil, err
	}
	given, err := s.given(ctx, to, o.TrustedRoot)
	if err != nil {
		return nil, err
	}
	if given == nil {
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
	r.Signer, r.Given = signer, given
	if to.DryRun {
		return r.CheckGiven(ctx)
	}
	return r.Publish(ctx, remotes(p))
}
