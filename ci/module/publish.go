package module

import (
	"context"
	"errors"

	"dagger/slipway/ci/github"
	"dagger/slipway/ci/release"
	"dagger/slipway/ci/sign"
)

// Publishing are the arguments that say where a release is published, and as whom.
type Publishing struct {
	Repository, GitHubToken, GitHubAPI string
	RegistryToken                      string
	Actor                              string
	InitialRelease                     bool
}

// again is how a person continues a release of the module.
const again = "dagger call release-crate … --dry-run=false, with the same arguments"

// Publish releases the crate. What can be told of the source and the arguments is
// told before anything is built.
func (s *Session) Publish(ctx context.Context, o Signing, to Publishing) (*release.Summary, error) {
	signer, signErr := s.sign(o) // first: the plan says how it signs
	s.in.RegistryToken = to.RegistryToken
	w, p, err := s.Plan(ctx)
	if err == nil {
		err = p.Source.CheckRelease()
	}
	if err != nil {
		return nil, err
	}
	if err := signErr; err != nil && !errors.Is(err, sign.ErrNoToken) { // a library has nothing to sign: the release knows
		return nil, err
	}
	if signer == nil && p.Signing != "" {
		return nil, sign.ErrNoToken
	}
	client, err := github.New(github.Options{Repository: to.Repository, Token: to.GitHubToken, API: to.GitHubAPI})
	if err != nil {
		return nil, err
	}
	r, err := s.prepare(ctx, w, p)
	if err != nil {
		return nil, err
	}
	r.Signer = signer
	return r.Publish(ctx, release.Remotes{
		GitHub: client, RegistryToken: to.RegistryToken, Actor: to.Actor, InitialRelease: to.InitialRelease, Again: again,
	})
}
