package release

import (
	"context"
	"fmt"
	"time"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/credential"
	"dagger/slipway/ci/github"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
	"dagger/slipway/ci/registry"
)

// Remotes are where a release is published, and as whom.
type Remotes struct {
	GitHub *github.Client
	// Registries are the tokens of registries. The runner has that of the plan's too, for
	// the steps that need it.
	Registries credential.Registries
	// Actor is who releases, as the registry names users: "" is whose token of
	// GitHub it is.
	Actor string
	// InitialRelease says that the registry does not have the crate yet.
	InitialRelease bool
	// Toolchain is the image that whoever releases has named to build in, as the plan names
	// it; "" where they left that to the workspace.
	Toolchain string
	// Environment is the deployment environment of GitHub that the release runs in, "" for
	// none.
	Environment string
	// Again is the command that continues a release that ended early.
	Again string
}

// publishing is a release that is no dry run, and what it has found out about the
// remote sides.
type publishing struct {
	*Release
	to       Remotes
	shared   *shared
	before   []*plan.Plan // what the same run publishes before
	hub      *publish.GitHub
	registry *registry.Registry // nil where nothing goes to one
	remarks  []string
	effects  []publish.Effect
	summary  *Summary // nil before the steps have run
}

// newPublishing makes the publishing of a release, which knows its repository.
func newPublishing(r *Release, to Remotes) *publishing {
	if to.GitHub != nil {
		r.into = to.GitHub.Repository()
	}
	return &publishing{Release: r, to: to}
}

// shared is what the crates of one run ask once.
type shared struct {
	actor string // who releases
	// registries are by name and index; nil stands for one that was told to be
	// out of reach.
	registries map[string]*registry.Registry
}

// Publish releases. Everything that has been done is found done, so that a release
// that ended anywhere is finished by running it again: see [publishAll] for the order.
func (r *Release) Publish(ctx context.Context, to Remotes) (*Summary, error) {
	if err := r.checkRelease(); err != nil {
		return nil, err
	}
	done, err := r.ownGiven()
	if err != nil {
		return nil, err
	}
	defer done()
	p := newPublishing(r, to)
	if err := publishAll(ctx, []*publishing{p}); err != nil {
		if p.summary != nil && p.summary.Error == "" {
			p.summary = nil // nothing was performed
		}
		return p.summary, err
	}
	return p.summary, nil
}

// publishAll releases crates, of which each may need those before it:
//
//	preflight             reads only; what a person must mend ends the run here
//	steps                 as a dry run does: no crate is published unless all build
//	sign, package         when all are tested: a certificate lives 10 minutes
//
// and then of each crate, before the next one's begin:
//
//	draft, assets         no one sees them who may not write; both can be taken back
//	registry, owner       can never be taken back, so everything else is in place
//	tag                   says of which commit, before anyone is told
//	release               tells everyone
func publishAll(ctx context.Context, list []*publishing) error {
	if err := preflight(ctx, list); err != nil {
		return console.Errorf("%w\nnothing was changed anywhere", err)
	}
	for _, stage := range []struct {
		about string
		do    func(*publishing, context.Context) error
	}{
		{"running the steps", (*publishing).compile},
		{"signing and packaging", (*publishing).assemble},
		{"publishing", (*publishing).perform},
	} {
		for i, p := range list {
			if len(list) > 1 {
				p.tell(fmt.Sprintf("%s, %d of %d: %s", p.Plan.Tag, i+1, len(list), stage.about))
			}
			if err := stage.do(p, ctx); err != nil {
				return p.failed(err, list)
			}
		}
	}
	return nil
}

// published reports whether the release is there, and announced.
func (p *publishing) published() bool {
	found := p.hub.Found()
	return found.ID != 0 && !found.Draft
}

// compile runs the steps. Of a release that an earlier run has published, nothing is
// built or signed again but the crate, whose bytes tell whether it is the same.
func (p *publishing) compile(ctx context.Context) (err error) {
	if !p.published() && p.Given == nil {
		p.summary, err = p.runSteps(ctx)
		return err
	}
	p.begin = time.Now()
	if p.summary, err = p.newSummary(); err != nil || p.registry == nil {
		return err
	}
	if p.Given != nil {
		return p.steps(ctx, p.summary, p.named(plan.StepFetch)) // the upload takes its lock file
	}
	return p.steps(ctx, p.summary, p.named(plan.StepPackage))
}

// assemble writes and signs what is published, and settles the effects.
func (p *publishing) assemble(ctx context.Context) error {
	s := p.summary
	s.DryRun, s.Remarks = false, append(s.Remarks, p.remarks...)
	if p.published() {
		return p.finished(ctx)
	}
	if err := p.takeOrMake(ctx); err != nil {
		return err
	}
	if p.registry != nil {
		if _, err := p.crate().Effect("").Look(ctx); err != nil {
			return console.Errorf("checking what the release will find:\n%w\nnothing was changed anywhere", err)
		}
	}
	p.hub.Draft.Body = p.notes() // who signed is known now
	p.effects = p.newEffects(s.Artifacts)
	for _, e := range p.effects {
		s.Outcomes = append(s.Outcomes, publish.Outcome{Kind: e.Kind, About: e.About, State: publish.NotBegun})
	}
	return nil
}

// takeOrMake settles the artifacts: those that were given, or new ones.
func (p *publishing) takeOrMake(ctx context.Context) error {
	if p.Given != nil {
		return p.takeGiven(ctx, p.summary)
	}
	if err := p.readEarlier(ctx); err != nil {
		return err
	}
	if err := p.writeArtifacts(ctx, p.summary); err != nil {
		return err
	}
	if n := p.taken.Load(); n > 0 {
		p.summary.Remarks = append(p.summary.Remarks, fmt.Sprintf("%d signatures are those of an earlier run of this release, verified, of what was built now", n))
	}
	return nil
}

// finished looks at a release that has been published by an earlier run.
func (p *publishing) finished(ctx context.Context) error {
	if p.registry != nil && p.Given == nil {
		if err := p.exportCrate(ctx); err != nil {
			return err
		}
	}
	for _, e := range p.newEffects(nil) {
		if e.Kind != "asset" && e.Kind != "owner" {
			v, err := e.Look(ctx)
			if err == nil && v != publish.Done {
				err = &publish.Conflict{What: fmt.Sprintf("the release is published, and %q is not done", e.About), Next: "a published release is never changed: a person has to look"}
			}
			if err != nil {
				return console.Errorf("looking at %q: %w\nnothing was changed anywhere", e.About, err)
			}
		}
		p.summary.Outcomes = append(p.summary.Outcomes, publish.Outcome{Kind: e.Kind, About: e.About, State: publish.FoundDone})
	}
	p.summary.Published, p.summary.URL, p.summary.Seconds = true, p.hub.Found().URL, time.Since(p.begin).Seconds()
	p.remarkImmutable()
	return p.hub.OnlyThese(ctx, p.assets(nil))
}

func (r *Release) tell(what string) {
	if r.Tell != nil {
		r.Tell(what)
	}
}
