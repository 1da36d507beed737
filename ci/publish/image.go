package publish

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/repository"
	"dagger/slipway/ci/version"
)

// Image performs the effects of releasing one image, in the order push, sign, attest, tag,
// latest: an image found by a tag is already signed. Each effect addresses the image by its
// digest, so a tag that moves meanwhile does not matter. repository.Transient tells which of
// their errors are transient.
type Image struct {
	repository *repository.Repository
	version    version.Version
	entity     repository.Entity
	digest     v1.Hash
}

// NewImage returns the effects of releasing an image or an image index to a repository as the
// version.
func NewImage(to *repository.Repository, v version.Version, e repository.Entity) (*Image, error) {
	digest, err := e.Digest()
	if err != nil {
		return nil, fmt.Errorf("reading the digest of the image for %q: %w", to.Name(), err)
	}
	return &Image{repository: to, version: v, entity: e, digest: digest}, nil
}

// Digest returns the image's reference by digest, which is what gets signed.
func (i *Image) Digest() name.Digest { return i.repository.Name().Digest(i.digest.String()) }

// Tag returns the image's reference by the tag of its version.
func (i *Image) Tag() name.Tag { return i.repository.Name().Tag(i.version.ImageTag()) }

// PushEffect returns the effect that pushes the image by digest without a tag, so only those
// who know the digest find it.
func (i *Image) PushEffect(about string) Effect {
	return Effect{
		Kind: plan.EffectPush, About: about,
		Look: func(ctx context.Context) (Verdict, error) {
			_, there, err := i.repository.Digest(ctx, i.Digest())
			if err != nil || !there {
				return Do, err
			}
			return Done, nil // a registry accepts a manifest only after its blobs
		},
		Act:   func(ctx context.Context) error { return i.repository.Push(ctx, i.Digest(), i.entity) },
		Where: i.Digest().String,
	}
}

// TagEffect returns the effect that tags the image with its version. The tag never moves.
func (i *Image) TagEffect(about string) Effect {
	return Effect{
		Kind: plan.EffectTag, About: about,
		Look: func(ctx context.Context) (Verdict, error) {
			at, there, err := i.repository.Digest(ctx, i.Tag())
			if err != nil {
				return Do, err
			}
			return decideImageTag(i.Tag(), at, there, i.digest)
		},
		Act:   func(ctx context.Context) error { return i.repository.Put(ctx, i.Tag(), i.entity) },
		Where: i.Tag().String,
	}
}

// Check returns a *Conflict if the version's tag points to another image.
func (i *Image) Check(ctx context.Context) error {
	_, err := i.TagEffect("").Look(ctx)
	return err
}

// decideImageTag compares what the version's tag points to with the expected digest.
func decideImageTag(tag name.Tag, at v1.Hash, there bool, want v1.Hash) (Verdict, error) {
	switch {
	case !there:
		return Do, nil
	case at == want:
		return Done, nil
	}
	return Done, &Conflict{fmt.Sprintf("image %q is %s, expected %s", tag, at, want), "the image of a version is never changed: release another version"}
}
