package release

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"dagger/slipway/ci/address"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/provenance"
	"dagger/slipway/ci/publish"
	"dagger/slipway/ci/repository"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/verify"
	"dagger/slipway/ci/version"
)

// ImageRemotes is where images are released to.
type ImageRemotes struct {
	// Registry is a host, optionally with a port. Repository is the part before an image's
	// name, like owner/name; it is converted to lower case, as registries require.
	Registry, Repository string
	// Username and Password are the registry's credentials. Without a password those of the
	// docker config are used.
	Username, Password string
	// Again is the command that continues an interrupted release.
	Again string
}

// repository returns the repository that an image is released to.
func (to ImageRemotes) repository(image string) (name.Repository, error) {
	if err := errors.Join(address.Check("the registry (--registry)", to.Registry), address.Check("the repository (--repository)", to.Repository)); err != nil {
		return name.Repository{}, err
	}
	if to.Registry == "" || to.Repository == "" {
		return name.Repository{}, fmt.Errorf("checking where images go: registry %q and repository %q: name both (--registry host, --repository owner/name)", to.Registry, to.Repository)
	}
	repo, err := name.NewRepository(to.Registry+"/"+strings.ToLower(to.Repository)+"/"+image, name.StrictValidation)
	if err != nil {
		return repo, fmt.Errorf("checking where image %q goes: %w", image, err)
	}
	return repo, nil
}

// local returns an image's name in its layout, for which no remote is needed.
func (to ImageRemotes) local(image string) string {
	if repo, err := to.repository(image); err == nil {
		return repo.String()
	}
	return "localhost/" + image
}

// keychain returns the credentials, or nil for those of the docker config.
func (to ImageRemotes) keychain(registry name.Registry) authn.Keychain {
	if to.Password == "" {
		return nil
	}
	return repository.Credentials(registry, to.Username, to.Password)
}

// imagePublishing is the state of a release of images, as opposed to a dry run.
type imagePublishing struct {
	*Images
	version version.Version
	expect  verify.Expectation
	made    map[string]*madeImage
	remotes map[string]*repository.Repository // by image; each signs in once
}

// Publish releases the images. Completed effects are detected and skipped, so running an
// interrupted release again finishes it:
//
//	build                 as in a dry run
//	look                  at each version's tag: one that points to something else ends the run here
//	push, sign, attest    by digest, which users do not look for
//	tag the version       from here on users find it, already signed
//	latest                once every version is tagged, and only to a higher version
func (r *Images) Publish(ctx context.Context) (*ImagesSummary, error) {
	if err := r.Plan.CheckRelease(); err != nil {
		return nil, err
	}
	if r.Signer == nil {
		return nil, sign.ErrNoToken
	}
	for _, b := range r.Builds {
		b.strict = true
	}
	for _, img := range r.Plan.Images { // before anything is built
		if _, err := r.To.repository(img.Name); err != nil {
			return nil, err
		}
	}
	done, err := r.copyPrebuilt()
	if err != nil {
		return nil, err
	}
	defer done()
	s, made, err := r.make(ctx)
	if err != nil {
		return nil, err
	}
	p := &imagePublishing{Images: r, made: map[string]*madeImage{}, remotes: map[string]*repository.Repository{}}
	if p.version, err = version.Parse(r.Plan.Version); err != nil {
		return nil, err
	}
	for i, m := range made {
		p.made[m.Name] = m
		repo, err := r.To.repository(m.Name)
		if err != nil {
			return nil, err
		}
		p.remotes[m.Name] = repository.New(repo, r.To.keychain(repo.Registry))
		s.Images[i].Reference = repo.Tag(r.Plan.Version).String()
	}
	if err := p.look(ctx); err != nil {
		return nil, console.Errorf("%w\nnothing was changed anywhere", err)
	}
	if err := p.identify(ctx); err != nil {
		return nil, console.Errorf("%w\nnothing was changed anywhere", err)
	}
	s.Signer, s.Issuer, s.who = r.who.Subject, r.who.Issuer, r.who
	err = p.perform(ctx, s)
	s.Seconds = time.Since(r.begin).Seconds()
	if s.Published = err == nil; err != nil {
		s.Error = console.ErrorText(err)
	}
	return s, err
}

