package publish

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"dagger/slipway/ci/repository"
	"dagger/slipway/ci/version"
)

// Image performs the effects of releasing one image. They stand in the order push,
// sign, attest, tag, latest: whoever finds an image by a tag finds it signed. Each is
// about the image by its digest, wherever a tag has moved meanwhile. Whether an error
// of theirs may pass, repository.Transient says.
type Image struct {
	repository *repository.Repository
	version    version.Version
	entity     repository.Entity
	digest     v1.Hash
}

// NewImage makes the effects of an image, or an index of images, that is released
// into a repository as a version.
func NewImage(to *repository.Repository, v version.Version, e repository.Entity) (*Image, error) {
	digest, err := e.Digest()
	if err != nil {
		return nil, fmt.Errorf("reading the digest of the image for %q: %w", to.Name(), err)
	}
	return &Image{repository: to, version: v, entity: e, digest: digest}, nil
}

// Digest is the image by its digest, as it is signed.
func (i *Image) Digest() name.Digest { return i.repository.Name().Digest(i.digest.String()) }

// Tag is the image by the tag of its version.
func (i *Image) Tag() name.Tag { return i.repository.Name().Tag(i.version.ImageTag()) }

// PushEffect pushes the image by its digest, with no tag: only who knows the digest
// finds it.
func (i *Image) PushEffect(about string) Effect {
	return Effect{
		Kind: "image", About: about,
		Look: func(ctx context.Context) (Verdict, error) {
			_, there, err := i.repository.Digest(ctx, i.Digest())
			if err != nil || !there {
				return Do, err
			}
			return Done, nil // a registry has no manifest without its blobs
		},
		Act:   func(ctx context.Context) error { return i.repository.Push(ctx, i.Digest(), i.entity) },
		Where: i.Digest().String,
	}
}

// TagEffect gives the image the tag of its version, which never moves.
func (i *Image) TagEffect(about string) Effect {
	return Effect{
		Kind: "image tag", About: about,
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

// Check returns a conflict where the tag of the version is another image's.
func (i *Image) Check(ctx context.Context) error {
	_, err := i.TagEffect("").Look(ctx)
	return err
}

// decideImageTag decides on where the tag of a version is.
func decideImageTag(tag name.Tag, at v1.Hash, there bool, want v1.Hash) (Verdict, error) {
	switch {
	case !there:
		return Do, nil
	case at == want:
		return Done, nil
	}
	return Done, &Conflict{fmt.Sprintf("image %q is %s, expected %s", tag, at, want), "the image of a version is never changed: release another version"}
}
