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

// storeVersion is part of every key: it changes with the meaning of entries.
const storeVersion = 3

// key is the digest of everything that can change what a step leaves.
func (r *Runner) key(s step.Step, img image) (string, error) {
	inputs := map[string]string{}
	for i, m := range s.Mounts {
		at := fmt.Sprintf("%d %s", i, m.Path)
		switch {
		case m.Tree != "":
			t, err := r.stage(m.Tree)
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
	s.About, s.Image = "", step.Image{} // words, and a name whose content counts
	raw, err := json.Marshal(map[string]any{"version": storeVersion, "step": s, "image": img.Digest, "inputs": inputs})
	if err != nil {
		return "", fmt.Errorf("running step %q: %w", s.Name, err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), nil
}

// make runs the command and keeps what it leaves.
func (r *Runner) make(ctx context.Context, s step.Step, img image, key string) (*entry, error) {
	if err := r.verifyImage(s, img); err != nil {
		return nil, err
	}
	work, err := r.store.temp("step-")
	if err != nil {
		return nil, err
	}
	if !s.Fresh {
		defer func() { _ = beneath.RemoveAll(work) }() // what is left there is swept by the next run
	}
	box, hostPath, err := r.prepare(ctx, s, img, work)
	if err != nil {
		return nil, fmt.Errorf("preparing step %q: %w", s.Name, err)
	}
	stdout, err := r.execute(ctx, s, box)
	if err != nil {
		return nil, err
	}
	entryDir := filepath.Join(work, "entry")
	below := func(o step.Output) (string, error) { return filepath.Rel(work, hostPath(o)) }
	if _, err := capture(s, key, stdout, work, entryDir, below); err != nil {
		return nil, err
	}
	e, err := r.keep(s, entryDir, key)
	if err != nil {
		return nil, err
	}
	e.step = s
	for o := range e.Outputs { // capture has just read them
		e.verified[o] = true
	}
	return e, nil
}

// keep moves a finished entry into the store, where the next run finds it. That of
// a fresh step stays where it is and goes with this process.
func (r *Runner) keep(s step.Step, entryDir, key string) (*entry, error) {
	if s.Fresh {
		return loadEntry(entryDir, key)
	}
	if err := r.store.commit(entryDir, "steps", key); err != nil {
		return nil, err
	}
	return r.store.readEntry(key)
}

// prepare lays out the mounts of a step under work. The returned function
// gives the path on this machine of an output.
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
			if err := layOver(place, places[m.Path]); err != nil {
				return box, nil, err
			}
			continue
		}
		if outer := s.MountOf(step.Output{Path: path.Dir(m.Path)}); !m.ReadOnly && places[outer.Path] != "" && !outer.ReadOnly {
			// In place, so that an output that holds this mount holds what is in it.
			if places[m.Path], err = fill(place, places[outer.Path], strings.TrimPrefix(m.Path, outer.Path+"/")); err != nil {
				return box, nil, err
			}
			continue
		}
		if !m.ReadOnly {
			if place, err = fill(place, work, fmt.Sprint(i)); err != nil {
				return box, nil, err
			}
		}
		places[m.Path] = place
		box.Binds = append(box.Binds, bwrap.Bind{From: place, To: m.Path, ReadOnly: m.ReadOnly})
	}
	var network []string
	if s.Network {
		var binds []bwrap.Bind
		if binds, network, err = networkAccess(work); err != nil {
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

// fill makes a new directory below dir that begins as a copy of from, empty for
// "", or a copy of the file that from is. What is there is hidden by it. [os.Root]
// keeps it below dir, which may hold a stranger's links.
func fill(from, dir, name string) (string, error) {
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
		return to, copyFile(from, to, info)
	}
	if err := root.MkdirAll(name, 0o755); err != nil || from == "" {
		return to, err
	}
	return to, copyTree(from, to)
}

// layOver copies what is in from over what is in a directory that fill has made.
func layOver(from, to string) error {
	root, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer root.Close()
	// First all goes that a copy would stand on, or that would lead it elsewhere.
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
	return copyTree(from, to)
}

// mountSource is the directory that a mount begins as, "" for an empty one.
func (r *Runner) mountSource(ctx context.Context, m step.Mount) (string, error) {
	switch {
	case m.Tree != "":
		t, err := r.stage(m.Tree)
		return t.dir, err
	case m.Step != "":
		return r.output(ctx, m.Step, m.Output)
	}
	return "", nil
}

// execute runs the sandbox until its command ends or ctx does. All processes
// that the command started end with it: they share a process namespace.
func (r *Runner) execute(ctx context.Context, s step.Step, box bwrap.Sandbox) (string, error) {
	secrets, err := r.opts.Secrets.Of(s)
	if err != nil {
		return "", err
	}
	box.MoreEnv = len(secrets) > 0
	ctx, stop := context.WithTimeoutCause(ctx, r.limits.Time, &step.LimitError{Limit: "time", Used: fmt.Sprintf("ran for more than %v", r.limits.Time)})
	defer stop()
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	box.Emulator = emulator(s, box)
	box = r.bounded(box)
	argv := box.Command()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	cmd.WaitDelay = 10 * time.Second // what is left of a sandbox may hold its output open
	out := r.connect(s, cmd, end)
	err = r.store.launch(cmd, secrets, box.Emulator != "", func(pid int) { go r.watch(ctx, pid, end) })
	out.lines.flush()
	if ctx.Err() != nil {
		return "", fmt.Errorf("running step %q: %w", s.Name, context.Cause(ctx))
	}
	hide := r.opts.Secrets.Hide
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return "", &step.ExitError{Step: s.Name, Code: exit.ExitCode(), Stdout: hide(out.stdout.String()), Tail: hide(out.tail.String())}
	}
	if err != nil {
		return "", fmt.Errorf("running step %q: %w", s.Name, err)
	}
	return hide(out.stdout.String()), nil
}

// bounded adds to a sandbox what this machine and the runner's limits ask for.
func (r *Runner) bounded(box bwrap.Sandbox) bwrap.Sandbox {
	box.Weaker = r.opts.WeakerSandbox
	box.Hidden = hidden()
	_, err := os.Lstat(filepath.Join(box.Root, "usr", "bin", "prlimit"))
	box.Prlimit = err == nil
	box.Limits = bwrap.Limits{
		Processes: atMost(unix.RLIMIT_NPROC, min(r.limits.Processes, mostProcesses())), File: atMost(unix.RLIMIT_FSIZE, r.limits.File), Memory: r.limits.Memory / 4,
	}
	return r.store.within(box)
}

// atMost is a limit that slipway's own process may set: no more than its own.
func atMost(resource int, wanted int64) int64 {
	var own unix.Rlimit
	if err := unix.Getrlimit(resource, &own); err != nil || own.Max > math.MaxInt64 {
		return wanted
	}
	return min(wanted, int64(own.Max))
}

// mostProcesses is how many processes one sandbox may have so that several leave some ids
// for the rest of the machine.
func mostProcesses() int64 {
	raw, err := os.ReadFile("/proc/sys/kernel/pid_max")
	n, bad := strconv.ParseInt(strings.TrimSpace(string(raw)), 10, 64)
	if err != nil || bad != nil {
		return math.MaxInt64
	}
	return n / 8
}

// hidden are the files of /proc that tell of the machine's keys, where it has them:
// user namespaces do not part them.
func hidden() []string {
	return slices.DeleteFunc([]string{"keys", "key-users"}, func(name string) bool {
		_, err := os.Lstat(filepath.Join("/proc", name))
		return err != nil
	})
}
