package hostile

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

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/seccomp"
)

// TestHostileFilter checks that the committed filter is generated from the container
// engines' profile.
func TestHostileFilter(t *testing.T) {
	want, err := seccomp.Filter()
	kit.Check(t, err)
	got, err := os.ReadFile(filepath.Join(kit.Root, "ci", "bwrap", "seccomp.bpf"))
	kit.Check(t, err)
	if !bytes.Equal(got, want) {
		t.Error("ci/bwrap/seccomp.bpf is out of date: cd e2e && go run ./seccomp/generate ../ci/bwrap/seccomp.bpf")
	}
}

// sandboxes lists the ways to start a sandbox.
var sandboxes = []struct {
	name string
	open func(testing.TB) *kit.Runner
}{
	{"local", func(t testing.TB) *kit.Runner { w, _ := kit.Local(t); return w }},
	{"user", ordinary},
	{"dagger", kit.Dagger},
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
		fmt.Fprintf(&all, "%s %s", name, kit.Read(t, "/proc/sys", name))
	}
	return all.String()
}

func testEscape(t *testing.T, w *kit.Runner) {
	r := takeOver(t, w, kit.WorkspaceOfTest(t))
	// A shell may leave a directory of the host open for its children.
	w = &kit.Runner{Prefix: append([]string{"bash", "-c", `exec 77</ && exec "$@"`, "bash"}, w.Prefix...), Flags: w.Flags, Env: w.Env}
	got := w.Release(t, r)
	lines := kit.Attempts(t, got, "BLOCKED")
	got.WantCode(t, 0)
	for _, by := range []string{"", "test "} {
		for _, what := range []string{
			"write /proc/sys/kernel/core_pattern", "read /proc/keys", "map ids by /proc/self/uid_map", "capabilities CapBnd of self", "write /proc/1/mem", "a directory left open",
			"user 0 of self", "new privileges of self", "unshare -Ur true", "unshare a user namespace", "mount", "ptrace of process 1",
			"keyctl: the session keyring's id", "bpf", "perf_event_open", "netfilter's netlink socket", "packet socket", "getpid of the x32 ABI", "getuid of the 32-bit ABI",
		} {
			kit.WantPrefixes(t, lines, "BLOCKED: "+by+what+":")
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
func testGreed(t *testing.T, w *kit.Runner, greed, limits, want string) {
	r := kit.Release{Source: kit.Workspace(t, "hostile-greedy"), Crate: "hostile-greedy", Version: "0.1.0", Out: filepath.Join(t.TempDir(), "out")}
	kit.Write(t, greed, r.Source, "greed.txt")
	kit.Write(t, rand.Text(), r.Source, "nonce.txt") // as in kit.WorkspaceOfTest
	r = takeOver(t, w, r)
	r.Flags = append(r.Flags, "--limits", limits)
	got := w.Release(t, r)
	lines := kit.Attempts(t, got, "BLOCKED")
	if want == "" {
		got.WantCode(t, 0)
		if len(lines) == 0 {
			t.Error("nothing was refused")
		}
		return
	}
	got.WantCode(t, 1)
	got.WantError(t, want, `running step "build `, "it was ended because it ")
	if got.Took > 5*time.Minute {
		t.Errorf("it took %v", got.Took)
	}
	if left, _ := os.ReadDir(r.Out); len(left) > 0 {
		t.Errorf("%d files were left in the output directory", len(left))
	}
}

// TestHostileUser checks that an ordinary user's release has the same bytes as root's.
func TestHostileUser(t *testing.T) {
	root, _ := kit.Local(t)
	user := ordinary(t)
	var sums []map[string]string
	for _, w := range []*kit.Runner{root, user} {
		r := takeOver(t, w, kit.Release{Source: kit.Example(t), Crate: "shim-demo", Version: "0.1.0", Out: filepath.Join(t.TempDir(), "out")})
		w.Release(t, r).WantCode(t, 0)
		sums = append(sums, kit.Digests(t, r.Out))
	}
	if fmt.Sprint(sums[0]) != fmt.Sprint(sums[1]) || len(sums[0]) == 0 {
		t.Errorf("root's release has %v, an ordinary user's %v", sums[0], sums[1])
	}
}

// someone is the ID of a user that does not exist on the machine, without privileges.
const someone = 54321

// ordinary returns the local runner of an ordinary user, with its own cache.
func ordinary(t testing.TB) *kit.Runner {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: an ordinary user's sandbox beside root's: these tests do not run as root")
	}
	_, l := kit.Local(t)
	kit.Check(t, os.Chmod(kit.Scratch, 0o711))
	home := filepath.Join(kit.Scratch, "someone")
	cache := filepath.Join(home, "cache")
	if _, err := os.Stat(home); err != nil {
		layout := filepath.Join(cache, "toolchain", filepath.Base(l.Layout))
		kit.Check(t, os.MkdirAll(filepath.Dir(layout), 0o755))
		kit.Check(t, kit.CopyLinks(l.Layout, layout))
		give(t, home)
	}
	w := kit.LocalWith(cache)
	id := fmt.Sprint(someone)
	w.Name, w.Home = "user", home
	w.Prefix = []string{"setpriv", "--reuid", id, "--regid", id, "--clear-groups", "--"}
	w.Env = []string{"HOME=" + home}
	if out, err := exec.Command("setpriv", append(w.Prefix[1:], "bwrap", "--unshare-user", "--ro-bind", "/", "/", "true")...).CombinedOutput(); err != nil {
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

// takeOver moves a request's workspace and output to where the runner's user has access.
func takeOver(t testing.TB, w *kit.Runner, r kit.Release) kit.Release {
	t.Helper()
	if w.Home == "" {
		return r
	}
	dir, err := os.MkdirTemp(w.Home, "case-")
	kit.Check(t, err)
	source := filepath.Join(dir, filepath.Base(r.Source))
	kit.Check(t, kit.CopyLinks(r.Source, source))
	give(t, dir)
	r.Source, r.Out = source, filepath.Join(dir, "out")
	return r
}
