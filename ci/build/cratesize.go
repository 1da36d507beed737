package build

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"dagger/slipway/ci/cratesio"
	"dagger/slipway/ci/finding"
)

// checkCrateSize checks the packaged crate against the size limit of crates.io. A release fails
// here, before anything is signed or sent; a dry run reports a finding.
func (c *Crate) checkCrateSize(ctx context.Context, b *Built) error {
	file, found := c.Plan.Package()
	if !found || c.Plan.Publish.Registry != "" || c.largeCrate() {
		return nil
	}
	size, err := c.crateSize(ctx, file.Name)
	if err != nil || size <= cratesio.MaxCrateFile {
		return err
	}
	large := finding.List{{
		Stops: finding.Registry, Crate: c.Plan.Name,
		What: fmt.Sprintf("%s has %d bytes, crates.io allows %d", file.Name, size, cratesio.MaxCrateFile),
		Do:   "keep files out of the package with `package.exclude`, or, where crates.io has raised the limit for this crate, say so: large-crate = true in [package.metadata.slipway]",
	}}
	return b.found(large, c.Release, finding.Registry, "checking the package")
}

// largeCrate reports whether the crate's settings say that crates.io has raised its limit.
func (c *Crate) largeCrate() bool {
	member, err := c.Workspace.Crate(c.Plan.Name)
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
