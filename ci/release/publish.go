package release

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"dagger/slipway/ci/github"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
	"dagger/slipway/ci/registry"
	"dagger/slipway/ci/sign"
)

// Remotes are where a release is published, and as whom.
type Remotes struct {
	GitHub *github.Client
	// RegistryToken is the token of the registry. The runner has it too, for the
	// steps that need it.
	RegistryToken string
	// Actor is who releases, as the registry names users: "" is whose token of
	// GitHub it is.
	Actor string
	// InitialRelease says that the registry does not have the crate yet.
	InitialRelease bool
	// Again is the command that continues a release that ended early.
	Again string
}

// uploads is how many assets are uploaded at once.
const uploads = 16

// publishing is what a release that is no dry run has found out about the remote
// sides.
type publishing struct {
	*Release
	to       Remotes
	hub      *publish.GitHub
	registry *registry.Registry // nil where nothing goes to one
	actor    string
	remarks  []string
}

// Publish releases. Everything that has been done is found done, so that a release
// that ended anywhere is finished by running it again:
//
//	preflight             reads only; what a person must mend ends the release here
//	steps, sign, package  as a dry run does, but for the signatures
//	draft, assets         no one sees them who may not write; both can be taken back
//	registry, owner       can never be taken back, so everything else is in place
//	tag                   says of which commit, before anyone is told
//	release               tells everyone
func (r *Release) Publish(ctx context.Context, to Remotes) (*Summary, error) {
	if err := r.Plan.Source.CheckRelease(); err != nil {
		return nil, err
	}
	if r.Signer == nil && r.Plan.Signing != "" {
		return nil, sign.ErrNoToken
	}
	p := &publishing{Release: r, to: to}
	if err := p.preflight(ctx); err != nil {
		return nil, fmt.Errorf("%w\nnothing was changed anywhere", err)
	}
	if p.hub.Found().ID != 0 && !p.hub.Found().Draft {
		return p.finished(ctx)
	}
	s, err := r.make(ctx)
	if err != nil {
		return nil, err
	}
	if p.registry != nil {
		if _, err := p.crate().Effect("").Look(ctx); err != nil {
			return nil, fmt.Errorf("checking what the release will find:\n%w\nnothing was changed anywhere", err)
		}
	}
	p.hub.Draft.Body = p.notes() // who signed is known now
	s.Published = true
	err = p.perform(ctx, s)
	p.remark(s)
	s.Seconds = time.Since(r.begin).Seconds()
	if err != nil {
		s.Published, s.Error = false, err.Error()
	}
	return s, err
}

