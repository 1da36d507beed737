package publish

import (
	"context"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/repository"
	"dagger/slipway/ci/version"
)

// latest is the tag of the highest stable version.
const latest = "latest"

// latestState describes the tags that a registry has for an image.
type latestState struct {
	tags  []string
	at    v1.Hash // what "latest" points to; zero if it does not exist
	acted bool    // this run has moved it
}

// decideLatest decides whether to move the tag "latest", for a version whose image has the
// digest want, and returns the version that it should point to.
//
// Another run may release a higher version, and move the tag, between this run's look and its
// move. In that case the tag is moved on to the higher version. A tag that this run has not
// moved is otherwise left alone.
func decideLatest(s latestState, v version.Version, want v1.Hash) (Verdict, version.Version) {
	highest := v
	var others []version.Version
	for _, tag := range s.tags {
		other, err := version.ParseImageTag(tag)
		if err != nil {
			continue // a signature's tag, or "latest" itself
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

// LatestEffect returns the effect that moves the tag "latest" to the image if its version is
// the highest stable one in the registry. Otherwise it does nothing. The tags are read right
// before the move and again right after.
func (i *Image) LatestEffect(about string) Effect {
	t := &latestTag{image: i, tag: i.repository.Name().Tag(latest)}
	return Effect{Kind: plan.EffectLatest, About: about, Look: t.look, Act: t.act, Where: t.tag.String}
}

// latestTag is the tag "latest" in an image's repository.
type latestTag struct {
	image  *Image
	tag    name.Tag
	acted  bool
	target version.Version // the version it should point to
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

// act moves the tag, and then on to a higher version if one was released meanwhile.
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