// look finds all conflicts that a person has to resolve, before anything is changed.
func (p *imagePublishing) look(ctx context.Context) error {
	var conflicts []error
	for _, e := range p.Plan.Effects {
		if e.Kind != plan.EffectTag {
			continue
		}
		effect, err := p.effect(e)
		if err != nil {
			return err
		}
		if _, err := effect.Look(ctx); err != nil {
			conflicts = append(conflicts, err)
		}
	}
	if len(conflicts) > 0 {
		return console.Errorf("checking what the release will find:\n%w", errors.Join(conflicts...))
	}
	return nil
}

// identify determines the signing identity. It rejects that of a workflow run on another commit.
func (p *imagePublishing) identify(ctx context.Context) (err error) {
	of := &Release{Plan: &plan.Plan{Source: p.Plan.Source, Signing: p.Plan.Signing, Version: p.Plan.Version}, Signer: p.Signer, fromStaged: p.fromStaged}
	if err := of.identify(ctx, p.Signer); err != nil {
		return err
	}
	p.who = of.who
	p.expect, err = of.expectation(p.Signer)
	return err
}

// perform performs the effects in the plan's order.
func (p *imagePublishing) perform(ctx context.Context, s *ImagesSummary) error {
	s.Outcomes = make([]publish.Outcome, len(p.Plan.Effects))
	for i, e := range p.Plan.Effects {
		s.Outcomes[i] = publish.Outcome{Kind: e.Kind, About: e.About, State: publish.NotBegun}
	}
	for i, e := range p.Plan.Effects {
		effect, err := p.effect(e)
		if err == nil {
			s.Outcomes[i], err = effect.Perform(ctx, repository.Transient)
		}
		if err != nil {
			s.Outcomes[i].State = publish.Failed
			return console.Errorf("%w\n%s", err, console.Lines(p.status(s)))
		}
	}
	return nil
}

// effect returns an effect of the plan, ready to be performed.
func (p *imagePublishing) effect(e plan.Effect) (publish.Effect, error) {
	m := p.made[e.Image]
	entity := m.entity
	if e.Target != "" {
		entity = m.part(e.Target).entity
	}
	of, err := publish.NewImage(p.remotes[e.Image], p.version, entity)
	if err != nil {
		return publish.Effect{}, err
	}
	switch e.Kind {
	case plan.EffectPush:
		return of.PushEffect(e.About), nil
	case plan.EffectSign:
		return of.SignEffect(e.About, p.Signer, p.expect), nil
	case plan.EffectSBOM:
		statement := func(context.Context) ([]byte, error) { return m.part(e.Target).statement(m.Name) }
		return of.AttestEffect(e.About, spdxType, statement, p.Signer, p.expect), nil
	case plan.EffectProvenance:
		statement := func(ctx context.Context) ([]byte, error) { return p.provenance(ctx, m) }
		return of.AttestEffect(e.About, provenance.PredicateType, statement, p.Signer, p.expect), nil
	case plan.EffectTag:
		return of.TagEffect(e.About), nil
	case plan.EffectLatest:
		return of.LatestEffect(e.About), nil
	}
	return publish.Effect{}, fmt.Errorf("performing effect %q: it is none of an image", e.Kind)
}

// status describes what has and what has not happened remotely.
func (p *imagePublishing) status(s *ImagesSummary) string {
	var b strings.Builder
	b.WriteString("\nWhat has happened:\n")
	tagged := false
	for _, o := range s.Outcomes {
		console.Fprintf(&b, "  %-10s  %s\n", o.State, o.About)
		tagged = tagged || o.Kind == plan.EffectTag && (o.State == publish.WasDone || o.State == publish.FoundDone)
	}
	if !tagged {
		b.WriteString("No tag that users look for has changed.\n")
	}
	console.Fprintf(&b, "To continue, run the same command again:\n  %s\n", p.To.Again)
	return b.String()
}
