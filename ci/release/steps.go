package release

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/sbom"
	"dagger/slipway/ci/step"
)

// steps runs the early checks among the steps, judges their output, and runs the remaining steps.
func (r *Release) steps(ctx context.Context, s *Summary, steps []step.Step) error {
	for _, group := range stages(steps) {
		results, err := step.RunAll(ctx, group, r.run)
		for _, e := range group {
			result, ran := results[e.Name]
			if !ran {
				continue
			}
			// A finding in a step's output takes precedence over another step's error.
			if err := r.judge(ctx, s, e, result); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// named returns the early checks, the named steps, and all steps they depend on.
func (r *Release) named(names ...string) []step.Step {
	return step.Needed(r.Plan.Steps, append(names, plan.StepToolchain, plan.StepMetadata))
}

// judge evaluates a step's output. For some steps it decides whether the release continues.
func (r *Release) judge(ctx context.Context, s *Summary, e step.Step, result step.Result) error {
	switch e.Name {
	case plan.StepFetch:
		return r.checkLock(ctx)
	case plan.StepToolchain:
		release, err := rustRelease(result.Stdout)
		if err != nil {
			return err
		}
		s.Rust = release.Release
		r.rust = release
		found := r.Plan.Accepts(release.Release)
		if r.strict || r.fromStaged { // staged results exist in order to be signed
			return found.Check("checking the toolchain", finding.Release)
		}
		s.Findings = append(slices.Clone(s.Findings), found...).Sorted()
		return nil
	case plan.StepMetadata:
		return r.Workspace.Agree([]byte(result.Stdout))
	}
	for _, t := range r.Plan.Targets {
		switch e.Name {
		case plan.StepTest(t):
			s.Tests = append(s.Tests, readTests(t, e, result))
		case plan.StepCrates(t):
			graph, err := sbom.Parse(result.Stdout)
			if err != nil {
				return fmt.Errorf("reading what cargo says of step %q: %w", e.Name, err)
			}
			if r.crates == nil {
				r.crates = map[string]sbom.Graph{}
			}
			r.crates[t] = graph
		}
	}
	return nil
}

// maxLock is the size limit of a lock file in bytes. One with a thousand crates has some
// hundred KiB.
const maxLock = 64 << 20

// checkLock checks the lock file that cargo has made for the crate.
func (r *Release) checkLock(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "slipway-lock-")
	if err != nil {
		return fmt.Errorf("checking the lock file: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "Cargo.lock")
	if err := r.Runner.Export(ctx, plan.StepFetch, plan.OutputLock, file); err != nil {
		return err
	}
	raw, err := beneath.ReadFile(file, maxLock)
	if err != nil {
		return fmt.Errorf("checking the lock file: %w", err)
	}
	return r.Workspace.CheckLock(raw)
}

// run runs one step, and explains a failure.
func (r *Release) run(ctx context.Context, s step.Step) (step.Result, error) {
	result, err := r.Runner.Run(ctx, s)
	var exit *step.ExitError
	if errors.As(err, &exit) && s.Failure != "" {
		err = r.stepError(s, exit)
		if !s.Fresh { // a fresh step queries or changes something outside
			err = fmt.Errorf("%w; nothing was changed outside this machine", err)
		}
		return result, err
	}
	return result, err
}

// stages divides the steps into groups: the checks, which take seconds; the download, whose
// lock file is checked before anything is built with it; and all others.
func stages(steps []step.Step) [][]step.Step {
	parts := make([][]step.Step, 3)
	for _, s := range steps {
		at := 2
		switch s.Name {
		case plan.StepToolchain, plan.StepMetadata:
			at = 0
		case plan.StepFetch:
			at = 1
		}
		parts[at] = append(parts[at], s)
	}
	return parts
}
