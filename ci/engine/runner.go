// Package engine runs steps on a Dagger engine. It is written on the plain
// client of dagger.io/dagger, so that it serves a module's functions and an
// ordinary program alike.
package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"dagger.io/dagger"

	"dagger/slipway/ci/bwrap"
	"dagger/slipway/ci/step"
)

// Options are what a runner is made from.
type Options struct {
	Client *dagger.Client
	// Source is the workspace's root.
	Source *dagger.Directory
	// Trees are those that steps mount by name.
	Trees []step.Tree
	// Images maps references of steps to the container that stands for each.
	// Others are pulled from a registry.
	Images map[string]*dagger.Container
	// Log receives the beginning and end of steps; what they print, the engine
	// shows itself. nil discards it.
	Log step.Log
}

// Runner is a [step.Runner] on a Dagger engine.
type Runner struct {
	opts Options

	mu    sync.Mutex
	trees map[string]*dagger.Directory
	done  map[string]finished // by step name
}

// finished is a step that has run: its container and how to find an output.
type finished struct {
	step      step.Step
	container *dagger.Container
}

// New makes a runner.
func New(opts Options) *Runner {
	return &Runner{opts: opts, trees: map[string]*dagger.Directory{}, done: map[string]finished{}}
}

// Name is "dagger".
func (r *Runner) Name() string { return "dagger" }

