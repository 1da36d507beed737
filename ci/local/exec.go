package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/bwrap"
	"dagger/slipway/ci/step"
)

// storeVersion is part of every key and changes whenever the meaning of entries does.
const storeVersion = 3

// key returns the digest of everything that can change the result of a step.
func (r *Runner) key(ctx context.Context, s step.Step, img image) (string, error) {
	inputs := map[string]string{}
	for i, m := range s.Mounts {
		at := fmt.Sprintf("%d %s", i, m.Path)
		switch {
		case m.Tree != "":
			t, err := r.stage(ctx, m.Tree)
			if err != nil {
				return "", err
			}
			inputs[at] = t.digest
		case m.Step != "":
			r.mu.Lock()
			e := r.done[m.Step]
			r.mu.Unlock()
			if e == nil {
				return "", fmt.Errorf("running step %q: step %q has not run", s.Name, m.Step)
			}
			inputs[at] = e.Outputs[m.Output].Digest
		}
	}
	s.About, s.Image = "", step.Image{} // a description, and a name whose content is in the key
	raw, err := json.Marshal(map[string]any{"version": storeVersion, "step": s, "image": img.Digest, "inputs": inputs})
	if err != nil {
		return "", fmt.Errorf("running step %q: %w", s.Name, err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), nil
}

// make runs the command and stores its result.
func (r *Runner) make(ctx context.Context, s step.Step, img image, key string) (*entry, error) {
	if err := r.verifyImage(ctx, s, img); err != nil {
		return nil, err
	}
	work, err := r.store.temp("step-")
	if err != nil {
		return nil, err
	}
	if !s.Fresh {
		defer func() { _ = beneath.RemoveAll(work) }() // on failure the next run sweeps it
	}
	for _, m := range s.Mounts { // a damaged input is made again, which is not this step's time
		if _, err := r.mountSource(ctx, m); err != nil {
			return nil, fmt.Errorf("preparing step %q: %w", s.Name, err)
		}
	}
	entryDir := filepath.Join(work, "entry")
	if err := r.fillEntry(ctx, s, img, key, work, entryDir); err != nil {
		return nil, err
	}
	e, err := r.keep(s, entryDir, key)
	if err != nil {
		return nil, err
	}
	e.step = s
	for o := range e.Outputs { // capture has just computed their digests
		e.verified[o] = true
	}
	return e, nil
}

// fillEntry runs the command below work and captures its result in entryDir. All of it has to end
// within the time limit, what slipway copies and reads for the step too.
func (r *Runner) fillEntry(ctx context.Context, s step.Step, img image, key, work, entryDir string) error {
	ctx, stop := context.WithTimeoutCause(ctx, r.limits.Time, &step.LimitError{Limit: "time", Used: fmt.Sprintf("ran for more than %v", r.limits.Time)})
	defer stop()
	box, hostPath, err := r.prepareWatched(ctx, s, img, work)
	if err != nil {
		return fmt.Errorf("preparing step %q: %w", s.Name, err)
	}
	below := func(o step.Output) (string, error) { return filepath.Rel(work, hostPath(o)) }
	before, err := sizeBefore(s, work, below)
	if err != nil {
		return fmt.Errorf("preparing step %q: %w", s.Name, err)
	}
	stdout, err := r.execute(ctx, s, box)
	if err != nil {
		return err
	}
	fits := func(size int64) error { return leftTooMuch(size-before, r.limits.Disk) }
	_, err = capture(ctx, s, key, stdout, work, entryDir, below, fits)
	return err
}

// keep moves a finished entry into the store, where later runs find it. The entry of a fresh step
// stays in this process's directory and is removed with it.
func (r *Runner) keep(s step.Step, entryDir, key string) (*entry, error) {
	if s.Fresh {
		return loadEntry(entryDir, key)
	}
	if err := r.store.commit(entryDir, "steps", key); err != nil {
		return nil, err
	}
	return r.store.readEntry(key)
}

// prepareWatched is prepare, but ends as soon as too little room is left on the disk.
func (r *Runner) prepareWatched(ctx context.Context, s step.Step, img image, work string) (bwrap.Sandbox, func(step.Output) string, error) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	go r.watchCopies(ctx, end)
	return r.prepare(ctx, s, img, work)
}