// perform performs the effects in the plan's order, assets side by side.
func (p *publishing) perform(ctx context.Context, s *Summary) error {
	effects := p.effects(s.Artifacts)
	s.Outcomes = make([]publish.Outcome, len(effects))
	for i, e := range effects {
		s.Outcomes[i] = publish.Outcome{Kind: e.Kind, About: e.About, State: publish.NotBegun}
	}
	for i := 0; i < len(effects); {
		end := i + 1
		for effects[i].Kind == "asset" && end < len(effects) && effects[end].Kind == "asset" {
			end++
		}
		group, each := errgroup.WithContext(ctx)
		group.SetLimit(uploads)
		for j := i; j < end; j++ {
			group.Go(func() (err error) {
				s.Outcomes[j], err = effects[j].Perform(each, transient)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return fmt.Errorf("%w\n%s", err, p.status(s))
		}
		i = end
	}
	s.URL = p.hub.Found().URL
	return nil
}

// effects are those of the plan that are performed here: what is signed was signed
// when the artifacts were made.
func (p *publishing) effects(files []File) []publish.Effect {
	var list []publish.Effect
	assets := p.assets(files)
	next := 0
	for _, e := range p.Plan.Effects {
		switch e.Kind {
		case "draft":
			list = append(list, p.hub.DraftEffect(e.About))
		case "asset":
			list = append(list, p.hub.AssetEffect(e.About, assets[next]))
			next++
		case "registry":
			list = append(list, p.crate().Effect(e.About))
		case "owner":
			list = append(list, p.ownerEffect(e.About))
		case "tag":
			list = append(list, p.hub.TagEffect(e.About))
		case "release":
			var names []string
			for _, a := range assets {
				names = append(names, a.Name)
			}
			list = append(list, p.hub.AnnounceEffect(e.About, names))
		}
	}
	return list
}

// assets are the artifacts that GitHub gets, in the plan's order.
func (p *publishing) assets(files []File) []publish.File {
	var list []publish.File
	for i, a := range p.Plan.Artifacts {
		if a.Kind == plan.CrateFile {
			continue
		}
		f := publish.File{Name: a.Name, Path: filepath.Join(p.Out, a.Name)}
		if files != nil {
			f.SHA256 = files[i].SHA256
		}
		list = append(list, f)
	}
	return list
}

// finished looks at a release that has been published by an earlier run: nothing
// is built or signed again but the crate, whose bytes tell whether it is the same.
func (p *publishing) finished(ctx context.Context) (*Summary, error) {
	p.begin = time.Now()
	s, err := p.newSummary()
	if err != nil {
		return nil, err
	}
	s.DryRun, s.Published, s.URL = false, true, p.hub.Found().URL
	p.remark(s)
	if p.registry != nil {
		if err := p.packageAgain(ctx, s); err != nil {
			return nil, err
		}
	}
	for _, e := range p.effects(nil) {
		o := publish.Outcome{Kind: e.Kind, About: e.About, State: publish.FoundDone}
		if e.Kind != "asset" && e.Kind != "owner" {
			v, err := e.Look(ctx)
			if err == nil && v != publish.Done {
				err = &publish.Conflict{What: fmt.Sprintf("the release is published, and %q is not done", e.About), Next: "a published release is never changed: a person has to look"}
			}
			if err != nil {
				return nil, fmt.Errorf("looking at %q: %w\nnothing was changed anywhere", e.About, err)
			}
		}
		s.Outcomes = append(s.Outcomes, o)
	}
	if err := p.hub.OnlyThese(ctx, p.assets(nil)); err != nil {
		return nil, err
	}
	s.Seconds = time.Since(p.begin).Seconds()
	return s, nil
}

func (p *publishing) packageAgain(ctx context.Context, s *Summary) error {
	if err := p.steps(ctx, s, p.named(plan.StepPackage)); err != nil {
		return err
	}
	return p.exportCrate(ctx)
}

// remark adds what was found out about the remote sides. That a release is immutable,
// GitHub says of it to everyone, and of the repository to few.
func (p *publishing) remark(s *Summary) {
	if p.hub.Found().Immutable && !slices.Contains(p.remarks, immutable) {
		p.remarks = append(p.remarks, immutable)
	}
	s.Remarks = append(s.Remarks, p.remarks...)
}

// transient judges what effects fail with.
func transient(err error) (time.Duration, bool) {
	var upload *uploadError
	if errors.As(err, &upload) {
		return upload.wait, upload.passes
	}
	return github.Transient(err)
}

// status tells a person what has and what has not happened remotely.
func (p *publishing) status(s *Summary) string {
	var b strings.Builder
	b.WriteString("\nWhat has happened:\n")
	if p.Plan.Signing != "" {
		b.WriteString("  done        binaries are signed, which says nothing to anyone by itself\n")
	}
	for _, o := range s.Outcomes {
		fmt.Fprintf(&b, "  %-10s  %s\n", o.State, o.About)
	}
	if slices.ContainsFunc(s.Outcomes, func(o publish.Outcome) bool {
		return o.Kind == "registry" && (o.State == publish.WasDone || o.State == publish.FoundDone)
	}) {
		b.WriteString("The crate is published, and not announced yet.\n")
	} else {
		b.WriteString("Nothing that users can see has changed.\n")
	}
	fmt.Fprintf(&b, "To continue, run the same command again:\n  %s\n", p.to.Again)
	return b.String()
}
