package release

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/handover"
	"dagger/slipway/ci/outdir"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/report"
	"dagger/slipway/ci/staged"
)

// Stage runs every step of the plan and writes their results, unsigned, to the output
// directory. A release with [Release.UseStaged] makes its files from them, in a job that
// runs nothing of the workspace. The directory must be missing or empty, because its digest
// covers all it holds.
func (r *Release) Stage(ctx context.Context) (*report.Report, error) {
	if err := outdir.CheckMissing(r.Out); err != nil { // before anything is built
		return nil, err
	}
	var records []*staged.Recorder
	runners := r.Runners
	r.Runners = nil
	for i, p := range r.Plan.Crates {
		records = append(records, staged.Record(runners[i], p))
		r.Runners = append(r.Runners, records[i])
	}
	n, done, err := r.begin(false)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := n.steps(ctx); err != nil {
		return nil, err
	}
	n.report.Staged = true
	n.report.Digest, err = stageInto(r.Out, r.Plan, func(dir string) error {
		for i, c := range n.crates {
			if err := c.writeStaged(ctx, records[i], dir); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return n.ended(), nil
}

// writeStaged writes the results of the crate's steps to dir, and describes the files that are
// to be signed and packaged.
func (c *crate) writeStaged(ctx context.Context, record *staged.Recorder, dir string) error {
	to := filepath.Join(dir, c.plan.Name)
	if err := record.Write(ctx, to, c.ToolchainBase); err != nil {
		return err
	}
	for _, f := range staged.Files(c.plan) {
		if f.Output == "" {
			continue
		}
		described, _, err := dist.Describe(filepath.Join(to, filepath.FromSlash(f.Path)), c.plan.Name+"/"+f.Path, "")
		if err != nil {
			return err
		}
		c.report.Artifacts = append(c.report.Artifacts, described)
	}
	return c.checkStaged(to)
}

// checkStaged checks the binaries as packing will, so that the job that built them fails, not a
// later one.
func (c *crate) checkStaged(dir string) error {
	for _, a := range c.plan.Tarballs() {
		for _, bin := range a.Binaries {
			if err := dist.CheckStatic(staged.Path(dir, plan.StepBuild(a.Target), plan.OutputBinary(bin)), a.Target); err != nil {
				return err
			}
		}
	}
	return nil
}

// stagedPlan is the name of the plan's file in a staged directory. Next to it there is a
// directory for each crate that was built.
const stagedPlan = "plan.json"

// stageInto writes the plan and what fill adds to a temporary directory, moves it to out when
// it is complete, and returns its digest.
func stageInto(out string, p *plan.Plan, fill func(dir string) error) (handover.Digest, error) {
	out = filepath.Clean(out)
	if err := outdir.CheckMissing(out); err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return "", fmt.Errorf("making output directory: %w", err)
	}
	work, err := os.MkdirTemp(filepath.Dir(out), ".staging-")
	if err != nil {
		return "", fmt.Errorf("making output directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	dir := filepath.Join(work, "staged")
	raw, err := p.JSON()
	if err = errors.Join(err, os.Mkdir(dir, 0o755), os.WriteFile(filepath.Join(dir, stagedPlan), raw, 0o644)); err != nil {
		return "", fmt.Errorf("writing the plan to %q: %w", out, err)
	}
	if err := fill(dir); err != nil {
		return "", err
	}
	digest, err := handover.Of(dir)
	if err == nil {
		err = os.Rename(dir, out)
	}
	if err != nil {
		return "", fmt.Errorf("writing %q: %w", out, err)
	}
	return digest, nil
}
