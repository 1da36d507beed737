package release

import (
	"context"
	"fmt"
	"slices"
	"time"

	"dagger/slipway/ci/assemble"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/credential"
	"dagger/slipway/ci/github"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
	"dagger/slipway/ci/registry"
	"dagger/slipway/ci/report"
)

// Remotes is where a release is published, and as whom.
type Remotes struct {
	GitHub *github.Client
	// Registries provides the tokens of registries. The runner has the token of the plan's
	// registry too, for the steps that need it.
	Registries credential.Registries
	// Actor is who releases, by user name in the registry; "" means the owner of the GitHub
	// token.
	Actor string
	// InitialRelease means that the registry does not have the crate yet.
	InitialRelease bool
	// Toolchain is the toolchain image that the caller named, in the plan's spelling; "" if the
	// choice was left to the workspace.
	Toolchain string
	// Environment is the GitHub deployment environment of this run, "" for none.
	Environment string
	// Again is the command that continues an interrupted release.
	Again string
}

// publishing is the state of a release, as opposed to a dry run, with what is known of the
// remote state.
type publishing struct {
	*Release
	to       Remotes
	shared   *shared
	before   []*plan.Plan // those that the same run publishes before this one
	crate    *assemble.Crate
	dist     *assemble.Dist
	github   *publish.GitHub
	registry *registry.Registry // nil if the crate is not published to a registry
	warnings []string
	effects  []publish.Effect // nil before they are determined
	report   *report.Crate    // nil before the steps have run
}

// shared is what the crates of one run look up only once.
type shared struct {
	actor string // who releases
	// registries is indexed by name and index. nil stands for one whose error was already
	// reported.
	registries map[string]*registry.Registry
}

func newPublishing(r *Release, to Remotes) *publishing {
	repository := ""
	if to.GitHub != nil {
		repository = to.GitHub.Repository()
	}
	return &publishing{Release: r, to: to, crate: r.assemble(r.build(true), r.signing(repository))}
}

// Publish publishes the release: see [publishAll] for the order.
func (r *Release) Publish(ctx context.Context, to Remotes) (*report.Crate, error) {
	if err := r.checkRelease(); err != nil {
		return nil, err
	}
	if r.Prebuilt != nil {
		dir, done, err := r.Prebuilt.Copy()
		if err != nil {
			return nil, err
		}
		defer done()
		r.Out = dir
	}
	p := newPublishing(r, to)
	if err := publishAll(ctx, []*publishing{p}); err != nil {
		if p.report != nil && p.report.Error == "" {
			p.report = nil // no effect was performed
		}
		return p.report, err
	}
	return p.report, nil
}

// published reports whether the release exists on GitHub and is no draft.
func (p *publishing) published() bool {
	found := p.github.Found()
	return found.ID != 0 && !found.Draft
}

// runSteps runs the steps. If an earlier run has published the release, only the crate is
// packaged again, because its bytes tell whether it is the same.
func (p *publishing) runSteps(ctx context.Context) (err error) {
	p.crate.Began = time.Now()
	if p.report, err = p.newReport(); err != nil {
		return err
	}
	p.report.DryRun = false
	switch {
	case p.Prebuilt == nil && !p.published():
		p.crate.Built, err = p.crate.Build.All(ctx)
	case p.registry == nil:
		return nil
	case p.Prebuilt != nil: // the upload uses its lock file
		p.crate.Built, err = p.crate.Build.Needed(ctx, plan.StepFetch)
	default:
		p.crate.Built, err = p.crate.Build.Needed(ctx, plan.StepPackage)
	}
	if err == nil {
		p.report.AddBuilt(p.crate.Built)
	}
	return err
}

// makeFiles makes and signs the artifacts, or takes the prebuilt ones, and determines the effects.
func (p *publishing) makeFiles(ctx context.Context) (err error) {
	p.report.Notes = append(p.report.Notes, p.warnings...)
	if p.published() {
		return p.finished(ctx)
	}
	if p.dist, err = p.takeOrMake(ctx); err != nil {
		return err
	}
	p.report.AddDist(p.dist)
	p.report.Seconds = time.Since(p.crate.Began).Seconds()
	if p.registry != nil {
		if _, err := p.packaged().Effect("").Look(ctx); err != nil {
			return console.Errorf("checking what the release will find:\n%w\nnothing was changed anywhere", err)
		}
	}
	p.github.Draft.Body = p.notes() // the signer is known only now
	if p.effects, err = p.newEffects(); err == nil {
		p.report.Outcomes = publish.NotBegunOf(p.effects)
	}
	return err
}

// takeOrMake takes the prebuilt artifacts, or makes new ones.
func (p *publishing) takeOrMake(ctx context.Context) (d *assemble.Dist, err error) {
	if p.Prebuilt != nil {
		return p.Prebuilt.Take(ctx, p.Out, p.Plan)
	}
	if p.crate.Earlier, err = p.readEarlier(ctx); err != nil {
		return nil, err
	}
	d, err = p.crate.Write(ctx)
	if err == nil && d.Reused > 0 {
		p.report.Notes = append(p.report.Notes, fmt.Sprintf("%d signatures of an earlier run of this release were verified for what was built now, and reused", d.Reused))
	}
	return d, err
}

// perform performs the effects.
func (p *publishing) perform(ctx context.Context) error {
	if p.effects == nil {
		return nil // an earlier run has performed them all
	}
	err := publish.PerformAll(ctx, p.effects, publish.CrateTransient, p.report.Outcomes)
	p.report.Seconds = time.Since(p.crate.Began).Seconds()
	if err == nil {
		p.done()
	}
	return err
}

// finished checks a release that an earlier run has published.
func (p *publishing) finished(ctx context.Context) error {
	if p.registry != nil && p.Prebuilt == nil {
		if err := p.exportPackage(ctx); err != nil {
			return err
		}
	}
	effects, err := p.newEffects()
	if err != nil {
		return err
	}
	for _, e := range effects {
		if e.Kind != plan.EffectAsset && e.Kind != plan.EffectOwner {
			v, err := e.Look(ctx)
			if err == nil && v != publish.Done {
				err = &publish.Conflict{What: fmt.Sprintf("the release is published, and %q is not done", e.About), Next: "a published release is never changed: resolve this by hand"}
			}
			if err != nil {
				return console.Errorf("looking at %q: %w\nnothing was changed anywhere", e.About, err)
			}
		}
		p.report.Outcomes = append(p.report.Outcomes, publish.Outcome{Kind: e.Kind, About: e.About, State: publish.Unchanged})
	}
	p.done()
	return p.github.OnlyThese(ctx, p.assets())
}

// done reports that the release is published. Whether it is immutable is noted here if preflight
// could not tell: GitHub shows that of a release to everyone, but the repository's setting only
// with a special permission.
func (p *publishing) done() {
	found := p.github.Found()
	p.report.Published, p.report.URL, p.report.Seconds = true, found.URL, time.Since(p.crate.Began).Seconds()
	if found.Immutable && !slices.Contains(p.report.Notes, immutable) {
		p.report.Notes = append(p.report.Notes, immutable)
	}
}
