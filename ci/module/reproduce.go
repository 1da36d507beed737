package module

import (
	"context"
	"errors"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/github"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/release"
	"dagger/slipway/ci/reproduce"
	"dagger/slipway/ci/sign"
)

// Reproduction holds the arguments of Reproduce; "" means none.
type Reproduction struct {
	Repository, GitHubToken, GitHubAPI string
	RegistryToken                      string
	Identity, Issuer                   string
	SourceRef, Runner                  string // of the signing run; "" means verify.Expect's defaults
	Key, TrustedRoot                   string // contents of files
	Fulcio, Rekor, Timestamp           string // that the release was signed with
	JSON                               bool
}

// ErrDiffers is the error for a release that differs from one built from its source. ErrUnknown
// is the error if that could not be determined.
var (
	ErrDiffers = errors.New("reproducing: not all of it is the same")
	ErrUnknown = errors.New("reproducing: cannot say")
)

// Reproduce builds the crate's release again and compares it with the published one.
func (s *Session) Reproduce(ctx context.Context, o Reproduction) (_ string, failed error) {
	defer console.ForPeople(&failed)
	s.in.RegistryToken = o.RegistryToken
	from, err := s.published(o)
	if err != nil {
		return "", err
	}
	taken, err := s.take(ctx)
	if err != nil {
		return "", err
	}
	source, err := taken.State(ctx, plan.ReleaseBranch)
	if err != nil {
		return "", err
	}
	if err := release.CheckCheckout(ctx, from.GitHub, s.in.Crate, s.in.Version, source); err != nil {
		return "", err
	}
	s.in.SigningServices = sign.Options{Fulcio: o.Fulcio, Rekor: o.Rekor, Timestamp: o.Timestamp}.Services()
	if o.Key != "" {
		s.in.Signing = plan.SignedByKey
	}
	r, err := s.Release(ctx)
	if err != nil {
		return "", err
	}
	found, err := r.Reproduce(ctx, from)
	if err != nil {
		return "", err
	}
	text, err := either(o.JSON, func() (string, error) { return found.Text(), nil }, found.JSON)
	if err != nil {
		return "", err
	}
	switch found.Verdict {
	case reproduce.Differs:
		return "", console.Errorf("%w\n%s", ErrDiffers, console.Lines(text))
	case reproduce.Unknown:
		return "", console.Errorf("%w\n%s", ErrUnknown, console.Lines(text))
	}
	return text, nil
}

// published returns where the release is, and who must have signed it.
func (s *Session) published(o Reproduction) (release.Published, error) {
	client, err := github.New(github.Options{Repository: o.Repository, Token: o.GitHubToken, API: o.GitHubAPI})
	if err != nil {
		return release.Published{}, err
	}
	e, err := expectation(Verification{Repository: o.Repository, Identity: o.Identity, Issuer: o.Issuer, SourceRef: o.SourceRef, Runner: o.Runner, Key: o.Key, TrustedRoot: o.TrustedRoot})
	return release.Published{GitHub: client, Registries: s.registries(), Expect: e}, err
}
