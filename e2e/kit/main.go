// Package kit is what the end-to-end tests of all subjects share. They run the real slipway
// command with its local runner, and the real module on a Dagger engine, on real workspaces.
// The local runner needs bwrap(1), and the module a running engine; tests that cannot run
// are skipped with a reason.
//
// SLIPWAY_E2E_CACHE names the cache directory from which slipway's own toolchain image is
// taken, and in which it is made once (default: the user's). Steps are cached separately
// for each test run. SLIPWAY_E2E_ENGINE_STATE names the state directory of an engine on
// this machine, to be searched for secrets.
package kit

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

var (
	// Slipway is the path of the command under test, which Main builds.
	Slipway string
	// Root is the directory of the module that the command is built from: the repository's.
	Root string
	// Scratch is a directory that Main removes after the tests of a package.
	Scratch string
)

// NoServer is an address at which nobody answers.
const NoServer = "http://127.0.0.1:9"

// Main builds the command, runs the tests of a package, and exits. It is for TestMain.
func Main(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	syscall.Umask(0o022)
	// Tests ask no server on the internet for Rust; those that need one set their own.
	if err := os.Setenv("RUSTUP_DIST_SERVER", NoServer); err != nil {
		return 1, err
	}
	found, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "dagger/slipway").Output()
	if err != nil {
		return 1, fmt.Errorf("finding the module dagger/slipway: %w", err)
	}
	Root = strings.TrimSpace(string(found))
	if Scratch, err = os.MkdirTemp("", "slipway-e2e-"); err != nil {
		return 1, err
	}
	defer func() { _ = RemoveAll(Scratch) }()
	Slipway = filepath.Join(Scratch, "slipway")
	build := exec.Command("go", "build", "-o", Slipway, "./cmd/slipway")
	build.Dir = Root
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("building the slipway command: %w\n%s", err, out)
	}
	return m.Run(), nil
}

// Testdata returns the path of a file of the tests' data that several subjects use.
func Testdata(path ...string) string {
	return filepath.Join(append([]string{Root, "e2e", "testdata"}, path...)...)
}
