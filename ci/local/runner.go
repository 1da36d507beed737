// Package local runs steps without an engine: it unpacks OCI images into its own store and runs
// commands in a bubblewrap sandbox.
package local

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/step"
)

// Options configure a runner.
type Options struct {
	// Cache is the store's directory.
	Cache string
	// Source is a directory that contains only the workspace's source.
	Source string
	// Repository is the directory that Source is in if the workspace is below a repository's root,
	// with the files that the workspace needs from outside of it.
	Repository string
	// Trees are the trees that steps mount by name.
	Trees []step.Tree
	// Images maps image references of steps to OCI layouts to use instead. Other references are
	// looked up in their registry.
	Images map[string]string
	// Secrets are the values of the steps' secrets.
	Secrets step.Secrets
	// Limits bound each step.
	Limits step.Limits
	// WeakerSandbox accepts a sandbox without the parts that this machine lacks (see
	// [SandboxError.Without]).
	WeakerSandbox bool
	// Log receives the steps' output; nil discards it.
	Log step.Log
}

// Runner is a [step.Runner] that needs no engine. Close releases it.
type Runner struct {
	opts   Options
	limits step.Limits
	store  *store
	once   singleflight.Group
	// accepted says what the sandbox lacks with Options.WeakerSandbox, nil if nothing.
	accepted *SandboxError
	// unfiltered omits the system call filter and the ban on further user namespaces.
	unfiltered bool

	mu       sync.Mutex
	images   map[string]image  // by reference
	verified map[string]bool   // images, by digest
	trees    map[string]staged // by name
	done     map[string]*entry // by step name
}

// staged is a source tree prepared for sandboxes.
type staged struct{ dir, digest string }

