package build

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"dagger/slipway/ci/cratesio"
	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/plan"
)

// checkCrateSize checks the packaged crate against the size limit of crates.io. A release fails
// here, before anything is signed or sent; a dry run reports a finding.
func (c *Crate) checkCrateSize(ctx context.Context, b *Built) error {
	i := slices.IndexFunc(c.Plan.Artifacts, func(a plan.Artifact) bool { return a.Kind == plan.CrateFile })
	if i < 0 || c.Plan.Publish.Registry != "" || c.largeCrate() {
		return nil
	}
	name := c.Plan.Artifacts[i].Name
	size, err := c.crateSize(ctx, name)
	if err != nil || size <= cratesio.MaxCrateFile {
		return err
	}
	found := finding.List{{
		Stops: finding.Registry, Crate: c.Plan.Crate,
		What: fmt.Sprintf("%s has %d bytes, crates.io allows %d", name, size, cratesio.MaxCrateFile),
		Do:   "keep files out of the package with `package.exclude`, or, where crates.io has raised the limit for this crate, say so: large-crate = true in [package.metadata.slipway]",
	}}
	return b.found(found, c.Release, finding.Registry, "checking the package")
}

// largeCrate reports whether the crate's settings say that crates.io has raised its limit.
func (c *Crate) largeCrate() bool {
	member, err := c.Workspace.Crate(c.Plan.Crate)
	return err == nil && member.Settings.LargeCrate
}

func (c *Crate) crateSize(ctx context.Context, name string) (int64, error) {
	work, err := os.MkdirTemp("", "slipway-package-")
	if err != nil {
		return 0, fmt.Errorf("measuring %q: %w", name, err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	if err := c.ExportPackage(ctx, work); err != nil {
		return 0, err
	}
	info, err := os.Lstat(filepath.Join(work, name))
	if err != nil {
		return 0, fmt.Errorf("measuring %q: %w", name, err)
	}
	return info.Size(), nil
}
