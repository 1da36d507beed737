// Package release runs a plan: its steps in order on a runner, then the files
// that a release ships. It is the one place where the order of a release is.
package release

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/step"
)

// Release is one run of a plan.
type Release struct {
	Workspace *cargo.Workspace
	Plan      *plan.Plan
	Runner    step.Runner
	// Out is the directory that the artifacts are written to. It is made; what
	// it holds of the same names is replaced, each file at once.
	Out string
}

// ErrNotYet is returned for a release that is no dry run.
var ErrNotYet = errors.New("publishing is not built yet: nothing was changed anywhere; run again with --dry-run, which builds, tests and packages everything that a release ships")

// DryRun runs every step of the plan and writes every artifact, and performs
// no effect. The stages stand in the order in which a person would want to
// hear of trouble, cheapest first:
//
//	toolchain, metadata   seconds; wrong images and misread manifests end here
//	fetch, build, test    each as soon as what it needs is there
//	package               .crate file, tarballs, checksums: only of what passed
func (r *Release) DryRun(ctx context.Context) (*Summary, error) {
	begin := time.Now()
	s, err := r.newSummary()
	if err != nil {
		return nil, err
	}
	early, rest := split(r.Plan.Steps)
	for _, e := range early {
		result, err := r.run(ctx, e)
		if err != nil {
			return nil, err
		}
		if err := r.judge(s, e, result); err != nil {
			return nil, err
		}
	}
	results, err := step.RunAll(ctx, rest, r.run)
	if err != nil {
		return nil, err
	}
	for _, e := range rest {
		if err := r.judge(s, e, results[e.Name]); err != nil {
			return nil, err
		}
	}
	if s.Artifacts, err = r.pack(ctx); err != nil {
		return nil, err
	}
	s.Seconds = time.Since(begin).Seconds()
	return s, nil
}

// Build runs the steps that build the crate, and what they need, for every
// target, and writes the binaries to <out>/<target>/<name>.
func (r *Release) Build(ctx context.Context) error {
	var names []string
	for _, t := range r.Plan.Targets {
		names = append(names, plan.StepBuild(t))
	}
	if err := r.RunNamed(ctx, nil, names...); err != nil {
		return err
	}
	return r.exportBinaries(ctx, func(target, name string) string { return filepath.Join(r.Out, target, name) })
}

// Test runs the crate's tests for every target, and what they need, and
// returns what was tested.
func (r *Release) Test(ctx context.Context) (*Summary, error) {
	s, err := r.newSummary()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, t := range r.Plan.Targets {
		names = append(names, plan.StepTest(t))
	}
	return s, r.RunNamed(ctx, s, names...)
}

// RunNamed runs the named steps, what they need and the early checks, and
// writes what they show into s when it is not nil.
func (r *Release) RunNamed(ctx context.Context, s *Summary, names ...string) error {
	if s == nil {
		s = &Summary{}
	}
	early, rest := split(r.Plan.Steps)
	for _, e := range early {
		result, err := r.run(ctx, e)
		if err != nil {
			return err
		}
		if err := r.judge(s, e, result); err != nil {
			return err
		}
	}
	wanted := step.Needed(rest, names)
	results, err := step.RunAll(ctx, wanted, r.run)
	if err != nil {
		return err
	}
	for _, e := range wanted {
		if err := r.judge(s, e, results[e.Name]); err != nil {
			return err
		}
	}
	return nil
}

// judge reads what a step printed: some steps ask a question whose answer decides.
func (r *Release) judge(s *Summary, e step.Step, result step.Result) error {
	switch e.Name {
	case plan.StepToolchain:
		release, err := rustRelease(result.Stdout)
		if err != nil {
			return err
		}
		s.Rust = release
		return r.Plan.Accepts(release)
	case plan.StepMetadata:
		return r.Workspace.Agree([]byte(result.Stdout))
	}
	for _, t := range r.Plan.Targets {
		if e.Name == plan.StepTest(t) {
			s.Tests = append(s.Tests, readTests(t, e, result))
		}
	}
	return nil
}

// run runs one step and says what a failure means.
func (r *Release) run(ctx context.Context, s step.Step) (step.Result, error) {
	result, err := r.Runner.Run(ctx, s)
	var exit *step.ExitError
	if errors.As(err, &exit) && s.Failure != "" {
		return result, fmt.Errorf("%s\n%w\nNothing was changed outside this machine.", s.Failure, err)
	}
	return result, err
}

// split parts the steps that come before everything else from the others.
func split(steps []step.Step) (early, rest []step.Step) {
	for _, s := range steps {
		if s.Name == plan.StepToolchain || s.Name == plan.StepMetadata {
			early = append(early, s)
		} else {
			rest = append(rest, s)
		}
	}
	return early, rest
}

// exportBinaries copies every binary of every target out of the runner.
func (r *Release) exportBinaries(ctx context.Context, place func(target, name string) string) error {
	for _, a := range r.Plan.Artifacts {
		if a.Kind != plan.Tarball {
			continue
		}
		for _, name := range a.Files {
			to := place(a.Target, name)
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				return fmt.Errorf("exporting binary %q: %w", name, err)
			}
			if err := os.RemoveAll(to); err != nil {
				return fmt.Errorf("exporting binary %q: %w", name, err)
			}
			if err := r.Runner.Export(ctx, plan.StepBuild(a.Target), plan.OutputBinary(name), to); err != nil {
				return err
			}
			if err := checkStatic(to, a.Target); err != nil {
				return err
			}
		}
	}
	return nil
}
