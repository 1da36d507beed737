package release

import (
	"context"
	"fmt"

	"dagger/slipway/ci/assemble"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/provenance"
	"dagger/slipway/ci/publish"
	"dagger/slipway/ci/repository"
)

// kind says how effects of one kind are performed: those about a crate, and those about an image.
// It is nil for what has no effects of that kind.
type kind struct {
	crate func(*crate, plan.Effect) publish.Effect
	image func(*images, *publish.Image, *assemble.Image, plan.Effect) publish.Effect
}

// kinds are the kinds of effects. To add one, list it in the plan (ci/plan/effects.go) and enter it
// here. A plan with another kind is refused before anything is built.
var kinds = map[string]kind{
	plan.EffectSign: {crate: whenMade, image: func(i *images, of *publish.Image, _ *assemble.Image, e plan.Effect) publish.Effect {
		return of.SignEffect(e.About, i.Signer, i.expect)
	}},
	plan.EffectDraft: {crate: func(c *crate, e plan.Effect) publish.Effect { return c.github.DraftEffect(e.About) }},
	plan.EffectAsset: {crate: func(c *crate, e plan.Effect) publish.Effect {
		return c.github.AssetEffect(e.About, c.asset(e.Artifact))
	}},
	plan.EffectRegistry: {crate: func(c *crate, e plan.Effect) publish.Effect { return c.packaged().Effect(e.About) }},
	plan.EffectOwner: {crate: func(c *crate, e plan.Effect) publish.Effect {
		return publish.OwnerEffect(c.made.Build, e.About, c.actor)
	}},
	plan.EffectTag: {
		crate: func(c *crate, e plan.Effect) publish.Effect { return c.github.TagEffect(e.About) },
		image: func(_ *images, of *publish.Image, _ *assemble.Image, e plan.Effect) publish.Effect {
			return of.TagEffect(e.About)
		},
	},
	plan.EffectRelease: {crate: func(c *crate, e plan.Effect) publish.Effect { return c.github.AnnounceEffect(e.About, c.assets()) }},
	plan.EffectPush: {image: func(_ *images, of *publish.Image, _ *assemble.Image, e plan.Effect) publish.Effect {
		return of.PushEffect(e.About)
	}},
	plan.EffectSBOM: {image: func(i *images, of *publish.Image, m *assemble.Image, e plan.Effect) publish.Effect {
		statement := func(context.Context) ([]byte, error) { return m.Statement(e.Target) }
		return of.AttestEffect(e.About, assemble.SPDXType, statement, i.Signer, i.expect)
	}},
	plan.EffectProvenance: {image: func(i *images, of *publish.Image, m *assemble.Image, e plan.Effect) publish.Effect {
		statement := func(ctx context.Context) ([]byte, error) { return i.from.Provenance(ctx, m, i.who, i.began) }
		return of.AttestEffect(e.About, provenance.PredicateType, statement, i.Signer, i.expect)
	}},
	plan.EffectLatest: {image: func(_ *images, of *publish.Image, _ *assemble.Image, e plan.Effect) publish.Effect {
		return of.LatestEffect(e.About)
	}},
}

// whenMade stands for an effect that has taken place when a crate's files are made.
func whenMade(*crate, plan.Effect) publish.Effect { return publish.Effect{} }

// checkKinds returns an error for an effect that no one would perform.
func checkKinds(effects []plan.Effect) error {
	for _, e := range effects {
		if k := kinds[e.Kind]; e.Image == "" && k.crate == nil || e.Image != "" && k.image == nil {
			return fmt.Errorf("checking the plan's effect %q: nothing performs effects of kind %q", e.About, e.Kind)
		}
	}
	return nil
}

// newEffects returns the plan's effects, ready to be performed.
func (r *run) newEffects() (list []publish.Effect, err error) {
	if err := checkKinds(r.Plan.Effects); err != nil {
		return nil, err
	}
	for _, e := range r.Plan.Effects {
		var effect publish.Effect
		if e.Image == "" {
			effect = r.crate(e.Crate).effect(e)
		} else if effect, err = r.images.effect(e); err != nil {
			return nil, err
		}
		if effect.Look != nil {
			effect.Crate, effect.Image, effect.Tell = e.Crate, e.Image, r.tell
			list = append(list, effect)
		}
	}
	return list, nil
}

// effects performs the effects, one crate's after the other's, and then those of the images.
func (r *run) effects(ctx context.Context) error {
	defer r.noteStates()
	r.report.Outcomes = publish.NotBegunOf(r.toPerform)
	for begin := 0; begin < len(r.toPerform); {
		end, c := begin, r.crate(r.toPerform[begin].Crate)
		for end < len(r.toPerform) && r.crate(r.toPerform[end].Crate) == c {
			end++
		}
		effects, outcomes := r.toPerform[begin:end], r.report.Outcomes[begin:end]
		if c == nil {
			if err := publish.PerformAll(ctx, effects, repository.Transient, outcomes); err != nil {
				return err
			}
		} else if err := c.perform(ctx, effects, outcomes); err != nil {
			return c.blame(err)
		}
		begin = end
	}
	return nil
}
