package publish

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/sigstore/cosign/v2/pkg/oci"
	"github.com/sigstore/cosign/v2/pkg/oci/mutate"
	ociremote "github.com/sigstore/cosign/v2/pkg/oci/remote"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/provenance"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/verify"
)

// SignEffect returns the effect that signs the image. It is already done if the image's
// digest has a valid signature by exactly the expected identity. Signatures by others are kept.
func (i *Image) SignEffect(about string, by *sign.Signer, who verify.Expectation) Effect {
	a := attachment{
		image: i, where: ociremote.SignatureTag,
		sign: func(ctx context.Context) (oci.Signature, error) { return by.Image(ctx, i.Digest()) },
		judge: func(ctx context.Context, there oci.Signatures) (Verdict, error) {
			good, _, err := who.Signatures(ctx, there, i.digest)
			return decideSigned(good), err
		},
	}
	return a.effect(plan.EffectSign, about)
}

func decideSigned(good int) Verdict {
	if good > 0 {
		return Done
	}
	return Do
}

// AttestEffect returns the effect that attests a statement of the predicate type about the
// image. It is already done if the image's digest has a valid attestation of that type by
// exactly the expected identity. statement is called only when the effect has to be performed.
func (i *Image) AttestEffect(about, predicateType string, statement func(context.Context) ([]byte, error), by *sign.Signer, who verify.Expectation) Effect {
	a := attachment{
		image: i, where: ociremote.AttestationTag,
		sign: func(ctx context.Context) (oci.Signature, error) {
			raw, err := statement(ctx)
			if err != nil {
				return nil, err
			}
			if err := verify.States(raw, predicateType, i.digest); err != nil {
				return nil, fmt.Errorf("checking what to sign: %w", err)
			}
			return by.Attestation(ctx, raw)
		},
		judge: func(ctx context.Context, there oci.Signatures) (Verdict, error) {
			all, err := who.Attestations(ctx, there, i.digest)
			return decideAttested(all, predicateType), err
		},
	}
	if predicateType == provenance.PredicateType {
		return a.effect(plan.EffectProvenance, about)
	}
	return a.effect(plan.EffectSBOM, about)
}

func decideAttested(all []verify.Attestation, predicateType string) Verdict {
	if slices.ContainsFunc(all, func(a verify.Attestation) bool { return a.PredicateType == predicateType && a.Refused == nil }) {
		return Done
	}
	return Do
}

// attachment is a signature or an attestation in cosign's classic layout: a layer of another
// image in the same repository, whose tag is derived from the signed image's digest.
type attachment struct {
	image *Image
	where func(name.Reference, ...ociremote.Option) (name.Tag, error)
	sign  func(context.Context) (oci.Signature, error)
	judge func(context.Context, oci.Signatures) (Verdict, error)
	made  oci.Signature // by this run; kept for retries, because it is in the transparency log
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

// read returns what is attached to the image, and the tag it is stored under. A missing tag
// is not an error: then nothing is attached.
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

// attach signs, at most once in a run, and appends the result to what is attached by then.
// It looks again after signing, because another run may have attached the same meanwhile.
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
