package release

import (
	"context"
	"fmt"
	"path/filepath"

	"dagger/slipway/ci/outdir"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
)

// kinds says how each kind of effect of a crate's plan is performed. To add an effect, list it in
// the plan (plan.addEffects) and enter its kind here. A plan with another kind is refused before
// anything is built. Files are signed when they are made, and so an effect of that kind is nil.
var kinds = map[string]func(p *publishing, about string, next func() publish.File) publish.Effect{
	plan.EffectSign: nil,
	plan.EffectDraft: func(p *publishing, about string, _ func() publish.File) publish.Effect {
		return p.github.DraftEffect(about)
	},
	plan.EffectAsset: func(p *publishing, about string, next func() publish.File) publish.Effect {
		return p.github.AssetEffect(about, next())
	},
	plan.EffectRegistry: func(p *publishing, about string, _ func() publish.File) publish.Effect {
		return p.packaged().Effect(about)
	},
	plan.EffectOwner: func(p *publishing, about string, _ func() publish.File) publish.Effect {
		return publish.OwnerEffect(p.crate.Build, about, p.shared.actor)
	},
	plan.EffectTag: func(p *publishing, about string, _ func() publish.File) publish.Effect {
		return p.github.TagEffect(about)
	},
	plan.EffectRelease: func(p *publishing, about string, _ func() publish.File) publish.Effect {
		return p.github.AnnounceEffect(about, p.assets())
	},
}

// checkKinds returns an error for an effect that no one would perform.
func checkKinds[T any](kinds map[string]T, effects []plan.Effect) error {
	for _, e := range effects {
		if _, known := kinds[e.Kind]; !known {
			return fmt.Errorf("checking the plan's effect %q: nothing performs effects of kind %q", e.About, e.Kind)
		}
	}
	return nil
}

// newEffects returns the plan's effects, ready to be performed.
func (p *publishing) newEffects() ([]publish.Effect, error) {
	if err := checkKinds(kinds, p.Plan.Effects); err != nil {
		return nil, err
	}
	files := p.assets()
	next := func() publish.File { // the plan lists assets and their effects in the same order
		f := files[0]
		files = files[1:]
		return f
	}
	list := []publish.Effect{}
	for _, e := range p.Plan.Effects {
		if perform := kinds[e.Kind]; perform != nil {
			effect := perform(p, e.About, next)
			effect.Tell = p.tell
			list = append(list, effect)
		}
	}
	return list, nil
}

// assets returns the artifacts to attach to the GitHub release, in the plan's order.
func (p *publishing) assets() []publish.File {
	var list []publish.File
	for i, a := range p.Plan.Artifacts {
		if !a.IsAsset() {
			continue
		}
		f := publish.File{Name: a.Name, Path: filepath.Join(p.Out, a.Name)}
		if p.dist != nil {
			f.SHA256 = p.dist.Files[i].SHA256
		}
		list = append(list, f)
	}
	return list
}

// packaged returns the publisher of the packaged crate.
func (p *publishing) packaged() *publish.Crate {
	return publish.NewCrate(p.crate.Build, p.registry, filepath.Join(p.Out, plan.CrateName(p.Plan.Crate, p.Plan.Version)))
}

// exportPackage writes the packaged crate alone to the output directory.
func (p *publishing) exportPackage(ctx context.Context) error {
	work, done, err := outdir.Work(p.Out)
	if err != nil {
		return err
	}
	defer done()
	if err := p.crate.Build.ExportPackage(ctx, work); err != nil {
		return err
	}
	return outdir.Move(work, p.Out, []string{plan.CrateName(p.Plan.Crate, p.Plan.Version)})
}
