package publish

import (
	"context"
	"fmt"
	"strings"

	"dagger/slipway/ci/github"
	"dagger/slipway/ci/plan"
)

// maker records what this run knows about the origin of the draft.
type draftOrigin struct {
	before int64 // the release found when the run began, 0 for none
	made   int64 // the draft that this run created, 0 for none or if its response was lost
	asked  bool  // this run has sent a request to create a draft
}

// decideRelease picks the release to work on among the releases that GitHub has for the tag.
// twice holds duplicate drafts of this release: GitHub may have created one although its
// response was lost.
func decideRelease(all []github.Release, marker string) (r github.Release, duplicates []github.Release, v Verdict, err error) {
	for _, found := range all {
		ours := strings.Contains(found.Body, marker)
		switch {
		case !found.Draft && !ours:
			return found, nil, Done, &Conflict{
				fmt.Sprintf("release %q is already published, at %s, but from another commit or by other means", found.Tag, found.URL),
				"a published release is never changed: release another version",
			}
		case !ours && strings.Contains(found.Body, markerStart):
			return found, nil, Done, &Conflict{
				fmt.Sprintf("release %q has a draft from another commit, at %s", found.Tag, found.URL),
				"finish it from that commit or delete the draft",
			}
		case !ours: // a person's own draft is left alone
		case !found.Draft || r.ID == 0:
			if r.ID != 0 {
				duplicates = append(duplicates, r)
			}
			r = found
		case r.Draft && found.ID < r.ID:
			duplicates = append(duplicates, r)
			r = found
		default:
			duplicates = append(duplicates, found)
		}
	}
	if r.ID == 0 || len(duplicates) > 0 {
		return r, duplicates, Do, nil
	}
	return r, nil, Done, nil
}

// DraftEffect returns the effect that creates the draft, which only people with write access see.
func (g *GitHub) DraftEffect(about string) Effect {
	return Effect{
		Kind: plan.EffectDraft, About: about,
		Look: func(ctx context.Context) (Verdict, error) {
			_, v, err := g.look(ctx)
			if err == nil && v == Done {
				err = g.decide(g.Found().ID)
			}
			return v, err
		},
		Act: func(ctx context.Context) error {
			duplicates, _, err := g.look(ctx)
			if err != nil {
				return err
			}
			for _, r := range duplicates {
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
	r, duplicates, v, err := decideRelease(all, g.marker())
	if err == nil {
		g.find(r)
	}
	return duplicates, v, err
}

// decide returns a *Conflict if another run created the draft that was found. A draft is
// accepted if it was there before this run, if this run created it, or if it may have done
// so and lost the response. Two runs that upload to one draft would replace each other's files.
func (m draftOrigin) decide(found int64) error {
	if found == m.before || found == m.made || m.asked && m.made == 0 {
		return nil
	}
	return &Conflict{"another run created the draft of this release while this one was running", "run again when it has ended, to continue from there"}
}
