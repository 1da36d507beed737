package publish

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"dagger/slipway/ci/github"
)

// GitHub performs the effects of one release on GitHub. Its effects share what the
// first of them finds: the release.
type GitHub struct {
	Client *github.Client
	Draft  github.Draft // its Body without the marker
	// Latest says that the release takes the repository's mark.
	Latest bool

	mu    sync.Mutex
	found github.Release
}

// Marker is the line of a release's notes by which slipway knows its own: which
// release of which commit it is.
func Marker(tag, commit string) string {
	return fmt.Sprintf("<!-- slipway: release %s of commit %s -->", tag, commit)
}

// markerStart is how every marker begins, whichever release it is of.
const markerStart = "<!-- slipway: release "

func (g *GitHub) marker() string { return Marker(g.Draft.Tag, g.Draft.Commit) }

// marked is the draft with the marker in its notes.
func (g *GitHub) marked() github.Draft {
	d := g.Draft
	d.Body = strings.TrimRight(d.Body, "\n") + "\n\n" + g.marker() + "\n"
	return d
}

// Found is the release that the effects work on.
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

// decideRelease decides on the releases that GitHub has of the tag. It returns the
// one to work on, and drafts of ours that came twice: a request may have been
// carried out though its answer was lost.
func decideRelease(all []github.Release, marker string) (r github.Release, twice []github.Release, v Verdict, err error) {
	for _, found := range all {
		ours := strings.Contains(found.Body, marker)
		switch {
		case !found.Draft && !ours:
			return found, nil, Done, &Conflict{
				fmt.Sprintf("release %q is published already, at %s, and not by this release", found.Tag, found.URL),
				"a published release is never changed: release another version",
			}
		case !ours && strings.Contains(found.Body, markerStart):
			return found, nil, Done, &Conflict{
				fmt.Sprintf("there is a draft of release %q of another commit, at %s", found.Tag, found.URL),
				"finish it from that commit, or delete the draft",
			}
		case !ours: // a person's own draft is left alone
		case !found.Draft || r.ID == 0:
			if r.ID != 0 {
				twice = append(twice, r)
			}
			r = found
		case r.Draft && found.ID < r.ID:
			twice = append(twice, r)
			r = found
		default:
			twice = append(twice, found)
		}
	}
	if r.ID == 0 || len(twice) > 0 {
		return r, twice, Do, nil
	}
	return r, nil, Done, nil
}

// DraftEffect makes the draft, which no one sees who may not write.
func (g *GitHub) DraftEffect(about string) Effect {
	return Effect{
		Kind: "draft", About: about,
		Look: func(ctx context.Context) (Verdict, error) {
			_, v, err := g.look(ctx)
			return v, err
		},
		Act: func(ctx context.Context) error {
			twice, _, err := g.look(ctx)
			if err != nil {
				return err
			}
			for _, r := range twice {
				if err := g.Client.DeleteDraft(ctx, r); err != nil {
					return err
				}
			}
			if g.Found().ID != 0 {
				return nil
			}
			_, err = g.Client.CreateDraft(ctx, g.marked())
			return err
		},
		Where: func() string { return g.Found().URL },
	}
}

func (g *GitHub) look(ctx context.Context) ([]github.Release, Verdict, error) {
	all, err := g.Client.Releases(ctx, g.Draft.Tag)
	if err != nil {
		return nil, Do, err
	}
	r, twice, v, err := decideRelease(all, g.marker())
	if err == nil {
		g.find(r)
	}
	return twice, v, err
}

// Check looks for the release and the tag and returns a conflict where one is not
// as this release would leave it.
func (g *GitHub) Check(ctx context.Context) error {
	_, _, err := g.look(ctx)
	at, tagErr := g.Client.Tag(ctx, g.Draft.Tag)
	if tagErr == nil {
		_, tagErr = decideTag(g.Draft.Tag, at, g.Draft.Commit)
	}
	return errors.Join(err, tagErr)
}

// OnlyThese returns a conflict unless the release has exactly these assets.
func (g *GitHub) OnlyThese(ctx context.Context, files []File) error {
	list, err := g.Client.Assets(ctx, g.Found().ID)
	if err != nil {
		return err
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
	}
	return onlyThese(list, names)
}

// decideTag decides on where a tag is.
func decideTag(tag, at, want string) (Verdict, error) {
	switch at {
	case "":
		return Do, nil
	case want:
		return Done, nil
	}
	return Done, &Conflict{fmt.Sprintf("tag %q is at commit %s, expected %s", tag, at, want), "a tag is never moved: release another version, or release from that commit"}
}

// TagEffect makes the tag.
func (g *GitHub) TagEffect(about string) Effect {
	return Effect{
		Kind: "tag", About: about,
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

// AnnounceEffect publishes the draft: the last effect, which announces the others.
// assets are the names of its files, and none other may be there.
func (g *GitHub) AnnounceEffect(about string, assets []string) Effect {
	return Effect{
		Kind: "release", About: about,
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
				return Do, &Conflict{fmt.Sprintf("tag %q was made at commit %s and is at %q now", g.Draft.Tag, g.Draft.Commit, at), "somebody moved it: put it back, and run again"}
			}
			files, err := g.Client.Assets(ctx, r.ID)
			if err != nil {
				return Do, err
			}
			return Do, onlyThese(files, assets)
		},
		Act: func(ctx context.Context) error {
			_, err := g.Client.Publish(ctx, g.Found().ID, g.marked(), g.Latest)
			return err
		},
		Where: func() string { return g.Found().URL },
	}
}
