package app

import (
	"context"
	"errors"
	"fmt"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/sign"
)

// HowToSign returns the options themselves, so that a front end can set those of any verb.
func (s *Signing) HowToSign() *Signing { return s }

// how returns the plan's term for the way of signing.
func (s *Signing) how() string {
	if s.Key.Given() {
		return plan.SignedByKey
	}
	return plan.SignedKeyless
}

// options returns the addresses of the signing services.
func (s *Signing) options() sign.Options {
	return sign.Options{Fulcio: s.FulcioURL, Rekor: s.RekorURL, Timestamp: s.TimestampURL}
}

// signer returns the signer. Its error is sign.ErrNoToken if there is no identity to sign with.
func (s *Signing) signer(ctx context.Context) (*sign.Signer, error) {
	o := s.options()
	var err error
	if s.TrustedRoot.Given() {
		if o.Root, err = s.TrustedRoot.trustedRoot(ctx); err != nil {
			return nil, err
		}
	}
	if s.Key.Given() {
		if o.Key, err = s.Key.read(ctx, "the signing key"); err != nil {
			return nil, err
		}
		if o.KeyPassword, err = s.KeyPassword.read(ctx); err != nil {
			return nil, err
		}
		return sign.New(o)
	}
	if o.Token, err = s.token(ctx); err != nil {
		return nil, err
	}
	return sign.New(o)
}

// token returns the source of identity tokens, nil if there is none: a given token takes
// precedence over the job's own.
func (s *Signing) token(ctx context.Context) (sign.TokenSource, error) {
	token, err := s.IdentityToken.read(ctx)
	if err != nil {
		return nil, err
	}
	if s.IdentityToken != nil {
		if token.Empty() {
			return nil, fmt.Errorf("reading the identity token: %w", ErrEmpty)
		}
		return sign.GivenToken(token), nil
	}
	url, err := s.RequestURL.read(ctx)
	if err != nil || url.Empty() {
		return nil, err
	}
	bearer, err := s.RequestToken.read(ctx)
	if err != nil || bearer.Empty() {
		return nil, err
	}
	return sign.GitHubToken(url, bearer), nil
}

// signerIfAny returns the signer, or nil if there is no identity. That is no error yet, because a
// library has nothing to sign: see [execution.check].
func (s *Signing) signerIfAny(ctx context.Context) (*sign.Signer, error) {
	signer, err := s.signer(ctx)
	if errors.Is(err, sign.ErrNoToken) {
		return nil, nil
	}
	return signer, err
}
