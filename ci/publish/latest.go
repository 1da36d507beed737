package publish

import (
	"context"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"dagger/slipway/ci/repository"
	"dagger/slipway/ci/version"
)

// latest is the tag that means the highest stable version.
const latest = "latest"

// latestState is what a registry has of the tags of an image.
type latestState struct {
	tags  []string
	at    v1.Hash // where latest is, zero for nowhere
	acted bool    // this run has moved it
}

// decideLatest decides on the tag latest for a version whose image has the digest
// want, and returns the version that it is to be at.
//
// Between looking and moving it another run may have released a higher version, and
// moved it before. Then it goes on to that one; what a person has done with it, or
// another run, is left alone.
func decideLatest(s latestState, v version.Version, want v1.Hash) (Verdict, version.Version) {
	highest := v
	var others []version.Version
	for _, tag := range s.tags {
		other, err := version.ParseImageTag(tag)
		if err != nil {
			continue // a signature's, or latest itself
		}
		others = append(others, other)
		if !other.IsPrerelease() && other.Compare(highest) > 0 {
			highest = other
		}
	}
	switch {
	case v.IsPrerelease():
		return Done, v
	case version.Latest(v, others) && s.at != want:
		return Do, v
	case !version.Latest(v, others) && s.acted && s.at == want:
		return Do, highest
	}
	return Done, v
}

// LatestEffect moves the tag latest to the image where its version is the highest
// stable one of the registry, and does nothing elsewhere. What it decides on is read
// right before it acts, and again right after.
func (i *Image) LatestEffect(about string) Effect {
	t := &latestTag{image: i, tag: i.repository.Name().Tag(latest)}
	return Effect{Kind: "image tag", About: about, Look: t.look, Act: t.act, Where: t.tag.String}
}

// latestTag is the tag latest of an image's repository.
type latestTag struct {
	image  *Image
	tag    name.Tag
	acted  bool
	target version.Version // where it is to be
}

func (t *latestTag) look(ctx context.Context) (v Verdict, err error) {
	s := latestState{acted: t.acted}
	if s.tags, err = t.image.repository.Tags(ctx); err != nil {
		return Do, err
	}
	if s.at, _, err = t.image.repository.Digest(ctx, t.tag); err != nil {
		return Do, err
	}
	v, t.target = decideLatest(s, t.image.version, t.image.digest)
	return v, nil
}

// act moves the tag, and moves it on where it should not have been moved.
func (t *latestTag) act(ctx context.Context) error {
	if err := t.move(ctx); err != nil {
		return err
	}
	verdict, err := t.look(ctx)
	if err != nil || verdict == Done || t.target.Compare(t.image.version) == 0 {
		return err
	}
	return t.move(ctx)
}

func (t *latestTag) move(ctx context.Context) error {
	var m repository.Manifest = t.image.entity
	if t.target.Compare(t.image.version) != 0 {
		other, err := t.image.repository.Get(ctx, t.image.repository.Name().Tag(t.target.ImageTag()))
		if err != nil {
			return err
		}
		m = other
	}
	t.acted = true
	return t.image.repository.Put(ctx, t.tag, m)
}
