package release

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"dagger/slipway/ci/assemble"
	"dagger/slipway/ci/build"
	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/outdir"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
	"dagger/slipway/ci/registry"
	"dagger/slipway/ci/report"
)

// crate is one of the plan's crates in a run.
type crate struct {
	*run
	plan   *plan.Crate
	made   *assemble.Crate // what was built, and how files are made of it
	dist   *assemble.Dist  // the files, nil before they are made
	report *report.Crate

	// What only publishing needs, set by preflight.
	before   []*plan.Crate      // those that the same run publishes before this one
	github   *publish.GitHub    // nil in a run that publishes nothing
	registry *registry.Registry // nil if the crate is not published to a registry
}

// title names the crate in messages.
func (c *crate) title() string {
	if c.plan.Released() {
		return c.plan.Tag
	}
	return "crate " + c.plan.Name
}

// tellTurn tells that it is the crate's turn, if there are several.
func (c *crate) tellTurn(crates []*crate, about string) {
	if len(crates) > 1 {
		c.tell(fmt.Sprintf("%s, %d of %d: %s", c.title(), slices.Index(crates, c)+1, len(crates), about))
	}
}

// blame names the crate in an error if several are released.
func (c *crate) blame(err error) error {
	if len(c.released()) > 1 {
		return fmt.Errorf("releasing %q: %w", c.title(), err)
	}
	return err
}

// published reports whether the release exists on GitHub and is no draft.
func (c *crate) published() bool {
	if c.github == nil {
		return false
	}
	found := c.github.Found()
	return found.ID != 0 && !found.Draft
}

// runSteps runs the steps. If an earlier run has published the release, only the crate is
// packaged again, because its bytes tell whether it is the same.
func (c *crate) runSteps(ctx context.Context) error {
	switch {
	case c.Prebuilt == nil && !c.published():
		return c.built(c.made.Build.All(ctx))
	case c.registry == nil:
		return nil
	case c.Prebuilt != nil: // the upload uses its lock file
		return c.built(c.made.Build.Needed(ctx, plan.StepFetch))
	}
	return c.built(c.made.Build.Needed(ctx, plan.StepPackage))
}

// test runs the tests.
func (c *crate) test(ctx context.Context) error {
	var names []string
	for _, t := range c.plan.Targets {
		names = append(names, plan.StepTest(t))
	}
	return c.built(c.made.Build.Needed(ctx, names...))
}

// built takes what the steps have built.
func (c *crate) built(b *build.Built, err error) error {
	if err == nil {
		c.made.Built = b
		c.run.report.AddBuilt(c.report, b)
	}
	return err
}

// makeFiles makes and signs the files, or takes the prebuilt ones. If the release is published,
// they are there.
func (c *crate) makeFiles(ctx context.Context) (err error) {
	if c.published() {
		return nil
	}
	switch {
	case c.Prebuilt == nil:
		c.dist, err = c.write(ctx)
	case c.release:
		c.dist, err = c.Prebuilt.Take(ctx, c.made.Out, c.plan)
	default:
		c.dist, err = c.Prebuilt.Rehearse(ctx, c.made.Out, c.plan)
	}
	if err != nil {
		return err
	}
	c.report.Artifacts, c.report.Signed = c.dist.Files, c.dist.How
	return nil
}

// write makes the files from what was built, and reuses the signatures of an earlier run.
func (c *crate) write(ctx context.Context) (d *assemble.Dist, err error) {
	if c.made.Earlier, err = c.readEarlier(ctx); err != nil {
		return nil, err
	}
	d, err = c.made.Write(ctx)
	if err == nil && d.Reused > 0 {
		c.run.report.AddNote(fmt.Sprintf("%d signatures of an earlier run of this release were verified for what was built now, and reused", d.Reused))
	}
	return d, err
}

// assets returns the artifacts to attach to the GitHub release, in the plan's order.
func (c *crate) assets() []publish.File {
	var list []publish.File
	for _, a := range c.plan.Artifacts {
		if a.IsAsset() {
			list = append(list, c.asset(a.Name))
		}
	}
	return list
}

// asset returns one of these artifacts.
func (c *crate) asset(name string) publish.File {
	f := publish.File{Name: name, Path: filepath.Join(c.made.Out, name)}
	if c.dist != nil {
		i := slices.IndexFunc(c.dist.Files, func(f dist.File) bool { return f.Name == name })
		f.SHA256 = c.dist.Files[i].SHA256
	}
	return f
}

// packageName is the name of the packaged crate.
func (c *crate) packageName() string { return plan.CrateName(c.plan.Name, c.plan.Version) }

// packaged returns the publisher of the packaged crate.
func (c *crate) packaged() *publish.Crate {
	return publish.NewCrate(c.made.Build, c.registry, filepath.Join(c.made.Out, c.packageName()))
}

// exportPackage writes the packaged crate alone to the output directory.
func (c *crate) exportPackage(ctx context.Context) error {
	work, done, err := outdir.Work(c.made.Out)
	if err != nil {
		return err
	}
	defer done()
	if err := c.made.Build.ExportPackage(ctx, work); err != nil {
		return err
	}
	return outdir.Move(work, c.made.Out, []string{c.packageName()})
}
