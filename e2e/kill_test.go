package e2e

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// moment is a point in a dry run at which it is killed.
type moment struct {
	name string
	come func(cache, out, output string) bool
}

func printed(prefix string) func(string, string, string) bool {
	return func(_, _, output string) bool { return strings.Contains("\n"+output, "\n"+prefix) }
}

func exists(patterns ...string) bool {
	found, err := filepath.Glob(filepath.Join(patterns...))
	return err == nil && len(found) > 0
}

// running returns a condition for when a sandbox of the cache is running a command that
// contains words.
func running(words string) func(string, string, string) bool {
	return func(cache, _, _ string) bool {
		return slices.ContainsFunc(processes(cache+"/"), func(p string) bool { return strings.Contains(p, words) })
	}
}

// moments are in the order of a dry run: each run is killed one step after the previous
// one, whose results it starts from.
var moments = []moment{
	{"unpacking the image", func(cache, _, _ string) bool { return exists(cache, "tmp/run-*/work/image-*/rootfs/usr") }},
	{"toolchain", running("rustc --version")},
	{"metadata", running("cargo metadata")},
	{"build x86_64", printed("build " + x8664 + " | ")},
	{"test x86_64", printed("test " + x8664 + " | running")},
	{"build aarch64", printed("build " + aarch64 + " | ")},
	{"test aarch64", printed("test " + aarch64 + " | ")},
	{"packing", func(_, out, _ string) bool { return exists(out, ".packing-*") }},
}

func TestLocalKill(t *testing.T) {
	_, l := local(t)
	want := goodRun(t)
	cache, err := l.newCache("kill")
	check(t, err)
	defer func() { _ = removeAll(cache) }()
	w := on(cache)
	before := mounts(t)
	for _, m := range moments {
		t.Run(m.name, func(t *testing.T) {
			r := demo(t)
			r.out = filepath.Join(scratch, "kill-out")
			killAt(t, w, r, cache, m)
			eventually(t, 10*time.Second, func() error { return none(cache) })
			wantMounts(t, before)
			if runs, err := filepath.Glob(filepath.Join(cache, "tmp", "run-*")); err != nil || len(runs) > 1 {
				t.Errorf("the run before this one was not swept: %v (%v)", runs, err)
			}
		})
	}
	t.Run("run after all", func(t *testing.T) {
		r := demo(t)
		w.release(t, r).wantCode(t, 0)
		if got := digests(t, r.out); !maps.Equal(got, want) {
			t.Errorf("other files than those of a run that no one killed: %v, expected %v", got, want)
		}
		wantSwept(t, cache)
		wantMounts(t, before)
	})
}

// killAt kills a run at a moment. Some moments last only milliseconds: if one is missed,
// the run is repeated from scratch.
func killAt(t *testing.T, w *runner, r release, cache string, m moment) {
	t.Helper()
	for range 5 {
		p := w.command("release-crate", r).start(t)
		come := p.until(t, func(output string) bool { return m.come(cache, r.out, output) })
		_ = p.Process.Kill() // it may have ended already
		if code := p.code(); come && code == -1 {
			t.Logf("killed: %s", last(p.out.String()))
			return
		}
		check(t, removeAll(filepath.Join(cache, "steps")))
		check(t, removeAll(r.out))
	}
	t.Fatal("the run was never killed in time")
}

func wantMounts(t *testing.T, before string) {
	t.Helper()
	for line := range strings.Lines(mounts(t)) {
		if !strings.Contains(before, line) {
			t.Errorf("a mount is left: %s", line)
		}
	}
}

// wantSwept fails the test unless the cache has no leftovers of interrupted work.
func wantSwept(t *testing.T, cache string) {
	t.Helper()
	left, err := os.ReadDir(filepath.Join(cache, "tmp"))
	if err != nil || len(left) > 0 {
		t.Errorf("work of earlier runs is left in the cache: %v (%v)", left, err)
	}
}

func TestLocalInterrupt(t *testing.T) {
	w, l := local(t)
	goodRun(t) // unpacks the image first
	before := mounts(t)
	for name, send := range map[string]func(pid int) error{
		"SIGTERM": func(pid int) error { return syscall.Kill(pid, syscall.SIGTERM) },
		"SIGHUP":  func(pid int) error { return syscall.Kill(pid, syscall.SIGHUP) },
		"Ctrl-C":  func(pid int) error { return syscall.Kill(-pid, syscall.SIGINT) }, // like a terminal
	} {
		t.Run(name, func(t *testing.T) {
			r := slow(t, 60)
			p := w.command("release-crate", r).start(t)
			if !p.until(t, func(string) bool { return none("/build/"+r.crate+"-") != nil }) {
				t.Fatalf("it ended before the build script ran:\n%s", last(p.out.String()))
			}
			begin := time.Now()
			check(t, send(p.Process.Pid))
			if code := p.code(); code != 130 {
				t.Errorf("exit status %d, expected 130", code)
			}
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("it took %s to end", took)
			}
			out := p.out.String()
			if !strings.Contains(out, "\nslipway: ") || !strings.Contains(out, "interrupted: run the same command again") {
				t.Errorf("it does not say what an interrupted run leaves and how to go on:\n%s", last(out))
			}
			eventually(t, 5*time.Second, func() error { return none(l.cache) })
			eventually(t, time.Second, func() error { return none(r.crate) })
			wantMounts(t, before)
			wantSwept(t, l.cache)
			if exists(r.out, "*") {
				t.Errorf("an interrupted run left files in %q", r.out)
			}
		})
	}
}
