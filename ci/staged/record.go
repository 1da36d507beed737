package staged

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/step"
)

// Recorder is a runner that keeps the results of its steps, to write them to a directory.
type Recorder struct {
	step.Runner
	plan *plan.Crate

	mu      sync.Mutex
	answers map[string]step.Result // by step
}

// Record returns a recorder for the plan's steps, which run on r.
func Record(r step.Runner, p *plan.Crate) *Recorder {
	return &Recorder{Runner: r, plan: p, answers: map[string]step.Result{}}
}

// Run runs the step and keeps its result.
func (r *Recorder) Run(ctx context.Context, s step.Step) (step.Result, error) {
	result, err := r.Runner.Run(ctx, s)
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		kept := result
		if !slices.ContainsFunc(Files(r.plan), func(f File) bool { return f == answer(s.Name) }) {
			kept.Stdout = ""
		}
		r.answers[s.Name] = kept
	}
	return result, err
}

// Write writes the directory, which must not exist, once all of the plan's steps have run.
// toolchainBase is recorded in the manifest; it is the Debian image that slipway's own
// toolchain was to be built from, "" for the default.
func (r *Recorder) Write(ctx context.Context, dir, toolchainBase string) error {
	if err := r.write(ctx, dir, toolchainBase); err != nil {
		return fmt.Errorf("staging the results of %q: %w", r.plan.Tag, err)
	}
	return nil
}

func (r *Recorder) write(ctx context.Context, dir, toolchainBase string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for _, f := range Files(r.plan) {
		to := place(dir, f.Path)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if f.Output != "" {
			if err := r.Export(ctx, f.Step, f.Output, to); err != nil {
				return err
			}
			continue
		}
		result, ran := r.answers[f.Step]
		if !ran {
			return fmt.Errorf("step %q has not run", f.Step)
		}
		if err := os.WriteFile(to, []byte(result.Stdout), 0o644); err != nil {
			return err
		}
	}
	m, err := r.manifest(ctx, toolchainBase)
	if err != nil {
		return err
	}
	raw, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(place(dir, manifestName), append(raw, '\n'), 0o644)
}

func (r *Recorder) manifest(ctx context.Context, toolchainBase string) (manifest, error) {
	m := manifest{Schema: Schema, Crate: r.plan.Name, Version: r.plan.Version, Runner: r.Name(), ToolchainBase: toolchainBase}
	for name, result := range r.answers {
		if result.Cached {
			m.Cached = append(m.Cached, name)
		}
	}
	slices.Sort(m.Cached)
	var err error
	if ref := r.plan.Toolchain; !r.plan.Rust.Makes(ref) && !strings.Contains(ref, "@") {
		if m.ToolchainDigest, err = r.ImageDigest(ctx, ref); err != nil {
			return m, err
		}
	}
	if m.Plan, err = plan.Of(r.plan).Digest(); err != nil {
		return m, err
	}
	return m, m.check(r.plan)
}
