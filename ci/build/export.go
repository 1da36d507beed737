package build

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/outdir"
	"dagger/slipway/ci/plan"
)

// maxLock is the size limit of a lock file in bytes. One with a thousand crates has some
// hundred KiB.
const maxLock = 64 << 20

// checkLock checks the lock file that cargo has made for the crate, and returns the one that a
// build is locked to.
func (c *Crate) checkLock(ctx context.Context) (cargo.Lock, error) {
	var none cargo.Lock
	dir, err := os.MkdirTemp("", "slipway-lock-")
	if err != nil {
		return none, fmt.Errorf("checking the lock file: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "Cargo.lock")
	if err := c.Runner.Export(ctx, plan.StepFetch, plan.OutputLock, file); err != nil {
		return none, err
	}
	raw, err := beneath.ReadFile(file, maxLock)
	if err != nil {
		return none, fmt.Errorf("checking the lock file: %w", err)
	}
	return c.Workspace.Resolve(raw)
}

// WriteBinaries builds the crate for every target and writes the binaries to
// <out>/<target>/<name>.
func (c *Crate) WriteBinaries(ctx context.Context, out string) error {
	var steps, names []string
	for _, t := range c.Plan.Targets {
		steps = append(steps, plan.StepBuild(t))
	}
	if _, err := c.Needed(ctx, steps...); err != nil {
		return err
	}
	work, done, err := outdir.Work(out)
	if err != nil {
		return err
	}
	defer done()
	if err := c.ExportBinaries(ctx, func(target, name string) string { return filepath.Join(work, target, name) }); err != nil {
		return err
	}
	for _, a := range c.Plan.Tarballs() {
		for _, name := range a.Binaries {
			names = append(names, filepath.Join(a.Target, name))
		}
	}
	return outdir.Move(work, out, names)
}

// ExportBinaries copies every binary of every target out of the runner to the private path
// given by place, and checks each there.
func (c *Crate) ExportBinaries(ctx context.Context, place func(target, name string) string) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, a := range c.Plan.Tarballs() {
		for _, name := range a.Binaries {
			group.Go(func() error { return c.exportBinary(ctx, a.Target, name, place(a.Target, name)) })
		}
	}
	return group.Wait()
}

func (c *Crate) exportBinary(ctx context.Context, target, name, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return fmt.Errorf("exporting binary %q: %w", name, err)
	}
	if err := c.Runner.Export(ctx, plan.StepBuild(target), plan.OutputBinary(name), to); err != nil {
		return err
	}
	return dist.CheckStatic(to, target)
}

// ExportPackage copies the .crate file out of the runner to dir, under its artifact's name. It
// does nothing if the plan has none.
func (c *Crate) ExportPackage(ctx context.Context, dir string) error {
	a, found := c.Plan.Package()
	if !found {
		return nil
	}
	return c.Runner.Export(ctx, plan.StepPackage, plan.OutputCrate, filepath.Join(dir, a.Name))
}
