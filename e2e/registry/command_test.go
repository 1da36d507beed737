package registry

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestRegistryCommand(t *testing.T) {
	path, err := Command()
	if errors.Is(err, ErrNotInstalled) {
		t.Skipf("SKIPPED: %v", err)
	}
	check(t, err)
	out, err := exec.Command(path, "--version").CombinedOutput()
	if want := server + " " + release + "\n"; err != nil || string(out) != want {
		t.Errorf("it says %q, %v; expected %q", out, err, want)
	}
}

// TestRegistryCommandNotInstalled checks that the error says what to install if cargo is
// missing.
func TestRegistryCommandNotInstalled(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("PATH", t.TempDir())
	path, err := Command()
	if !errors.Is(err, ErrNotInstalled) || !strings.Contains(err.Error(), "cargo-web") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %q, %v; expected one line with the packages", path, err)
	}
}

// TestRegistryCommandFails checks that a failed build is reported and leaves no command.
func TestRegistryCommandFails(t *testing.T) {
	if err := installed(); err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	dir := t.TempDir()
	if err := install(dir, "0.0.0-none"); err == nil || !strings.Contains(err.Error(), "0.0.0-none") {
		t.Errorf("installing a version that there is not: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "bin", "*")); err != nil || len(left) != 0 {
		t.Errorf("it left %v, %v", left, err)
	}
}
