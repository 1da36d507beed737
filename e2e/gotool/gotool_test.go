package gotool

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestCommandInstall checks, with a smaller command than cosign, that installing is atomic.
func TestCommandInstall(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "gofumpt")
	if err := install(path, "mvdan.cc/gofumpt@v0.0.0-none"); err == nil || !strings.Contains(err.Error(), "v0.0.0-none") {
		t.Errorf("installing a version that is not there: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("a failed build left %v, %v", left, err)
	}
	if err := install(path, "mvdan.cc/gofumpt@v0.12.0"); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(path, "-version").CombinedOutput(); err != nil || !strings.Contains(string(out), "v0.12.0") {
		t.Errorf("it says %q, %v", out, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("a build left %v, %v; expected the command alone", left, err)
	}
}
