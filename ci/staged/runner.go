package staged

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/step"
)

// maxAnswer is the size limit in bytes of a step's stdout, the same as a runner's.
const maxAnswer = 64 << 20

// Runner returns the results of steps that ran in another job. It runs nothing itself: a step
// that is not in the plan is an error.
type Runner struct {
	dir   string
	plan  *plan.Crate
	said  manifest
	files map[File]string
}

var _ step.Runner = (*Runner)(nil)

// Open opens a staged directory of the plan. It returns an error unless the directory holds
// exactly the plan's files and a manifest for this plan. The directory must be the caller's
// private copy, as made by [handover.Take].
func Open(dir string, p *plan.Crate) (*Runner, error) {
	r, err := open(dir, p)
	if err != nil {
		return nil, fmt.Errorf("opening the staged results of %q in %q: %w", p.Tag, dir, err)
	}
	return r, nil
}

func open(dir string, p *plan.Crate) (*Runner, error) {
	if err := onlyPlanned(os.DirFS(dir), p); err != nil {
		return nil, err
	}
	raw, err := readBounded(place(dir, manifestName), maxManifest)
	if err != nil {
		return nil, err
	}
	r := &Runner{dir: dir, plan: p, files: map[File]string{}}
	if r.said, err = parseManifest(raw, p); err != nil {
		return nil, err
	}
	for _, f := range Files(p) {
		r.files[File{Step: f.Step, Output: f.Output}] = place(dir, f.Path)
	}
	return r, nil
}

// Name returns a description of where the steps ran.
func (r *Runner) Name() string { return r.said.Runner + ", in another job" }

// ToolchainBase returns the Debian image that slipway's own toolchain was to be built from,
// as claimed by the other job.
func (r *Runner) ToolchainBase() string { return r.said.ToolchainBase }

// Run returns what the step printed in the other job, or an empty stdout if that was not kept.
func (r *Runner) Run(_ context.Context, s step.Step) (step.Result, error) {
	if !slices.Contains(names(r.plan), s.Name) {
		return step.Result{}, fmt.Errorf("running step %q: nothing runs here: the results are from another job, which has not run it", s.Name)
	}
	result := step.Result{Cached: slices.Contains(r.said.Cached, s.Name)}
	file, kept := r.files[File{Step: s.Name}]
	if !kept {
		return result, nil
	}
	raw, err := readBounded(file, maxAnswer)
	if err != nil {
		return result, fmt.Errorf("reading what step %q printed in another job: %w", s.Name, err)
	}
	result.Stdout = string(raw)
	return result, nil
}

// Export copies a step's output from the other job to the file to, which must not exist.
func (r *Runner) Export(_ context.Context, name, output, to string) error {
	file, kept := r.files[File{Step: name, Output: output}]
	if !kept || output == "" {
		return fmt.Errorf("exporting %q of step %q: another job has run it, and this was not stored", output, name)
	}
	if err := copyFile(file, to); err != nil {
		return fmt.Errorf("exporting %q of step %q, which ran in another job: %w", output, name, err)
	}
	return nil
}

// ImageDigest returns the digest of the plan's toolchain image as claimed by the other job.
func (r *Runner) ImageDigest(_ context.Context, ref string) (string, error) {
	if ref != r.plan.Toolchain || r.said.ToolchainDigest == "" {
		return "", fmt.Errorf("naming the image %q: the job that ran the steps does not say its digest", ref)
	}
	return r.said.ToolchainDigest, nil
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

func readBounded(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(raw)) > limit {
		err = fmt.Errorf("it has more than %d bytes", limit)
	}
	return raw, err
}
