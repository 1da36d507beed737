package release

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
func (r *Release) checkCrateSize(ctx context.Context, s *Summary) error {
	i := slices.IndexFunc(r.Plan.Artifacts, func(a plan.Artifact) bool { return a.Kind == plan.CrateFile })
	if i < 0 || r.Plan.Publish.Registry != "" || r.largeCrate() {
		return nil
	}
	size, err := r.crateSize(ctx, r.Plan.Artifacts[i].Name)
	if err != nil || size <= cratesio.MaxCrateFile {
		return err
	}
	found := finding.List{{
		Stops: finding.Registry, Crate: r.Plan.Crate,
		What: fmt.Sprintf("%s has %d bytes, crates.io allows %d", r.Plan.Artifacts[i].Name, size, cratesio.MaxCrateFile),
		Do:   "keep files out of the package with `package.exclude`, or, where crates.io has raised the limit for this crate, say so: large-crate = true in [package.metadata.slipway]",
	}}
	if r.strict {
		return found.Check("checking the package", finding.Registry)
	}
	s.Findings = append(slices.Clone(s.Findings), found...).Sorted()
	return nil
}

// largeCrate reports whether the crate's settings say that crates.io has raised its limit.
func (r *Release) largeCrate() bool {
	c, err := r.Workspace.Crate(r.Plan.Crate)
	return err == nil && c.Settings.LargeCrate
}

func (r *Release) crateSize(ctx context.Context, name string) (int64, error) {
	work, err := os.MkdirTemp("", "slipway-package-")
	if err != nil {
		return 0, fmt.Errorf("measuring %q: %w", name, err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	to := filepath.Join(work, name)
	if err := r.Runner.Export(ctx, plan.StepPackage, plan.OutputCrate, to); err != nil {
		return 0, err
	}
	info, err := os.Lstat(to)
	if err != nil {
		return 0, fmt.Errorf("measuring %q: %w", name, err)
	}
	return info.Size(), nil
}