// Run runs a step on the engine, which takes the result of an equal one where
// it has kept it.
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
	ctr, err := r.container(ctx, s)
	if err != nil {
		return step.Result{}, err
	}
	var result step.Result
	code, err := ctr.ExitCode(ctx)
	if err != nil {
		return result, fmt.Errorf("running step %q: %w", s.Name, err)
	}
	if result.Stdout, err = ctr.Stdout(ctx); err != nil {
		return result, fmt.Errorf("running step %q: %w", s.Name, err)
	}
	if code != 0 {
		stderr, err := ctr.Stderr(ctx)
		if err != nil {
			return result, fmt.Errorf("running step %q: %w", s.Name, err)
		}
		return result, &step.ExitError{Step: s.Name, Code: code, Stdout: result.Stdout, Tail: tail(result.Stdout) + tail(stderr)}
	}
	if result.Cached, err = ranBefore(ctx, ctr, begin); err != nil {
		return result, fmt.Errorf("running step %q: %w", s.Name, err)
	}
	for _, o := range s.Outputs {
		if err := leaves(ctx, ctr, s, o); err != nil {
			return result, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done[s.Name] = finished{s, ctr}
	return result, nil
}

// leaves returns an error when an output is not there.
func leaves(ctx context.Context, ctr *dagger.Container, s step.Step, o step.Output) error {
	there, err := ctr.Exists(ctx, o.Path)
	if err != nil {
		return fmt.Errorf("looking for output %q of step %q: %w", o.Name, s.Name, err)
	}
	if !there {
		return fmt.Errorf("running step %q: its command succeeded, but did not leave %q (%s)", s.Name, o.Path, o.Name)
	}
	return nil
}

// container is the container in which the step's command has run, lazily.
func (r *Runner) container(ctx context.Context, s step.Step) (*dagger.Container, error) {
	ctr, err := r.image(ctx, s.Image)
	if err != nil {
		return nil, err
	}
	for _, m := range s.Mounts {
		dir, err := r.mountSource(m)
		if err != nil {
			return nil, err
		}
		ctr = ctr.WithMountedDirectory(m.Path, dir, dagger.ContainerWithMountedDirectoryOpts{ReadOnly: m.ReadOnly})
	}
	ctr = ctr.WithWorkdir(s.Dir)
	// The status is looked at here, so that a failed step's output can be told.
	opts := dagger.ContainerWithExecOpts{Expect: dagger.ReturnTypeAny}
	if s.Network {
		for _, e := range s.Env {
			key, value, _ := strings.Cut(e, "=")
			ctr = ctr.WithEnvVariable(key, value)
		}
		return ctr.WithExec(stamped(s.Args), opts), nil
	}
	// The engine has no switch for the network (facts of its API: withExec), so
	// the command runs in a sandbox inside the container; making one takes
	// capabilities, of which the sandbox leaves none to the command.
	box, err := sandboxed(ctx, ctr, s)
	if err != nil {
		return nil, err
	}
	opts.InsecureRootCapabilities = true
	return ctr.WithExec(stamped(box.Command()), opts), nil
}

func sandboxed(ctx context.Context, ctr *dagger.Container, s step.Step) (bwrap.Sandbox, error) {
	vars, err := ctr.EnvVariables(ctx)
	if err != nil {
		return bwrap.Sandbox{}, fmt.Errorf("opening the image of step %q: %w", s.Name, err)
	}
	var image []string
	for _, v := range vars {
		name, err1 := v.Name(ctx)
		value, err2 := v.Value(ctx)
		if err := errors.Join(err1, err2); err != nil {
			return bwrap.Sandbox{}, fmt.Errorf("opening the image of step %q: %w", s.Name, err)
		}
		image = append(image, name+"="+value)
	}
	box := bwrap.Sandbox{Root: "/", Env: step.Environment(image, s.Env), Dir: s.Dir, Args: s.Args}
	for _, m := range s.Mounts {
		box.Binds = append(box.Binds, bwrap.Bind{From: m.Path, To: m.Path, ReadOnly: m.ReadOnly})
	}
	return box, nil
}

// stampFile holds the time at which a command began.
const stampFile = "/slipway-began"

// stamped notes the time in the container before it runs a command, so that a
// result which the engine had kept can be told from one made now.
func stamped(args []string) []string {
	return append([]string{"sh", "-c", `date +%s >` + stampFile + ` && exec "$@"`, "sh"}, args...)
}

func ranBefore(ctx context.Context, ctr *dagger.Container, begin time.Time) (bool, error) {
	text, err := ctr.File(stampFile).Contents(ctx)
	if err != nil {
		return false, err
	}
	var seconds int64
	if _, err := fmt.Sscan(text, &seconds); err != nil {
		return false, fmt.Errorf("reading %q: %w", stampFile, err)
	}
	return seconds < begin.Unix(), nil
}

// tail is the end of an output, in whole lines.
func tail(output string) string {
	const limit = 8 << 10
	if len(output) <= limit {
		return output
	}
	_, rest, _ := strings.Cut(output[len(output)-limit:], "\n")
	return rest
}

// image is the root filesystem of a step.
func (r *Runner) image(ctx context.Context, ref step.Image) (*dagger.Container, error) {
	if ref.Step != "" {
		dir, err := r.output(ref.Step, ref.Output)
		if err != nil {
			return nil, err
		}
		return r.opts.Client.Container().WithRootfs(dir), nil
	}
	if ctr := r.opts.Images[ref.Ref]; ctr != nil {
		return ctr, nil
	}
	ctr, err := r.opts.Client.Container().From(ref.Ref).Sync(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening image %q: %w", ref.Ref, err)
	}
	return ctr, nil
}

func (r *Runner) mountSource(m step.Mount) (*dagger.Directory, error) {
	switch {
	case m.Tree != "":
		return r.tree(m.Tree)
	case m.Step != "":
		return r.output(m.Step, m.Output)
	}
	return r.opts.Client.Directory(), nil
}

// output is a directory that a step left, without what it discards.
func (r *Runner) output(name, output string) (*dagger.Directory, error) {
	s, path, err := r.find(name, output)
	if err != nil {
		return nil, err
	}
	dir := s.container.Directory(path)
	if len(s.step.Discard) == 0 {
		return dir, nil
	}
	var exclude []string
	for _, pattern := range s.step.Discard {
		exclude = append(exclude, "**/"+pattern)
	}
	return dir.Filter(dagger.DirectoryFilterOpts{Exclude: exclude}), nil
}

func (r *Runner) find(name, output string) (finished, string, error) {
	r.mu.Lock()
	s, ok := r.done[name]
	r.mu.Unlock()
	if !ok {
		return s, "", fmt.Errorf("taking output %q of step %q: the step has not run", output, name)
	}
	i := slices.IndexFunc(s.step.Outputs, func(o step.Output) bool { return o.Name == output })
	if i < 0 {
		return s, "", fmt.Errorf("taking output %q of step %q: the step leaves no such output", output, name)
	}
	return s, s.step.Outputs[i].Path, nil
}

// Export copies what a step left to this machine: inside a module's function,
// that is the module's own container.
func (r *Runner) Export(ctx context.Context, name, output, to string) error {
	s, path, err := r.find(name, output)
	if err != nil {
		return err
	}
	stat, err := s.container.Stat(path).FileType(ctx)
	if err == nil && stat == dagger.FileTypeDirectory {
		var dir *dagger.Directory
		if dir, err = r.output(name, output); err == nil {
			_, err = dir.Export(ctx, to)
		}
	} else if err == nil {
		_, err = s.container.File(path).Export(ctx, to)
	}
	if err != nil {
		return fmt.Errorf("exporting output %q of step %q: %w", output, name, err)
	}
	return nil
}
