package release

import (
	"context"
	"errors"
	"time"

	"dagger/slipway/ci/assemble"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/provenance"
	"dagger/slipway/ci/publish"
	"dagger/slipway/ci/report"
	"dagger/slipway/ci/repository"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/verify"
	"dagger/slipway/ci/version"
)

// imagePublishing is the state of a release of images, as opposed to a dry run.
type imagePublishing struct {
	*Images
	*madeImages
	version version.Version
	who     sign.Identity
	expect  verify.Expectation
	remotes map[string]*repository.Repository // by image; each signs in once
	effects []publish.Effect
}

// Publish releases the images. Completed effects are detected and skipped, so running an
// interrupted release again finishes it:
//
//	build                 as in a dry run
//	look                  at each version's tag: one that points to something else ends the run here
//	push, sign, attest    by digest, which users do not look for
//	tag the version       from here on users find it, already signed
//	latest                once every version is tagged, and only to a higher version
func (r *Images) Publish(ctx context.Context) (*report.Images, error) {
	if err := r.checkRelease(); err != nil {
		return nil, err
	}
	made, done, err := r.make(ctx, true)
	if err != nil {
		return nil, err
	}
	defer done()
	p := &imagePublishing{Images: r, madeImages: made}
	if err := p.prepare(ctx); err != nil {
		return nil, console.Errorf("%w\nnothing was changed anywhere", err)
	}
	s := p.report
	s.DryRun, s.Outcomes = false, publish.NotBegunOf(p.effects)
	err = publish.PerformAll(ctx, p.effects, repository.Transient, s.Outcomes)
	s.Seconds = time.Since(p.began).Seconds()
	if s.Published = err == nil; err != nil {
		err = console.Errorf("%w\n%s", err, console.Lines(report.ImagesStatusText(s.Outcomes, r.To.Again)))
		s.Fail(err)
	}
	return s, err
}

// checkRelease returns an error for what could not be released, before anything is built.
func (r *Images) checkRelease() error {
	if err := r.Plan.CheckRelease(); err != nil {
		return err
	}
	if r.Signer == nil {
		return sign.ErrNoToken
	}
	for _, img := range r.Plan.Images {
		if _, err := r.To.repository(img.Name); err != nil {
			return err
		}
	}
	return checkKinds(imageKinds, r.Plan.Effects)
}

// prepare opens the repositories, looks for conflicts and determines who signs. It changes nothing.
func (p *imagePublishing) prepare(ctx context.Context) (err error) {
	if p.version, err = version.Parse(p.Plan.Version); err != nil {
		return err
	}
	p.remotes = map[string]*repository.Repository{}
	for i, m := range p.images {
		repo, err := p.To.repository(m.Name)
		if err != nil {
			return err
		}
		p.remotes[m.Name] = repository.New(repo, p.To.keychain(repo.Registry))
		p.report.Images[i].Reference = repo.Tag(p.Plan.Version).String()
	}
	if err := p.look(ctx); err != nil {
		return err
	}
	signing := &assemble.Signing{Signer: p.Signer, How: p.Plan.Signing, Version: p.Plan.Version, Source: p.Plan.Source, Staged: p.staged}
	if err := signing.Identify(ctx, p.Signer); err != nil {
		return err
	}
	if p.expect, err = signing.Expectation(p.Signer); err != nil {
		return err
	}
	p.who = signing.Who
	p.report.AddSigner(p.who)
	p.effects, err = p.newEffects()
	return err
}

// look finds all conflicts that a person has to resolve.
func (p *imagePublishing) look(ctx context.Context) error {
	var conflicts []error
	for _, m := range p.images {
		of, err := publish.NewImage(p.remotes[m.Name], p.version, m.Entity(""))
		if err != nil {
			return err
		}
		if err := of.Check(ctx); err != nil {
			conflicts = append(conflicts, err)
		}
	}
	if len(conflicts) > 0 {
		return console.Errorf("checking what the release will find:\n%w", errors.Join(conflicts...))
	}
	return nil
}

// imageKinds says how each kind of effect of a plan for images is performed.
var imageKinds = map[string]func(p *imagePublishing, of *publish.Image, m *assemble.Image, e plan.Effect) publish.Effect{
	plan.EffectPush: func(_ *imagePublishing, of *publish.Image, _ *assemble.Image, e plan.Effect) publish.Effect {
		return of.PushEffect(e.About)
	},
	plan.EffectSign: func(p *imagePublishing, of *publish.Image, _ *assemble.Image, e plan.Effect) publish.Effect {
		return of.SignEffect(e.About, p.Signer, p.expect)
	},
	plan.EffectSBOM: func(p *imagePublishing, of *publish.Image, m *assemble.Image, e plan.Effect) publish.Effect {
		statement := func(context.Context) ([]byte, error) { return m.Statement(e.Target) }
		return of.AttestEffect(e.About, assemble.SPDXType, statement, p.Signer, p.expect)
	},
	plan.EffectProvenance: func(p *imagePublishing, of *publish.Image, m *assemble.Image, e plan.Effect) publish.Effect {
		statement := func(ctx context.Context) ([]byte, error) { return p.from.Provenance(ctx, m, p.who, p.began) }
		return of.AttestEffect(e.About, provenance.PredicateType, statement, p.Signer, p.expect)
	},
	plan.EffectTag: func(_ *imagePublishing, of *publish.Image, _ *assemble.Image, e plan.Effect) publish.Effect {
		return of.TagEffect(e.About)
	},
	plan.EffectLatest: func(_ *imagePublishing, of *publish.Image, _ *assemble.Image, e plan.Effect) publish.Effect {
		return of.LatestEffect(e.About)
	},
}

// newEffects returns the plan's effects, ready to be performed.
func (p *imagePublishing) newEffects() ([]publish.Effect, error) {
	made := map[string]*assemble.Image{}
	for _, m := range p.images {
		made[m.Name] = m
	}
	var list []publish.Effect
	for _, e := range p.Plan.Effects {
		m := made[e.Image]
		of, err := publish.NewImage(p.remotes[e.Image], p.version, m.Entity(e.Target))
		if err != nil {
			return nil, err
		}
		list = append(list, imageKinds[e.Kind](p, of, m, e))
	}
	return list, nil
}
