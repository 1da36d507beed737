// Package build runs a plan's steps on a runner, checks what they print and leave, and returns
// what was built and tested.
package build

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/sbom"
	"dagger/slipway/ci/step"
)

// Crate is a crate to build. Nothing that its plan has found stops a dry run.
type Crate struct {
	Workspace *cargo.Workspace
	Plan      *plan.Crate
	Runner    step.Runner
	// Release makes an error of a finding that stops a release. A dry run reports it.
	Release bool
	// Staged means that the steps ran in another job, whose results are to be signed here.
	Staged bool
	// WithoutPackage makes a finding of a registry that lacks what the package needs, so that a
	// dry run builds and tests the crate all the same.
	WithoutPackage bool
}

// Built is what the steps have printed, as far as a release needs it. Their files stay with the
// runner until they are exported.
type Built struct {
	Rust   sbom.Rust
	Graphs map[string]sbom.Graph // the crates in the binaries of each target
	Tests  []Tests
	// Lock is the lock file that everything was built with: the workspace's or, if it has none, the
	// one that the fetch has resolved.
	Lock cargo.Lock
	// Findings lists what the steps have found, besides the plan's findings.
	Findings finding.List
	// Unpackaged means that the plan's package is missing; there is a finding that says why.
	Unpackaged bool
}

// All runs every step, and measures the package. The order lets cheap steps fail first: wrong
// images and misread manifests end a run within seconds.
func (c *Crate) All(ctx context.Context) (*Built, error) {
	b, err := c.run(ctx, c.Plan.Steps)
	if err != nil || b.Unpackaged {
		return b, err
	}
	return b, c.checkCrateSize(ctx, b)
}

// Needed runs the named steps, those they depend on, and the early checks.
func (c *Crate) Needed(ctx context.Context, names ...string) (*Built, error) {
	return c.run(ctx, step.Needed(c.Plan.Steps, append(names, plan.StepToolchain, plan.StepMetadata)))
}

// run runs steps. Those that check something come first, and end the run if they find it wrong.
func (c *Crate) run(ctx context.Context, steps []step.Step) (*Built, error) {
	b := &Built{Graphs: map[string]sbom.Graph{}, Lock: c.Workspace.Lock}
	for _, group := range stages(steps) {
		results, err := step.RunAll(ctx, group, c.Run)
		for _, s := range group {
			result, ran := results[s.Name]
			if !ran {
				continue
			}
			// A finding in a step's output takes precedence over another step's error.
			if err := c.judge(ctx, b, s, result); err != nil {
				return nil, err
			}
		}
		if err = c.lacksPackage(b, err); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// Run runs one step, and explains a failure.
func (c *Crate) Run(ctx context.Context, s step.Step) (step.Result, error) {
	result, err := c.Runner.Run(ctx, s)
	var exit *step.ExitError
	if errors.As(err, &exit) && s.Failure != "" {
		err = c.stepError(s, exit)
		if !s.Fresh { // a fresh step queries or changes something outside
			err = fmt.Errorf("%w; nothing was changed outside this machine", err)
		}
	}
	return result, err
}

// judge evaluates a step's output. For some steps it decides whether the run continues.
func (c *Crate) judge(ctx context.Context, b *Built, s step.Step, result step.Result) (err error) {
	switch s.Name {
	case plan.StepFetch:
		b.Lock, err = c.checkLock(ctx)
		return err
	case plan.StepToolchain:
		if b.Rust, err = rustRelease(result.Stdout); err != nil {
			return err
		}
		return b.found(c.Plan.Accepts(b.Rust.Release), c.Release || c.Staged, finding.Release, "checking the toolchain")
	case plan.StepMetadata:
		return c.Workspace.Agree([]byte(result.Stdout))
	}
	for _, t := range c.Plan.Targets {
		switch s.Name {
		case plan.StepTest(t):
			b.Tests = append(b.Tests, readTests(t, s, result))
		case plan.StepCrates(t):
			if b.Graphs[t], err = sbom.Parse(result.Stdout); err != nil {
				return fmt.Errorf("reading the output of step %q: %w", s.Name, err)
			}
		}
	}
	return nil
}

// found adds findings or, if strict is set, returns an error for those that stop a release.
func (b *Built) found(list finding.List, strict bool, stops finding.Stops, doing string) error {
	if strict {
		return list.Check(doing, stops)
	}
	b.Findings = append(slices.Clone(b.Findings), list...).Sorted()
	return nil
}

// stages divides the steps into groups: the checks, which take seconds; the download, whose
// lock file is checked before anything is built with it; all others; and, if only a registry can
// tell whether the crate can be packaged, its packaging, so that everything else has run then.
func stages(steps []step.Step) [][]step.Step {
	parts := make([][]step.Step, 4)
	resolves := slices.ContainsFunc(steps, func(s step.Step) bool { return s.Name == plan.StepResolvePackage })
	for _, s := range steps {
		at := 2
		switch s.Name {
		case plan.StepToolchain, plan.StepMetadata:
			at = 0
		case plan.StepFetch:
			at = 1
		case plan.StepResolvePackage, plan.StepPackage, plan.StepVerifyPackage:
			if resolves {
				at = 3
			}
		}
		parts[at] = append(parts[at], s)
	}
	return parts
}
