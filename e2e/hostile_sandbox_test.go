package e2e

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dagger/slipway/e2e/seccomp"
)

// TestHostileFilter checks that the committed filter is generated from the container
// engines' profile.
func TestHostileFilter(t *testing.T) {
	want, err := seccomp.Filter()
	check(t, err)
	got, err := os.ReadFile(filepath.Join(root, "ci", "bwrap", "seccomp.bpf"))
	check(t, err)
	if !bytes.Equal(got, want) {
		t.Error("ci/bwrap/seccomp.bpf is out of date: cd e2e && go run ./seccomp/generate ../ci/bwrap/seccomp.bpf")
	}
}

// sandboxes lists the ways to start a sandbox.
var sandboxes = []struct {
	name string
	open func(testing.TB) *runner
}{
	{"local", func(t testing.TB) *runner { w, _ := local(t); return w }},
	{"user", ordinary},
	{"dagger", dagger},
}

// TestHostileSandbox tries all known escapes, from a build script and from a test.
func TestHostileSandbox(t *testing.T) {
	for _, s := range sandboxes {
		t.Run(s.name, func(t *testing.T) {
			w := s.open(t)
			before := sysctls(t)
			t.Run("hostile-escape", func(t *testing.T) { testEscape(t, w) })
			if after := sysctls(t); after != before {
				t.Errorf("the machine's settings changed:\n%s\nbefore\n%s", after, before)
			}
		})
	}
}

// sysctls returns settings of the machine that influence what runs as root.
func sysctls(t testing.TB) string {
	var all strings.Builder
	for _, name := range []string{"kernel/core_pattern", "kernel/randomize_va_space", "vm/overcommit_memory", "kernel/hostname"} {
		fmt.Fprintf(&all, "%s %s", name, read(t, "/proc/sys", name))
	}
	return all.String()
}

func testEscape(t *testing.T, w *runner) {
	r := w.take(t, caseOf(t))
	// A shell may leave a directory of the host open for its children.
	w = &runner{prefix: append([]string{"bash", "-c", `exec 77</ && exec "$@"`, "bash"}, w.prefix...), flags: w.flags, env: w.env}
	got := w.release(t, r)
	lines := said(t, got, "BLOCKED")
	got.wantCode(t, 0)
	for _, by := range []string{"", "test "} {
		for _, what := range []string{
			"write /proc/sys/kernel/core_pattern", "read /proc/keys", "map ids by /proc/self/uid_map", "capabilities CapBnd of self", "write /proc/1/mem", "a directory left open",
			"user 0 of self", "new privileges of self", "unshare -Ur true", "unshare a user namespace", "mount", "ptrace of process 1",
			"keyctl: the session keyring's id", "bpf", "perf_event_open", "netfilter's netlink socket", "packet socket", "getpid of the x32 ABI", "getuid of the 32-bit ABI",
		} {
			wantLines(t, lines, "BLOCKED: "+by+what+":")
		}
	}
}

// TestHostileGreed checks that a step cannot use more resources than allowed.
func TestHostileGreed(t *testing.T) {
	for _, s := range sandboxes {
		t.Run(s.name, func(t *testing.T) {
			w := s.open(t)
			for _, c := range []struct{ greed, limits, want string }{
				{"memory", "memory=900MiB", "--limits memory="},
				{"children", "memory=900MiB", "--limits memory="},
				{"disk", "disk=600MiB", "--limits disk="},
				{"log", "log=8MiB", "--limits log="},
				{"time", "time=25s", "--limits time="},
				{"processes", "processes=300", ""},
				{"file", "file=300MiB", ""},
				{"shared-memory", "memory=1GiB", ""},
				{"temporary-files", "memory=1GiB", ""},
			} {
				if testing.Short() && s.name != "local" && c.greed != "memory" && c.greed != "processes" {
					continue // each is tested with at least one runner
				}
				t.Run(c.greed, func(t *testing.T) { testGreed(t, w, c.greed, c.limits, c.want) })
			}
		})
	}
}

// testGreed expects an error that contains want, or a successful release if want is "".
func testGreed(t *testing.T, w *runner, greed, limits, want string) {
	r := release{source: workspace(t, "hostile-greedy"), crate: "hostile-greedy", version: "0.1.0", out: filepath.Join(t.TempDir(), "out")}
	write(t, greed, r.source, "greed.txt")
	write(t, rand.Text(), r.source, "nonce.txt") // as in caseOf
	r = w.take(t, r)
	r.flags = append(r.flags, "--limits", limits)
	got := w.release(t, r)
	lines := said(t, got, "BLOCKED")
	if want == "" {
		got.wantCode(t, 0)
		if len(lines) == 0 {
			t.Error("nothing was refused")
		}
		return
	}
	got.wantCode(t, 1)
	got.wantError(t, want, `running step "build `, "it was ended because it ")
	if got.took > 5*time.Minute {
		t.Errorf("it took %v", got.took)
	}
	if left, _ := os.ReadDir(r.out); len(left) > 0 {
		t.Errorf("%d files were left in the output directory", len(left))
	}
}

// TestHostileUser checks that an ordinary user's release has the same bytes as root's.
func TestHostileUser(t *testing.T) {
	root, _ := local(t)
	user := ordinary(t)
	var sums []map[string]string
	for _, w := range []*runner{root, user} {
		r := w.take(t, release{source: example(t), crate: "shim-demo", version: "0.1.0", out: filepath.Join(t.TempDir(), "out")})
		w.release(t, r).wantCode(t, 0)
		sums = append(sums, digests(t, r.out))
	}
	if fmt.Sprint(sums[0]) != fmt.Sprint(sums[1]) || len(sums[0]) == 0 {
		t.Errorf("root's release has %v, an ordinary user's %v", sums[0], sums[1])
	}
}

// someone is the ID of a user that does not exist on the machine, without privileges.
const someone = 54321

// ordinary returns the local runner of an ordinary user, with its own cache.
func ordinary(t testing.TB) *runner {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: an ordinary user's sandbox beside root's: these tests do not run as root")
	}
	_, l := local(t)
	check(t, os.Chmod(scratch, 0o711))
	home := filepath.Join(scratch, "someone")
	cache := filepath.Join(home, "cache")
	if _, err := os.Stat(home); err != nil {
		layout := filepath.Join(cache, "toolchain", filepath.Base(l.layout))
		check(t, os.MkdirAll(filepath.Dir(layout), 0o755))
		check(t, copyLinks(l.layout, layout))
		give(t, home)
	}
	w := on(cache)
	id := fmt.Sprint(someone)
	w.name, w.home = "user", home
	w.prefix = []string{"setpriv", "--reuid", id, "--regid", id, "--clear-groups", "--"}
	w.env = []string{"HOME=" + home}
	if out, err := exec.Command("setpriv", append(w.prefix[1:], "bwrap", "--unshare-user", "--ro-bind", "/", "/", "true")...).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: an ordinary user of this machine has no sandbox: %v: %s", err, out)
	}
	return w
}

// give changes the owner of a directory tree to someone.
func give(t testing.TB, dir string) {
	t.Helper()
	if out, err := exec.Command("chown", "-R", fmt.Sprintf("%d:%d", someone, someone), dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// take moves a request's workspace and output to where the runner's user has access.
func (w *runner) take(t testing.TB, r release) release {
	t.Helper()
	if w.home == "" {
		return r
	}
	dir, err := os.MkdirTemp(w.home, "case-")
	check(t, err)
	source := filepath.Join(dir, filepath.Base(r.source))
	check(t, copyLinks(r.source, source))
	give(t, dir)
	r.source, r.out = source, filepath.Join(dir, "out")
	return r
}
