package release

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/handover"
	"dagger/slipway/ci/outdir"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/report"
	"dagger/slipway/ci/staged"
)

// Stage runs every step of the plan and writes their results, unsigned, to the output
// directory. A release with [Release.UseStaged] makes its artifacts from them, in a job that
// runs nothing of the workspace. The directory must be missing or empty, because its digest
// covers all it holds.
func (r *Release) Stage(ctx context.Context) (*report.Crate, error) {
	if err := outdir.CheckMissing(r.Out); err != nil { // before anything is built
		return nil, err
	}
	record := staged.Record(r.Runner, r.Plan)
	r.Runner = record
	s, err := r.newReport()
	if err != nil {
		return nil, err
	}
	built, err := r.build(false).All(ctx)
	if err != nil {
		return nil, err
	}
	s.AddBuilt(built)
	s.Staged = true
	s.Digest, err = stageInto(r.Out, r.Plan, func(dir string) error {
		s.Artifacts, err = r.writeStaged(ctx, record, dir)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// writeStaged writes the results of the crate's steps to dir, and describes the files that are
// to be signed and packaged.
func (r *Release) writeStaged(ctx context.Context, record *staged.Recorder, dir string) ([]dist.File, error) {
	to := filepath.Join(dir, r.Plan.Crate)
	if err := record.Write(ctx, to, r.ToolchainBase); err != nil {
		return nil, err
	}
	var list []dist.File
	for _, f := range staged.Files(r.Plan) {
		if f.Output == "" {
			continue
		}
		described, _, err := dist.Describe(filepath.Join(to, filepath.FromSlash(f.Path)), r.Plan.Crate+"/"+f.Path, "")
		if err != nil {
			return nil, err
		}
		list = append(list, described)
	}
	return list, r.checkStaged(to)
}

// checkStaged checks the binaries as packing will, so that the job that built them fails, not a
// later one.
func (r *Release) checkStaged(dir string) error {
	for _, a := range r.Plan.Tarballs() {
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

// rendered is a plan for a crate or for images.
type rendered interface{ JSON() ([]byte, error) }

// stageInto writes the plan and what fill adds to a temporary directory, moves it to out when
// it is complete, and returns its digest.
func stageInto(out string, p rendered, fill func(dir string) error) (handover.Digest, error) {
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

// Stage does the same as [Release.Stage] for the crates that the images are built from.
func (r *Images) Stage(ctx context.Context) (*report.Images, error) {
	if err := outdir.CheckMissing(r.Out); err != nil { // before anything is built
		return nil, err
	}
	began := time.Now()
	s, err := r.newReport()
	if err != nil {
		return nil, err
	}
	var records []*staged.Recorder
	for _, b := range r.Builds {
		record := staged.Record(b.Runner, b.Plan)
		b.Runner, records = record, append(records, record)
	}
	if _, err := r.build(ctx, s, false); err != nil {
		return nil, err
	}
	s.Staged = true
	s.Digest, err = stageInto(r.Out, r.Plan, func(dir string) error {
		for i, b := range r.Builds {
			if _, err := b.writeStaged(ctx, records[i], dir); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.Seconds = time.Since(began).Seconds()
	return s, nil
}
