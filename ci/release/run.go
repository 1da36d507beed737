package release

import (
	"context"
	"errors"
	"path"
	"path/filepath"
	"slices"
	"time"

	"dagger/slipway/ci/assemble"
	"dagger/slipway/ci/build"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/handover"
	"dagger/slipway/ci/outdir"
	"dagger/slipway/ci/publish"
	"dagger/slipway/ci/registry"
	"dagger/slipway/ci/report"
	"dagger/slipway/ci/staged"
	"dagger/slipway/ci/step"
)

// run is the state of one run of a release.
type run struct {
	*Release
	release bool      // no dry run
	began   time.Time // for the provenance
	out     string    // where the files are: Out, or a private copy of the prebuilt ones
	report  *report.Report
	crates  []*crate // in the plan's order
	images  *images  // nil if the plan has none

	// What the crates of one run look up only once: who releases, and the registries by name and
	// index, nil for one whose error was already reported.
	actor      string
	registries map[string]*registry.Registry

	toPerform []publish.Effect // determined by prepare
}

// begin begins a run, unless the plan stops even a dry run. release makes errors of findings that
// stop a release. done removes what was only needed for the run.
func (r *Release) begin(release bool) (n *run, done func(), err error) {
	if err := r.Plan.CheckDryRun(); err != nil {
		return nil, nil, err
	}
	n = &run{Release: r, release: release, began: time.Now(), out: r.Out, registries: map[string]*registry.Registry{}}
	runner := ""
	if len(r.Runners) > 0 {
		runner = r.Runners[0].Name()
	}
	if n.report, err = report.New(r.Plan, runner); err != nil {
		return nil, nil, err
	}
	n.report.DryRun, done = !release, func() {}
	if r.Prebuilt != nil {
		if n.out, done, err = r.Prebuilt.Copy(); err != nil {
			return nil, nil, err
		}
	}
	for i := range r.Plan.Crates {
		n.crates = append(n.crates, n.newCrate(i))
	}
	if len(r.Plan.Images) > 0 {
		n.images = n.newImages()
	}
	return n, done, n.checkOut()
}

// checkOut returns an error if the files that are to be made cannot be written, before anything is
// built.
func (r *run) checkOut() error {
	if r.Prebuilt != nil || r.Out == "" { // nothing is written
		return nil
	}
	var errs []error
	for _, c := range r.released() {
		var files []string
		for _, a := range c.plan.Artifacts {
			files = append(files, a.Name)
		}
		errs = append(errs, outdir.Check(c.made.Out, files, nil))
	}
	if r.images != nil {
		var layouts []string
		for _, img := range r.Plan.Images {
			layouts = append(layouts, img.Name)
		}
		errs = append(errs, outdir.Check(r.images.from.Out, nil, layouts))
	}
	return errors.Join(errs...)
}

// newCrate returns the plan's crate number i, of which nothing has been done yet.
func (r *run) newCrate(i int) *crate {
	p, said := r.Plan.Crates[i], r.report.Crates[i]
	if r.Apart {
		said.Dir = p.Name
	}
	var runner step.Runner
	base := r.ToolchainBase
	if len(r.Runners) > 0 {
		runner = r.Runners[i]
	}
	if other, ok := runner.(*staged.Runner); ok {
		base = other.ToolchainBase()
	}
	repository := ""
	if r.To.GitHub != nil {
		repository = r.To.GitHub.Repository()
	}
	return &crate{run: r, plan: p, report: said, made: &assemble.Crate{
		Build: &build.Crate{Workspace: r.Workspace, Plan: p, Runner: runner, Release: r.release, Staged: r.staged},
		Signing: &assemble.Signing{
			Signer: r.Signer, How: p.Signing, Version: p.Version, Source: p.Source, Repository: repository, Staged: r.staged,
		},
		Out: filepath.Join(r.out, said.Dir), ToolchainBase: base, Began: r.began,
	}}
}

// released returns the crates that are released, as opposed to those that are only built.
func (r *run) released() []*crate {
	return slices.DeleteFunc(slices.Clone(r.crates), func(c *crate) bool { return !c.plan.Released() })
}

// crate returns the crate of that name, nil if there is none.
func (r *run) crate(name string) *crate {
	if i := slices.IndexFunc(r.crates, func(c *crate) bool { return c.plan.Name == name }); i >= 0 {
		return r.crates[i]
	}
	return nil
}

// each does something for each of the crates in order, and tells so if there are several.
func (r *run) each(ctx context.Context, crates []*crate, about string, do func(*crate, context.Context) error) error {
	for _, c := range crates {
		c.tellTurn(crates, about)
		if err := do(c, ctx); err != nil {
			return c.blame(err)
		}
	}
	return nil
}

// digest returns the digest of the files that were made, for the job that continues from them. It
// is "" if they were taken from an earlier run.
func (r *run) digest() (handover.Digest, error) {
	if r.Prebuilt != nil {
		return "", nil
	}
	var names []string
	for _, c := range r.released() {
		for _, f := range c.dist.Files {
			names = append(names, path.Join(c.report.Dir, f.Name))
		}
	}
	if r.images != nil {
		names = append(names, r.images.entries()...)
	}
	if len(names) == 0 {
		return handover.Sum(nil), nil
	}
	return handover.Of(r.out, names...)
}

// failed ends a run that could not be finished. Once effects are performed there is a report of
// them, and the error says what has happened and how to continue. Before, only a run of several
// crates says how far each of them is, by an earlier run.
func (r *run) failed(err error) (*report.Report, error) {
	performing := r.report.Outcomes != nil
	if !performing && len(r.released()) < 2 {
		return nil, err
	}
	r.noteStates()
	err = console.Errorf("%w\n%s", err, console.Lines(r.report.Status(r.To.Again)))
	if !performing {
		return nil, err
	}
	r.report.Fail(err)
	return r.ended(), err
}
