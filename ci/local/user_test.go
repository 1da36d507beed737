package local

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"dagger/slipway/ci/bwrap"
)

// TestAsOrdinaryUser runs this package's tests again as an unprivileged user, as slipway runs on
// most laptops.
func TestAsOrdinaryUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: the tests run as an ordinary user already")
	}
	needSandbox(t)
	dir, err := os.MkdirTemp("", "slipway-user-") // t.TempDir is below a directory that only root can enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	self, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	probe, err := buildProbe()
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{"test": self, "probe": probe} {
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(dir, "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	// Not the user that root's sandboxes run as.
	const id = bwrap.HostID - 1
	if err := os.Chown(home, id, id); err != nil {
		t.Fatal(err)
	}
	user := strconv.Itoa(id)
	ids := []string{"--reuid", user, "--regid", user, "--clear-groups", "--"}
	cmd := exec.Command("setpriv", append(ids, filepath.Join(dir, "test"), "-test.v", "-test.short")...)
	cmd.Dir = home
	cmd.Env = append(os.Environ(), "HOME="+home, "TMPDIR="+home, builtProbe+"="+filepath.Join(dir, "probe"))
	out, err := cmd.CombinedOutput()
	if why := "No permissions to create new namespace"; strings.Contains(string(out), why) {
		t.Skip("SKIPPED: this machine lets no ordinary user make a sandbox: " + why)
	}
	if err != nil || !strings.Contains(string(out), "--- PASS: TestOwnProcesses") {
		t.Errorf("as user %d: %v\n%s", id, err, out)
	}
}
