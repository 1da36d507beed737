// Package e2e runs the real slipway command with its local runner, and the real
// module on a Dagger engine, on real workspaces. TestLocal… needs bwrap(1) and
// TestDagger… an engine that answers; what cannot run is skipped and says so.
//
// SLIPWAY_E2E_CACHE names the cache directory that slipway's own toolchain image
// is taken from and, once, made in (default: that of the user). Steps are kept
// in a cache of each test run's own. SLIPWAY_E2E_ENGINE_STATE names the directory in
// which an engine on this machine keeps its state, to look for secrets in.
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

var (
	// slipway is the command under test, root the module that it is built from.
	slipway, root string
	// scratch is a directory that goes with the test run.
	scratch string
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	syscall.Umask(0o022)
	if root, err = filepath.Abs(".."); err != nil {
		return 1, err
	}
	if scratch, err = os.MkdirTemp("", "slipway-e2e-"); err != nil {
		return 1, err
	}
	defer func() { _ = removeAll(scratch) }()
	slipway = filepath.Join(scratch, "slipway")
	build := exec.Command("go", "build", "-o", slipway, "./cmd/slipway")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("building the slipway command: %w\n%s", err, out)
	}
	return m.Run(), nil
}