// prepare sets up the mounts of a step under work. The returned function gives the path on this
// machine of an output.
func (r *Runner) prepare(ctx context.Context, s step.Step, img image, work string) (bwrap.Sandbox, func(step.Output) string, error) {
	box := bwrap.Sandbox{Root: img.root, Network: s.Network, Dir: s.Dir, Args: s.Args}
	var err error
	if box.Top, err = topEntries(img.root); err != nil {
		return box, nil, err
	}
	places := map[string]string{}
	for i, m := range s.Mounts {
		place, err := r.mountSource(ctx, m)
		if err != nil {
			return box, nil, err
		}
		if m.Over {
			if err := layOver(ctx, place, places[m.Path]); err != nil {
				return box, nil, err
			}
			continue
		}
		if outer := s.MountOf(step.Output{Path: path.Dir(m.Path)}); !m.ReadOnly && places[outer.Path] != "" && !outer.ReadOnly {
			// In place, so that an output that contains this mount includes its content.
			if places[m.Path], err = fill(ctx, place, places[outer.Path], strings.TrimPrefix(m.Path, outer.Path+"/")); err != nil {
				return box, nil, err
			}
			continue
		}
		if !m.ReadOnly {
			if place, err = fill(ctx, place, work, fmt.Sprint(i)); err != nil {
				return box, nil, err
			}
		}
		places[m.Path] = place
		box.Binds = append(box.Binds, bwrap.Bind{From: place, To: m.Path, ReadOnly: m.ReadOnly})
	}
	var network []string
	if s.Network {
		var binds []bwrap.Bind
		if binds, network, err = networkAccess(work, isolated(s)); err != nil {
			return box, nil, err
		}
		box.Binds = append(box.Binds, binds...)
	}
	if err := own(work); err != nil {
		return box, nil, err
	}
	box.Env = step.Environment(slices.Concat(img.Env, network), s.Env)
	return box, func(o step.Output) string {
		m := s.MountOf(o)
		return filepath.Join(places[m.Path], strings.TrimPrefix(o.Path, m.Path))
	}, nil
}

// fill creates name below dir as a copy of from: a file or directory, or an empty directory if
// from is "". It replaces what is there. dir may contain hostile links, so [os.Root] keeps every
// access below it.
func fill(ctx context.Context, from, dir, name string) (string, error) {
	to := filepath.Join(dir, name)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return to, err
	}
	defer root.Close()
	if err := root.RemoveAll(name); err != nil {
		return to, err
	}
	if info, err := os.Lstat(from); err == nil && info.Mode().IsRegular() {
		return to, copyFile(ctx, from, to, info)
	}
	if err := root.MkdirAll(name, 0o755); err != nil || from == "" {
		return to, err
	}
	return to, copyTree(ctx, from, to)
}

// layOver copies the content of from over that of a directory made by fill.
func layOver(ctx context.Context, from, to string) error {
	root, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer root.Close()
	// Remove first whatever a copy would overwrite or would follow elsewhere.
	err = filepath.WalkDir(from, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		there, err := root.Lstat(rel)
		switch {
		case errors.Is(err, fs.ErrNotExist) && e.IsDir():
			return fs.SkipDir
		case errors.Is(err, fs.ErrNotExist) || err == nil && there.IsDir() && e.IsDir():
			return nil
		case err != nil:
			return err
		}
		if err := root.RemoveAll(rel); err != nil {
			return err
		}
		if e.IsDir() {
			return fs.SkipDir
		}
		return nil
	})
	if err != nil {
		return err
	}
	return copyTree(ctx, from, to)
}

