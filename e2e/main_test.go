// Package e2e runs the real slipway command with its local runner, and the real module on a
// Dagger engine, on real workspaces. TestLocal… needs bwrap(1), and TestDagger… a running
// engine; tests that cannot run are skipped with a reason.
//
// SLIPWAY_E2E_CACHE names the cache directory from which slipway's own toolchain image is
// taken, and in which it is made once (default: the user's). Steps are cached separately
// for each test run. SLIPWAY_E2E_ENGINE_STATE names the state directory of an engine on
// this machine, to be searched for secrets.
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
	// slipway is the command under test, root the module it is built from.
	slipway, root string
	// scratch is a directory that is removed after the test run.
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
