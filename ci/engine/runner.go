// Package engine runs steps on a Dagger engine. It uses the plain client of dagger.io/dagger, so
// that both a module's functions and an ordinary program can use it.
package engine

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"dagger.io/dagger"
	"github.com/dustin/go-humanize"
	"golang.org/x/sync/errgroup"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/step"
)

// Options configure a runner.
type Options struct {
	Client *dagger.Client
	// Source is a directory that contains only the workspace's source.
	Source *dagger.Directory
	// Repository is the directory that Source is in if the workspace is below a repository's root,
	// with the files that the workspace needs from outside of it.
	Repository *dagger.Directory
	// Trees are the trees that steps mount by name.
	Trees []step.Tree
	// Work is a directory for files that are sent to the engine. It must exist as long as the
	// session, because the engine reads files when they are first needed.
	Work string
	// Images maps image references of steps to images to use instead. Other references are pulled
	// from their registry.
	Images map[string]Image
	// Bare are the references of images that lack the sandbox's programs. Steps in them run only
	// in the engine's container, so they must be slipway's own.
	Bare []string
	// Secrets are the values of the steps' secrets.
	Secrets step.Secrets
	// Limits bound each step.
	Limits step.Limits
	// Log receives the start and end of steps; nil discards them. The engine itself shows their
	// output.
	Log step.Log
}

// Runner is a [step.Runner] on a Dagger engine.
type Runner struct {
	opts   Options
	limits step.Limits

	images sync.Mutex // guards opts.Images while an image is opened

	once      sync.Once // writes the sandbox's filter
	filterErr error

	mu    sync.Mutex
	trees map[string]*dagger.Directory
	done  map[string]finished // by step name
}

// finished is a step that has run, and its container.
type finished struct {
	step      step.Step
	container *dagger.Container
}

// New returns a runner.
func New(opts Options) *Runner {
	opts.Images = maps.Clone(opts.Images)
	if opts.Images == nil {
		opts.Images = map[string]Image{}
	}
	if opts.Limits == (step.Limits{}) {
		opts.Limits = step.DefaultLimits()
	}
	return &Runner{opts: opts, limits: opts.Limits, trees: map[string]*dagger.Directory{}, done: map[string]finished{}}
}

// Name returns "dagger".
func (r *Runner) Name() string { return "dagger" }

// Run runs a step on the engine, which reuses a cached result of an equal step.
func (r *Runner) Run(ctx context.Context, s step.Step) (step.Result, error) {
	if r.opts.Log != nil {
		r.opts.Log.Begin(s)
	}
	begin := time.Now()
	result, err := r.run(ctx, s)
	result.Duration = time.Since(begin)
	if r.opts.Log != nil {
		r.opts.Log.End(s, result, err)
	}
	return result, err
}

func (r *Runner) run(ctx context.Context, s step.Step) (step.Result, error) {
	begin := time.Now()
	ctx, stop := context.WithTimeoutCause(ctx, r.limits.Time, &step.LimitError{Limit: "time", Used: fmt.Sprintf("ran for more than %v", r.limits.Time)})
	defer stop()
	// Any exit status is accepted here, so that a failed step's output can be reported.
	ctr, err := r.container(ctx, s, dagger.ContainerWithExecOpts{Expect: dagger.ReturnTypeAny})
	if err != nil {
		return step.Result{}, err
	}
	var result step.Result
	var code int
	// Concurrently, because each is a round trip; the engine runs the command once.
	group, each := errgroup.WithContext(ctx)
	group.Go(func() (err error) { code, err = ctr.ExitCode(each); return })
	group.Go(func() (err error) { result.Stdout, err = ctr.Stdout(each); return })
	group.Go(func() (err error) { result.Cached, err = ranBefore(each, ctr, begin); return })
	if err := group.Wait(); err != nil {
		return step.Result{}, fmt.Errorf("running step %q: %w", s.Name, reason(ctx, err))
	}
	result.Cached = result.Cached && !s.Fresh // it ran now, whatever the engine's clock says
	if int64(len(result.Stdout)) >= r.limits.Log {
		return step.Result{}, fmt.Errorf("running step %q: %w", s.Name, r.logError())
	}
	if code != 0 {
		return result, r.failure(ctx, s, ctr, code, result.Stdout)
	}
	r.finish(s, ctr)
	return result, nil
}

// reason returns why a query failed: the cause of ctx's end if it has ended, or else the query's
// own error.
func reason(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// finish stores a step's container for the steps that use its outputs.
func (r *Runner) finish(s step.Step, ctr *dagger.Container) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done[s.Name] = finished{s, ctr}
}