// mountSource returns the directory that a mount starts as a copy of, "" for an empty one.
func (r *Runner) mountSource(ctx context.Context, m step.Mount) (string, error) {
	switch {
	case m.Tree != "":
		t, err := r.stage(ctx, m.Tree)
		return t.dir, err
	case m.Step != "":
		return r.output(ctx, m.Step, m.Output)
	}
	return "", nil
}

// execute runs the sandbox until its command or ctx ends. All processes that the command started
// end with it, because they share a process namespace.
func (r *Runner) execute(ctx context.Context, s step.Step, box bwrap.Sandbox) (string, error) {
	secrets, err := r.opts.Secrets.Of(s)
	if err != nil {
		return "", err
	}
	var g *gateway
	seen := r.opts.Secrets.Own(s)
	switch {
	case isolated(s):
		g = newGateway(func(what string) { r.opts.Log.Line(s, r.opts.Secrets.Hide("slipway: "+what)) })
	case s.Network:
		_, credentials := proxies()
		secrets, seen = append(secrets, credentials...), r.opts.Secrets
	}
	box.MoreEnv = len(secrets) > 0
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	box.Emulator = emulator(s, box)
	box = r.bounded(box)
	argv := box.Command()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	cmd.WaitDelay = 10 * time.Second // processes left in a sandbox may hold its output open
	out := r.connect(s, cmd, end)
	err = r.store.launch(ctx, cmd, secrets, g, box.Emulator != "", func(pid int) { go r.watch(ctx, pid, end) })
	out.lines.flush()
	if ctx.Err() != nil {
		return "", fmt.Errorf("running step %q: %w", s.Name, context.Cause(ctx))
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		hide := r.opts.Secrets.Hide // an error is for people
		return "", &step.ExitError{Step: s.Name, Code: exit.ExitCode(), Stdout: hide(out.stdout.String()), Tail: hide(out.tail.String())}
	}
	if err != nil {
		return "", fmt.Errorf("running step %q: %w", s.Name, err)
	}
	return seen.Hide(out.stdout.String()), nil
}

// bounded adds the runner's limits and what this machine requires to a sandbox.
func (r *Runner) bounded(box bwrap.Sandbox) bwrap.Sandbox {
	box.Weaker = r.unfiltered
	box.Hidden = hidden()
	_, err := os.Lstat(filepath.Join(box.Root, "usr", "bin", "prlimit"))
	box.Prlimit = err == nil
	box.Limits = bwrap.Limits{
		Processes: atMost(unix.RLIMIT_NPROC, min(r.limits.Processes, mostProcesses())), File: atMost(unix.RLIMIT_FSIZE, r.limits.File), Memory: r.limits.Memory / 4,
	}
	return r.store.within(box)
}

// atMost lowers a limit to slipway's own hard limit, because a process cannot set a higher one.
func atMost(resource int, wanted int64) int64 {
	var own unix.Rlimit
	if err := unix.Getrlimit(resource, &own); err != nil || own.Max > math.MaxInt64 {
		return wanted
	}
	return min(wanted, int64(own.Max))
}

// mostProcesses returns how many processes one sandbox may have, an eighth of the machine's
// process ids, so that several sandboxes leave some for the rest of the machine.
func mostProcesses() int64 {
	raw, err := os.ReadFile("/proc/sys/kernel/pid_max")
	n, bad := strconv.ParseInt(strings.TrimSpace(string(raw)), 10, 64)
	if err != nil || bad != nil {
		return math.MaxInt64
	}
	return n / 8
}

// hidden returns the files in /proc that reveal the machine's keys or what its kernel was started
// with, as far as they exist: user namespaces do not isolate them.
func hidden() []string {
	return slices.DeleteFunc([]string{"cmdline", "keys", "key-users"}, func(name string) bool {
		_, err := os.Lstat(filepath.Join("/proc", name))
		return err != nil
	})
}