// New opens a runner. It returns an error if the machine's architecture is not that of
// [step.Platform], and a *SandboxError if the sandbox cannot be created with opts.
func New(opts Options) (*Runner, error) {
	if err := checkMachine(runtime.GOARCH); err != nil {
		return nil, err
	}
	if opts.Log == nil {
		opts.Log = silent{}
	}
	if opts.Limits == (step.Limits{}) {
		opts.Limits = step.DefaultLimits()
	}
	opts.Secrets = withProxies(opts.Secrets)
	s, err := openStore(opts.Cache)
	if err != nil {
		return nil, err
	}
	r := &Runner{
		opts: opts, limits: opts.Limits, store: s,
		images: map[string]image{}, verified: map[string]bool{}, trees: map[string]staged{}, done: map[string]*entry{},
	}
	if r.limits.Memory == 0 {
		r.limits.Memory = machineMemory() / 4 * 3
	}
	if err := r.checkSandbox(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return r, nil
}

// Lacks says what the sandbox lacks on this machine because of Options.WeakerSandbox, "" if nothing.
func (r *Runner) Lacks() string {
	if r.accepted == nil {
		return ""
	}
	return fmt.Sprintf("no %s: %s", r.accepted.Without, r.accepted.Reason)
}

// Close removes this process's temporary files.
func (r *Runner) Close() error { return r.store.close() }

// Name returns "local".
func (r *Runner) Name() string { return "local" }

// Run runs a step, or returns the cached result of an equal step.
func (r *Runner) Run(ctx context.Context, s step.Step) (step.Result, error) {
	r.opts.Log.Begin(s)
	begin := time.Now()
	e, cached, err := r.run(ctx, s)
	result := step.Result{Cached: cached, Duration: time.Since(begin)}
	if err == nil {
		result.Stdout = e.Stdout
		r.mu.Lock()
		r.done[s.Name] = e
		r.mu.Unlock()
	}
	r.opts.Log.End(s, result, err)
	return result, err
}

func (r *Runner) run(ctx context.Context, s step.Step) (*entry, bool, error) {
	img, err := r.image(ctx, s.Image)
	if err != nil {
		return nil, false, err
	}
	key, err := r.key(ctx, s, img)
	if err != nil {
		return nil, false, err
	}
	if s.Fresh {
		e, err := r.make(ctx, s, img, key)
		return e, false, err
	}
	unlock, err := r.store.lockEntry(ctx, key, func() { r.opts.Log.Line(s, "another process runs the same step: waiting for its result") })
	if err != nil {
		return nil, false, err
	}
	defer unlock()
	if e, err := r.store.readEntry(key); err == nil {
		e.step = s
		return e, true, nil
	}
	e, err := r.make(ctx, s, img, key)
	return e, false, err
}

// Export implements [step.Runner]. It compares the copy with the digest that the output had when
// its step ended.
func (r *Runner) Export(ctx context.Context, name, output, to string) error {
	if _, err := r.output(ctx, name, output); err != nil {
		return err
	}
	r.mu.Lock()
	e := r.done[name]
	r.mu.Unlock()
	i := slices.IndexFunc(e.step.Outputs, func(o step.Output) bool { return o.Name == output })
	if i < 0 {
		return fmt.Errorf("exporting output %q of step %q: the step has no such output", output, name)
	}
	from, err := beneath.OpenDir(e.dir)
	if err != nil {
		return fmt.Errorf("exporting output %q of step %q: %w", output, name, err)
	}
	defer from.Close()
	kept := e.Outputs[output]
	if err := step.CopyOutput(e.step, e.step.Outputs[i], from.During(ctx), filepath.ToSlash(kept.Path), to); err != nil {
		return err
	}
	got, err := digestTree(ctx, to)
	if err == nil && got != kept.Digest {
		err = errDamaged
	}
	if err != nil {
		return errors.Join(fmt.Errorf("exporting output %q of step %q: %w", output, name, err), beneath.RemoveAll(to))
	}
	return nil
}

// output returns the path of an output after verifying that it is unchanged since its step ended.
// A damaged output is made again.
func (r *Runner) output(ctx context.Context, name, output string) (string, error) {
	r.mu.Lock()
	e := r.done[name]
	r.mu.Unlock()
	if e == nil {
		return "", fmt.Errorf("taking output %q of step %q: the step has not run", output, name)
	}
	err := e.verify(ctx, output)
	if errors.Is(err, errDamaged) {
		r.opts.Log.Line(e.step, "the cached result of this step is damaged: running it again")
		if err := r.store.drop("steps", e.Key); err != nil {
			return "", err
		}
		if _, err := r.Run(ctx, e.step); err != nil {
			return "", err
		}
		r.mu.Lock()
		e = r.done[name]
		r.mu.Unlock()
		err = e.verify(ctx, output)
	}
	if err != nil {
		return "", err
	}
	return e.path(output), nil
}

// image returns the unpacked root filesystem of a step.
func (r *Runner) image(ctx context.Context, ref step.Image) (image, error) {
	if ref.Step != "" {
		root, err := r.output(ctx, ref.Step, ref.Output)
		if err != nil {
			return image{}, err
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		return image{Digest: r.done[ref.Step].Outputs[ref.Output].Digest, root: root}, nil
	}
	if ref.Machine {
		return image{Digest: "host", Env: []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, root: "/"}, nil
	}
	got, err, _ := r.once.Do("image "+ref.Ref, func() (any, error) {
		r.mu.Lock()
		img, ok := r.images[ref.Ref]
		r.mu.Unlock()
		if ok {
			return img, nil
		}
		img, err := r.store.unpackImage(ctx, ref.Ref, r.opts.Images[ref.Ref])
		if err == nil {
			r.mu.Lock()
			r.images[ref.Ref] = img
			r.mu.Unlock()
		}
		return img, err
	})
	if err != nil {
		return image{}, err
	}
	return got.(image), nil
}

// ImageDigest implements [step.Runner].
func (r *Runner) ImageDigest(ctx context.Context, ref string) (string, error) {
	img, err := r.image(ctx, step.Image{Ref: ref})
	return img.pinned, err
}

// silent is a log that discards everything.
type silent struct{}

func (silent) Begin(step.Step)                   {}
func (silent) End(step.Step, step.Result, error) {}
func (silent) Line(step.Step, string)            {}
