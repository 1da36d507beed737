package publish

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/sigstore/cosign/v2/pkg/oci"
	"github.com/sigstore/cosign/v2/pkg/oci/mutate"
	ociremote "github.com/sigstore/cosign/v2/pkg/oci/remote"

	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/verify"
)

// SignEffect signs the image. It is found done when a signature of exactly the
// expected identity on its digest verifies; those of others stay where they are.
func (i *Image) SignEffect(about string, by *sign.Signer, who verify.Expectation) Effect {
	a := attachment{
		image: i, where: ociremote.SignatureTag,
		sign: func(ctx context.Context) (oci.Signature, error) { return by.Image(ctx, i.Digest()) },
		judge: func(ctx context.Context, there oci.Signatures) (Verdict, error) {
			good, _, err := who.Signatures(ctx, there, i.digest)
			return decideSigned(good), err
		},
	}
	return a.effect("signature", about)
}

func decideSigned(good int) Verdict {
	if good > 0 {
		return Done
	}
	return Do
}

// AttestEffect signs a statement of a predicate type about the image. It is found
// done when such a statement of exactly the expected identity about its digest
// verifies. statement is asked for when it is needed.
func (i *Image) AttestEffect(about, predicateType string, statement func(context.Context) ([]byte, error), by *sign.Signer, who verify.Expectation) Effect {
	a := attachment{
		image: i, where: ociremote.AttestationTag,
		sign: func(ctx context.Context) (oci.Signature, error) {
			raw, err := statement(ctx)
			if err != nil {
				return nil, err
			}
			if err := verify.States(raw, predicateType, i.digest); err != nil {
				return nil, fmt.Errorf("checking what is to be signed: %w", err)
			}
			return by.Attestation(ctx, raw)
		},
		judge: func(ctx context.Context, there oci.Signatures) (Verdict, error) {
			all, err := who.Attestations(ctx, there, i.digest)
			return decideAttested(all, predicateType), err
		},
	}
	return a.effect("attestation", about)
}

func decideAttested(all []verify.Attestation, predicateType string) Verdict {
	if slices.ContainsFunc(all, func(a verify.Attestation) bool { return a.PredicateType == predicateType && a.Refused == nil }) {
		return Done
	}
	return Do
}

// attachment is something that cosign keeps beside an image, in its classic form: a
// layer of another image, which has a tag made of the digest.
type attachment struct {
	image *Image
	where func(name.Reference, ...ociremote.Option) (name.Tag, error)
	sign  func(context.Context) (oci.Signature, error)
	judge func(context.Context, oci.Signatures) (Verdict, error)
	made  oci.Signature // by this run: a log has it
}

func (a *attachment) effect(kind, about string) Effect {
	return Effect{
		Kind: kind, About: about, Act: a.attach,
		Look: func(ctx context.Context) (Verdict, error) {
			_, there, err := a.read(ctx)
			if err != nil {
				return Do, err
			}
			return a.judge(ctx, there)
		},
		Where: func() string { return a.image.Digest().String() },
	}
}

// read reads what is attached: nothing where the tag is not there.
func (a *attachment) read(ctx context.Context) (name.Tag, oci.Signatures, error) {
	opts, err := a.image.repository.Options(ctx)
	if err != nil {
		return name.Tag{}, nil, err
	}
	tag, err := a.where(a.image.Digest(), ociremote.WithRemoteOptions(opts...))
	if err != nil {
		return tag, nil, err
	}
	there, err := ociremote.Signatures(tag, ociremote.WithRemoteOptions(opts...))
	if err != nil {
		return tag, nil, fmt.Errorf("reading %q: %w", tag, err)
	}
	return tag, there, nil
}

// attach signs, once in a run, and adds that to what is there at the moment of
// writing: signing takes its time, and another run may have done it.
func (a *attachment) attach(ctx context.Context) error {
	if a.made == nil {
		made, err := a.sign(ctx)
		if err != nil {
			return err
		}
		a.made = made
	}
	tag, there, err := a.read(ctx)
	if err != nil {
		return err
	}
	if verdict, err := a.judge(ctx, there); err != nil || verdict == Done {
		return err
	}
	all, err := mutate.AppendSignatures(there, false, a.made)
	if err != nil {
		return fmt.Errorf("adding to %q: %w", tag, err)
	}
	return a.image.repository.Push(ctx, tag, all)
}
