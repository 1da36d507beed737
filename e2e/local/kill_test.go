package local

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/conformance"
)

// moment is a point in a dry run at which it is killed.
type moment struct {
	name string
	come func(cache, out, output string) bool
}

func printed(prefix string) func(string, string, string) bool {
	return func(_, _, output string) bool { return strings.Contains("\n"+output, "\n"+prefix) }
}

// running returns a condition for when a sandbox of the cache is running a command that
// contains words.
func running(words string) func(string, string, string) bool {
	return func(cache, _, _ string) bool {
		return slices.ContainsFunc(kit.Processes(cache+"/"), func(p string) bool { return strings.Contains(p, words) })
	}
}

// moments are in the order of a dry run: each run is killed one step after the previous
// one, whose results it starts from.
var moments = []moment{
	{"unpacking the image", func(cache, _, _ string) bool { return kit.Exists(cache, "tmp/run-*/work/image-*/rootfs/usr") }},
	{"toolchain", running("rustc --version")},
	{"metadata", running("cargo metadata")},
	{"build x86_64", printed("build " + kit.X8664 + " | ")},
	{"test x86_64", printed("test " + kit.X8664 + " | running")},
	{"build aarch64", printed("build " + kit.AArch64 + " | ")},
	{"test aarch64", printed("test " + kit.AArch64 + " | ")},
	{"packing", func(_, out, _ string) bool { return kit.Exists(out, ".packing-*") }},
}

func TestLocalKill(t *testing.T) {
	_, l := kit.Local(t)
	want := kit.LocalDemo(t).Sums
	cache, err := l.NewCache("kill")
	kit.Check(t, err)
	defer func() { _ = kit.RemoveAll(cache) }()
	w := kit.LocalWith(cache)
	before := mounts(t)
	for _, m := range moments {
		t.Run(m.name, func(t *testing.T) {
			r := kit.Demo(t)
			r.Out = filepath.Join(kit.Scratch, "kill-out")
			killAt(t, w, r, cache, m)
			kit.Eventually(t, 10*time.Second, func() error { return kit.NoProcess(cache) })
			wantMounts(t, before)
			if runs, err := filepath.Glob(filepath.Join(cache, "tmp", "run-*")); err != nil || len(runs) > 1 {
				t.Errorf("the run before this one was not swept: %v (%v)", runs, err)
			}
		})
	}
	t.Run("run after all", func(t *testing.T) {
		r := kit.Demo(t)
		w.Release(t, r).WantCode(t, 0)
		if got := kit.Digests(t, r.Out); !maps.Equal(got, want) {
			t.Errorf("other files than those of a run that no one killed: %v, expected %v", got, want)
		}
		wantSwept(t, cache)
		wantMounts(t, before)
	})
}

// killAt kills a run at a moment. Some moments last only milliseconds: if one is missed,
// the run is repeated from scratch.
func killAt(t *testing.T, w *kit.Runner, r kit.Release, cache string, m moment) {
	t.Helper()
	for range 5 {
		p := w.Command("release-crate", r).Start(t)
		come := p.Until(t, func(output string) bool { return m.come(cache, r.Out, output) })
		_ = p.Process.Kill() // it may have ended already
		if code := p.ExitCode(); come && code == -1 {
			t.Logf("killed: %s", kit.Tail(p.Out.String()))
			return
		}
		kit.Check(t, kit.RemoveAll(filepath.Join(cache, "steps")))
		kit.Check(t, kit.RemoveAll(r.Out))
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
	w, l := kit.Local(t)
	kit.LocalDemo(t) // unpacks the image first
	before := mounts(t)
	for name, send := range map[string]func(pid int) error{
		"SIGTERM": func(pid int) error { return syscall.Kill(pid, syscall.SIGTERM) },
		"SIGHUP":  func(pid int) error { return syscall.Kill(pid, syscall.SIGHUP) },
		"Ctrl-C":  func(pid int) error { return syscall.Kill(-pid, syscall.SIGINT) }, // like a terminal
	} {
		t.Run(name, func(t *testing.T) {
			r := conformance.Slow(t, 60)
			p := w.Command("release-crate", r).Start(t)
			if !p.Until(t, func(string) bool { return kit.NoProcess("/build/"+r.Crate+"-") != nil }) {
				t.Fatalf("it ended before the build script ran:\n%s", kit.Tail(p.Out.String()))
			}
			begin := time.Now()
			kit.Check(t, send(p.Process.Pid))
			if code := p.ExitCode(); code != 130 {
				t.Errorf("exit status %d, expected 130", code)
			}
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("it took %s to end", took)
			}
			out := p.Out.String()
			if !strings.Contains(out, "\nslipway: ") || !strings.Contains(out, "interrupted: run the same command again") {
				t.Errorf("it does not say what an interrupted run leaves and how to go on:\n%s", kit.Tail(out))
			}
			kit.Eventually(t, 5*time.Second, func() error { return kit.NoProcess(l.Cache) })
			kit.Eventually(t, time.Second, func() error { return kit.NoProcess(r.Crate) })
			wantMounts(t, before)
			wantSwept(t, l.Cache)
			if kit.Exists(r.Out, "*") {
				t.Errorf("an interrupted run left files in %q", r.Out)
			}
		})
	}
}

// mounts returns this process's mount table.
func mounts(t testing.TB) string {
	t.Helper()
	return kit.Read(t, "/proc/self/mountinfo")
}
