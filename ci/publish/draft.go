package publish

import (
	"context"
	"fmt"
	"strings"

	"dagger/slipway/ci/github"
)

// maker is what this run knows of who made the draft.
type maker struct {
	before int64 // the release that was there when the run began, 0 for none
	made   int64 // the draft that the run has made, 0 for none that it knows of
	asked  bool  // it has asked for one
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
			if err == nil && v == Done {
				err = g.decide(g.Found().ID)
			}
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
			g.asked = true
			r, err := g.Client.CreateDraft(ctx, g.marked())
			g.made = r.ID
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

// decide decides on whose draft that is which a look finds: one that was there before
// this run, that it has made, or that it may have made, its answer lost. Two runs that
// both upload to one draft would replace each other's files.
func (m maker) decide(found int64) error {
	if found == m.before || found == m.made || m.asked && m.made == 0 {
		return nil
	}
	return &Conflict{"another run has made the draft of this release while this one was at work", "run again when that has ended, which finds what it has done"}
}
