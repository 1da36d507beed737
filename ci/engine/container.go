package engine

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"dagger.io/dagger"

	"dagger/slipway/ci/bwrap"
	"dagger/slipway/ci/step"
)

// temporary is how many bytes temporary files may use if there is no memory limit, since the
// memory of the engine's machine is not known here.
const temporary = 2 << 30

// container returns the container after the step's command, evaluated lazily. withExec has no
// public option to disable the network, and root in a container is the machine's root, so the
// command runs in a sandbox inside the container. Creating the sandbox needs capabilities, none
// of which it leaves to the command.
func (r *Runner) container(ctx context.Context, s step.Step, opts dagger.ContainerWithExecOpts) (*dagger.Container, error) {
	img, err := r.image(ctx, s.Image)
	if err != nil {
		return nil, err
	}
	ctr := img.container
	mounts, err := r.mounts(s)
	if err != nil {
		return nil, err
	}
	for _, m := range mounts {
		ctr = ctr.WithMountedDirectory(m.path, m.dir, dagger.ContainerWithMountedDirectoryOpts{ReadOnly: m.readOnly, Owner: m.owner()})
	}
	filter, err := r.filter()
	if err != nil {
		return nil, fmt.Errorf("running step %q: %w", s.Name, err)
	}
	ctr = ctr.WithMountedFile(filterFile, filter).WithWorkdir("/")
	secrets, err := r.opts.Secrets.Of(s)
	if err != nil {
		return nil, err
	}
	for _, e := range secrets {
		key, value, _ := strings.Cut(e, "=")
		// An engine knows a session's secrets by name: a second one of that name, of another step or
		// runner, would replace the first.
		ctr = ctr.WithSecretVariable(secretPrefix+key, r.opts.Client.SetSecret("slipway-"+key+"-"+rand.Text(), value))
	}
	if s.Fresh { // the engine caches results by their inputs
		ctr = ctr.WithEnvVariable("SLIPWAY_RUN", rand.Text())
	}
	if r.bare(s) {
		for _, e := range s.Env {
			key, value, _ := strings.Cut(e, "=")
			ctr = ctr.WithEnvVariable(key, value)
		}
		return ctr.WithWorkdir(s.Dir).WithExec(framed(s, r.limits, mounts, s.Args), opts), nil
	}
	box := bwrap.Sandbox{
		Root: "/", LeaveRoot: true, Prlimit: true, Env: step.Environment(img.env, s.Env), MoreEnv: s.Network, Network: s.Network, Emulator: s.Emulator,
		Limits: bwrap.Limits{Processes: r.limits.Processes, File: r.limits.File, Memory: cmp.Or(r.limits.Memory/4, temporary)}, Dir: s.Dir, Args: s.Args,
	}
	for _, m := range mounts {
		box.Binds = append(box.Binds, bwrap.Bind{From: m.path, To: m.path, ReadOnly: m.readOnly})
	}
	opts.InsecureRootCapabilities = true
	return ctr.WithExec(framed(s, r.limits, mounts, box.Command()), opts), nil
}

// bare reports whether a step runs in a container without the sandbox.
func (r *Runner) bare(s step.Step) bool {
	return s.Image.Ref != "" && slices.Contains(r.opts.Bare, s.Image.Ref)
}

// filter returns the sandbox's system call filter as a file of the engine.
func (r *Runner) filter() (*dagger.File, error) {
	name := filepath.Join(r.opts.Work, "seccomp.bpf")
	r.once.Do(func() { r.filterErr = os.WriteFile(name, bwrap.Filter, 0o644) })
	return r.opts.Client.Host().File(name), r.filterErr
}

// ranBefore reports whether the container's command started before begin, so that its result is
// cached.
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

// tail returns the end of an output, starting with a whole line unless the last line is too long.
func tail(output string) string {
	const limit = 8 << 10
	if len(output) <= limit {
		return output
	}
	output = output[len(output)-limit:]
	if _, rest, _ := strings.Cut(output, "\n"); rest != "" {
		return rest
	}
	return output
}
