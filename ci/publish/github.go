package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"dagger/slipway/ci/github"
	"dagger/slipway/ci/plan"
)

// GitHub performs the effects of one release on GitHub. They share the release that the first
// of them finds.
type GitHub struct {
	Client *github.Client
	Draft  github.Draft // its Body without the marker
	// Latest marks the release as the repository's latest one.
	Latest bool

	mu    sync.Mutex
	found github.Release
	draftOrigin
}

// Marker returns the line in a release's notes by which slipway recognizes its own releases.
// It names the tag and the commit.
func Marker(tag, commit string) string {
	return fmt.Sprintf("<!-- slipway: release %s of commit %s -->", tag, commit)
}

// markerStart is the prefix of every marker, whatever the tag and commit.
const markerStart = "<!-- slipway: release "

func (g *GitHub) marker() string { return Marker(g.Draft.Tag, g.Draft.Commit) }

// marked returns the draft with the marker appended to its notes.
func (g *GitHub) marked() github.Draft {
	d := g.Draft
	d.Body = strings.TrimRight(d.Body, "\n") + "\n\n" + g.marker() + "\n"
	return d
}

// Found returns the release that the effects work on.
func (g *GitHub) Found() github.Release {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.found
}

func (g *GitHub) find(r github.Release) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.found = r
}

// Check looks up the release and the tag, and returns a *Conflict if either differs from what
// this release would produce.
func (g *GitHub) Check(ctx context.Context) error {
	_, _, err := g.look(ctx)
	g.before = g.Found().ID
	at, tagErr := g.Client.Tag(ctx, g.Draft.Tag)
	if tagErr == nil {
		_, tagErr = decideTag(g.Draft.Tag, at, g.Draft.Commit)
	}
	return errors.Join(err, tagErr)
}

// OnlyThese returns a *Conflict unless the release's assets have exactly the names of files.
func (g *GitHub) OnlyThese(ctx context.Context, files []File) error {
	list, err := g.Client.Assets(ctx, g.Found().ID)
	if err != nil {
		return err
	}
	return onlyThese(list, names(files))
}

func names(files []File) []string {
	var list []string
	for _, f := range files {
		list = append(list, f.Name)
	}
	return list
}

// exactly returns a *Conflict unless the release's assets are exactly these files, by name and
// digest: another run may have replaced some since they were uploaded.
func (g *GitHub) exactly(ctx context.Context, files []File) error {
	list, err := g.Client.Assets(ctx, g.Found().ID)
	if err == nil {
		err = onlyThese(list, names(files))
	}
	if err != nil {
		return err
	}
	for _, a := range list {
		digest, err := g.digest(ctx, &a)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(files, func(f File) bool { return f.Name == a.Name })
		if i < 0 || files[i].SHA256 != digest {
			return &Conflict{fmt.Sprintf("the draft's asset %q has sha256 %q: it is not the file that was uploaded", a.Name, digest), "another run of this release may be active: run again when it has ended"}
		}
	}
	return nil
}

// decideTag compares the commit that the tag points to, "" for no tag, with the expected one.
func decideTag(tag, at, want string) (Verdict, error) {
	switch at {
	case "":
		return Do, nil
	case want:
		return Done, nil
	}
	return Done, &Conflict{fmt.Sprintf("tag %q is at commit %s, expected %s", tag, at, want), "a tag is never moved: release another version, or release from that commit"}
}

// TagEffect returns the effect that creates the git tag.
func (g *GitHub) TagEffect(about string) Effect {
	return Effect{
		Kind: plan.EffectTag, About: about,
		Look: func(ctx context.Context) (Verdict, error) {
			at, err := g.Client.Tag(ctx, g.Draft.Tag)
			if err != nil {
				return Do, err
			}
			return decideTag(g.Draft.Tag, at, g.Draft.Commit)
		},
		Act: func(ctx context.Context) error { return g.Client.CreateTag(ctx, g.Draft.Tag, g.Draft.Commit) },
	}
}

// AnnounceEffect returns the effect that publishes the draft. It comes last, because it
// announces the others. The draft must contain exactly these files.
func (g *GitHub) AnnounceEffect(about string, files []File) Effect {
	return Effect{
		Kind: plan.EffectRelease, About: about,
		Look: func(ctx context.Context) (Verdict, error) {
			r, err := g.Client.Release(ctx, g.Found().ID)
			if err != nil {
				return Do, err
			}
			if g.find(r); !r.Draft {
				return Done, nil
			}
			at, err := g.Client.Tag(ctx, g.Draft.Tag)
			if err != nil {
				return Do, err
			}
			if at != g.Draft.Commit {
				return Do, &Conflict{fmt.Sprintf("tag %q was created at commit %s and is now at %q", g.Draft.Tag, g.Draft.Commit, at), "somebody moved it: move it back and run again"}
			}
			return Do, g.exactly(ctx, files)
		},
		Act: func(ctx context.Context) error {
			_, err := g.Client.Publish(ctx, g.Found().ID, g.marked(), g.Latest)
			return err
		},
		Where: func() string { return g.Found().URL },
	}
}
