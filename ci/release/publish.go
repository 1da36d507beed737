package release

import (
	"context"
	"fmt"
	"slices"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
	"dagger/slipway/ci/report"
)

// prepare compares what was made with what others see of the crate, and completes its notes.
func (c *crate) prepare(ctx context.Context) error {
	if c.published() {
		return c.checkPublished(ctx)
	}
	if c.registry != nil {
		if _, err := c.packaged().Effect("").Look(ctx); err != nil {
			return console.Errorf("checking what the release will find:\n%w", err)
		}
	}
	c.github.Draft.Body = c.notes() // the signer is known only now
	return nil
}

// checkPublished checks a release that an earlier run has published. Its assets and owners may have
// changed since, except that no file may be there that is not the release's.
func (c *crate) checkPublished(ctx context.Context) error {
	if c.registry != nil && c.Prebuilt == nil {
		if err := c.exportPackage(ctx); err != nil {
			return err
		}
	}
	for _, e := range plan.Of(c.plan).Effects {
		effect := kinds[e.Kind].crate(c, e)
		if effect.Look == nil || e.Kind == plan.EffectAsset || e.Kind == plan.EffectOwner {
			continue
		}
		v, err := effect.Look(ctx)
		if err == nil && v != publish.Done {
			err = &publish.Conflict{What: fmt.Sprintf("the release is published, and %q is not done", e.About), Next: "a published release is never changed: resolve this by hand"}
		}
		if err != nil {
			return console.Errorf("looking at %q: %w", e.About, err)
		}
	}
	return c.github.OnlyThese(ctx, c.assets())
}

// effect returns an effect about the crate, ready to be performed. Those of a release that an
// earlier run has published are done.
func (c *crate) effect(e plan.Effect) publish.Effect {
	effect := kinds[e.Kind].crate(c, e)
	if effect.Look != nil && c.published() {
		done := func(context.Context) (publish.Verdict, error) { return publish.Done, nil }
		return publish.Effect{Kind: e.Kind, About: e.About, Look: done}
	}
	return effect
}

// perform performs the crate's effects.
func (c *crate) perform(ctx context.Context, effects []publish.Effect, outcomes []publish.Outcome) error {
	c.tellTurn(c.released(), "publishing")
	if err := publish.PerformAll(ctx, effects, publish.CrateTransient, outcomes); err != nil {
		return err
	}
	// GitHub shows to everyone whether a release is immutable, but the repository's setting, which
	// preflight asks for, only with a special permission.
	found := c.github.Found()
	if c.report.URL = found.URL; found.Immutable {
		c.run.report.AddNote(immutable)
	}
	return nil
}

// noteStates enters in the report how far the release of each crate has got.
func (r *run) noteStates() {
	for _, c := range r.released() {
		c.report.State = c.state()
	}
}

// state returns how far the crate's release has got, by this run or an earlier one.
func (c *crate) state() string {
	begun := func(o publish.Outcome) bool { return o.Crate == c.plan.Name && o.State != publish.NotBegun }
	switch {
	case c.published():
		return report.Released
	case c.github != nil && c.github.Found().ID != 0, slices.ContainsFunc(c.run.report.Outcomes, begun):
		return report.Incomplete
	}
	return report.NotBegun
}
