package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// runner says where the slipway command runs steps.
type runner struct {
	name   string
	prefix []string // wraps the command
	flags  []string
	env    []string
	home   string // directory of another user as whom it runs, "" for our own
}

// release is a request to the slipway command.
type release struct {
	source, crate, version string
	out                    string // directory for the artifacts
	flags, env             []string
}

func (w *runner) command(verb string, r release) command {
	args := append(append([]string{}, w.prefix...), slipway, verb, "--source", r.source, "--crate", r.crate, "--version", r.version)
	if verb != "plan" {
		args = append(args, w.flags...)
	}
	if r.out != "" {
		args = append(args, "--out", r.out)
	}
	return command{args: append(args, r.flags...), env: append(append([]string{}, w.env...), r.env...)}
}

// release runs release-crate, a dry run by default.
func (w *runner) release(t testing.TB, r release) result {
	t.Helper()
	return w.command("release-crate", r).run(t)
}

// lab is shared by tests of the local runner: a cache for this test run, with the toolchain
// image of the permanent cache.
type lab struct {
	cache  string
	layout string // OCI layout of the toolchain image
}

var openLab = sync.OnceValues(func() (*lab, error) {
	kept := os.Getenv("SLIPWAY_E2E_CACHE")
	if kept == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return nil, err
		}
		kept = filepath.Join(base, "slipway")
	}
	cmd := exec.Command(slipway, "toolchain", "--cache", kept)
	cmd.Stderr = os.Stderr // it takes minutes if the cache has no image
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("making the toolchain image: %w", err)
	}
	l := &lab{layout: strings.TrimSpace(string(out))}
	l.cache, err = l.newCache("lab")
	return l, err
})

// newCache makes a cache that has only the toolchain's layout.
func (l *lab) newCache(name string) (string, error) {
	cache := filepath.Join(scratch, "cache-"+name)
	if err := os.MkdirAll(filepath.Join(cache, "toolchain"), 0o755); err != nil {
		return "", err
	}
	return cache, os.Symlink(l.layout, filepath.Join(cache, "toolchain", filepath.Base(l.layout)))
}

// images returns the directory of unpacked images.
func (l *lab) images() string { return filepath.Join(l.cache, "images") }

// local returns the local runner with the shared cache.
func local(t testing.TB) (*runner, *lab) {
	t.Helper()
	if _, err := exec.LookPath("bwrap"); err != nil {
		t.Skipf("SKIPPED: no local sandboxes: %v: install bubblewrap", err)
	}
	l, err := openLab()
	if err != nil {
		t.Fatal(err)
	}
	return on(l.cache), l
}

// on returns the local runner with another cache.
func on(cache string) *runner {
	return &runner{name: "local", flags: []string{"--runner", "local", "--cache", cache}}
}

var findEngine = sync.OnceValue(func() error {
	if _, err := exec.LookPath("dagger"); err != nil {
		return err
	}
	cmd := exec.Command("timeout", "60", "dagger", "core", "--silent", "version")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("dagger core version: %w: %s", err, strings.TrimSpace(last(string(out))))
	}
	return nil
})

// dagger returns the runner that uses the Dagger engine. It skips the test if there is
// none.
func dagger(t testing.TB) *runner {
	t.Helper()
	if err := findEngine(); err != nil {
		t.Skipf("SKIPPED: no Dagger engine answers: %v", err)
	}
	return &runner{name: "dagger", flags: []string{"--runner", "dagger"}, env: []string{"SLIPWAY_ENGINE_LOG=1"}}
}

// call returns a `dagger call` command for the module under test, in a directory of its
// own.
func call(t testing.TB, source string, args ...string) command {
	t.Helper()
	all := []string{"dagger", "--progress=plain", "call", "-m", root, "--source", source}
	return command{args: append(all, args...), dir: t.TempDir()}
}

// eventually fails the test unless the condition becomes true within limit.
func eventually(t testing.TB, limit time.Duration, what func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if err = what(); err == nil {
			return
		}
	}
	t.Errorf("after %s: %v", limit, err)
}