// failure returns the error of a command that exited with a status other than 0.
func (r *Runner) failure(ctx context.Context, s step.Step, ctr *dagger.Container, code int, stdout string) error {
	stderr, err := ctr.Stderr(ctx)
	if err != nil {
		return fmt.Errorf("running step %q: %w", s.Name, reason(ctx, err))
	}
	if int64(len(stderr)) >= r.limits.Log {
		return fmt.Errorf("running step %q: %w", s.Name, r.logError())
	}
	last := stderr[strings.LastIndex(strings.TrimRight(stderr, "\n"), "\n")+1:]
	if passed, ok := strings.CutPrefix(last, limitMark); ok && code == limitStatus {
		name, used, _ := strings.Cut(strings.TrimSpace(passed), " ")
		return fmt.Errorf("running step %q: %w", s.Name, &step.LimitError{Limit: name, Used: used})
	}
	output := func(name string) int {
		return slices.IndexFunc(s.Outputs, func(o step.Output) bool { return o.Path == strings.TrimSpace(name) })
	}
	if missing, ok := strings.CutPrefix(last, missingMark); ok && code == missingStatus && output(missing) >= 0 {
		return step.MissingError(s, s.Outputs[output(missing)])
	}
	if other, ok := strings.CutPrefix(last, kindMark); ok && code == kindStatus && output(other) >= 0 {
		o := s.Outputs[output(other)]
		return fmt.Errorf("storing output %q of step %q: %q is not a regular file or directory made by the step: a build script or macro has replaced it", o.Name, s.Name, o.Path)
	}
	hide := r.opts.Secrets.Hide // an error is for people
	return &step.ExitError{Step: s.Name, Code: code, Stdout: hide(stdout), Tail: hide(tail(stdout) + tail(stderr))}
}

// logError returns the error of a step that prints too much.
func (r *Runner) logError() error {
	return &step.LimitError{Limit: "log", Used: "printed more than " + humanize.IBytes(uint64(r.limits.Log))}
}

// Define makes a step's outputs available without running it: the engine runs it when something
// first needs them, and a failure surfaces there.
func (r *Runner) Define(ctx context.Context, s step.Step) error {
	ctr, err := r.container(ctx, s, dagger.ContainerWithExecOpts{})
	if err == nil {
		r.finish(s, ctr)
	}
	return err
}

// output returns a directory that a step left, without what the step discards.
func (r *Runner) output(name, output string) (*dagger.Directory, error) {
	s, o, err := r.find(name, output)
	if err != nil {
		return nil, err
	}
	dir := s.container.Directory(o.Path)
	if len(s.step.Discard) == 0 {
		return dir, nil
	}
	var exclude []string
	for _, pattern := range s.step.Discard {
		exclude = append(exclude, "**/"+pattern)
	}
	return dir.Filter(dagger.DirectoryFilterOpts{Exclude: exclude}), nil
}

func (r *Runner) find(name, output string) (finished, step.Output, error) {
	r.mu.Lock()
	s, ok := r.done[name]
	r.mu.Unlock()
	if !ok {
		return s, step.Output{}, fmt.Errorf("taking output %q of step %q: the step has not run", output, name)
	}
	i := slices.IndexFunc(s.step.Outputs, func(o step.Output) bool { return o.Name == output })
	if i < 0 {
		return s, step.Output{}, fmt.Errorf("taking output %q of step %q: the step has no such output", output, name)
	}
	return s, s.step.Outputs[i], nil
}

// Export implements [step.Runner]. In a module's function "this machine" is the module's own
// container, whose process has secrets in its environment. Engines export links unchanged, so the
// export is only accessed through a guarded copy.
func (r *Runner) Export(ctx context.Context, name, output, to string) error {
	s, o, err := r.find(name, output)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp(r.opts.Work, "export-")
	if err != nil {
		return fmt.Errorf("exporting output %q of step %q: %w", output, name, err)
	}
	defer func() { _ = beneath.RemoveAll(work) }()
	const made = "output"
	if err := r.export(ctx, s, o, filepath.Join(work, made)); err != nil {
		return fmt.Errorf("exporting output %q of step %q: %w", output, name, err)
	}
	from, err := beneath.OpenDir(work)
	if err != nil {
		return fmt.Errorf("exporting output %q of step %q: %w", output, name, err)
	}
	defer from.Close()
	return step.CopyOutput(s.step, o, from.During(ctx), made, to)
}

// export makes the engine export an output. It checks the size of a file first.
func (r *Runner) export(ctx context.Context, s finished, o step.Output, to string) error {
	if o.Dir {
		dir, err := r.output(s.step.Name, o.Name)
		if err == nil {
			_, err = dir.Export(ctx, to)
		}
		return err
	}
	file := s.container.File(o.Path)
	size, err := file.Size(ctx)
	if err != nil {
		return err
	}
	if limit := beneath.ReleaseLimits().File; int64(size) > limit {
		return &beneath.Refused{Path: o.Path, Found: fmt.Sprintf("has %d bytes", size), Want: fmt.Sprintf("at most %d", limit), Limit: true}
	}
	_, err = file.Export(ctx, to)
	return err
}
