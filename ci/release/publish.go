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
	github   *publish.GitHub
	registry *registry.Registry // nil if the crate is not published to a registry
	warnings []string
	effects  []publish.Effect
	summary  *Summary // nil before the steps have run
}

// newPublishing returns the state of a release, and records the repository that it is published
// in.
func newPublishing(r *Release, to Remotes) *publishing {
	if to.GitHub != nil {
		r.repository = to.GitHub.Repository()
	}
	return &publishing{Release: r, to: to}
}

// shared is what the crates of one run look up only once.
type shared struct {
	actor string // who releases
	// registries is indexed by name and index. nil stands for one whose error was already
	// reported.
	registries map[string]*registry.Registry
}

// Publish publishes the release. Completed effects are detected and skipped, so running an
// interrupted release again finishes it. See [publishAll] for the order.
func (r *Release) Publish(ctx context.Context, to Remotes) (*Summary, error) {
	if err := r.checkRelease(); err != nil {
		return nil, err
	}
	done, err := r.copyPrebuilt()
	if err != nil {
		return nil, err
	}
	defer done()
	p := newPublishing(r, to)
	if err := publishAll(ctx, []*publishing{p}); err != nil {
		if p.summary != nil && p.summary.Error == "" {
			p.summary = nil // no effect was performed
		}
		return p.summary, err
	}
	return p.summary, nil
}

// publishAll releases crates, each of which may depend on those before it:
//
//	preflight             reads only; problems that a person must fix end the run here
//	steps                 as in a dry run: no crate is published unless all build
//	sign, package         once all are tested, because a certificate is valid for 10 minutes
//
// and then crate by crate:
//
//	draft, assets         visible with write access only; both can be deleted again
//	registry, owner       irreversible, so everything else is in place before
//	tag                   fixes the commit before the release is announced
//	release               visible to everyone
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

// published reports whether the release exists on GitHub and is no draft.
func (p *publishing) published() bool {
	found := p.github.Found()
	return found.ID != 0 && !found.Draft
}

// compile runs the steps. If an earlier run has published the release, only the crate is
// packaged again, because its bytes tell whether it is the same.
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
		return p.steps(ctx, p.summary, p.named(plan.StepFetch)) // the upload uses its lock file
	}
	return p.steps(ctx, p.summary, p.named(plan.StepPackage))
}

// assemble makes and signs the artifacts, or takes the prebuilt ones, and determines the effects.
func (p *publishing) assemble(ctx context.Context) error {
	s := p.summary
	s.DryRun, s.Remarks = false, append(s.Remarks, p.warnings...)
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
	p.github.Draft.Body = p.notes() // the signer is known only now
	p.effects = p.newEffects(s.Artifacts)
	for _, e := range p.effects {
		s.Outcomes = append(s.Outcomes, publish.Outcome{Kind: e.Kind, About: e.About, State: publish.NotBegun})
	}
	return nil
}

// takeOrMake takes the prebuilt artifacts, or makes new ones.
func (p *publishing) takeOrMake(ctx context.Context) error {
	if p.Given != nil {
		return p.takePrebuilt(ctx, p.summary)
	}
	if err := p.readEarlier(ctx); err != nil {
		return err
	}
	if err := p.writeArtifacts(ctx, p.summary); err != nil {
		return err
	}
	if n := p.reused.Load(); n > 0 {
		p.summary.Remarks = append(p.summary.Remarks, fmt.Sprintf("%d signatures are those of an earlier run of this release, verified, of what was built now", n))
	}
	return nil
}

// finished checks a release that an earlier run has published.
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
	p.summary.Published, p.summary.URL, p.summary.Seconds = true, p.github.Found().URL, time.Since(p.begin).Seconds()
	p.noteImmutable()
	return p.github.OnlyThese(ctx, p.assets(nil))
}

func (r *Release) tell(what string) {
	if r.Tell != nil {
		r.Tell(what)
	}
}
