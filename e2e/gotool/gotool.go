// Package gotool compiles commands of Go modules that tests use to check slipway's output,
// once per machine.
package gotool

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"dagger/slipway/e2e/flock"
)

// Command returns the path of the command pkg in the given version. The first call on a
// machine compiles it, which takes minutes; it is kept in the user's cache directory, by
// its version and Go's. Processes may call it concurrently: one builds and the others wait.
func Command(pkg, release string) (string, error) {
	name := path.Base(pkg)
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("building %s %s: %w", name, release, err)
	}
	dir := filepath.Join(cache, "slipway-e2e", name+"-"+release+"-"+runtime.Version())
	command := filepath.Join(dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("building %s %s: %w", name, release, err)
	}
	unlock, err := flock.Take(filepath.Join(dir, "lock"))
	if err != nil {
		return "", fmt.Errorf("building %s %s: %w", name, release, err)
	}
	defer unlock()
	if _, err := os.Stat(command); err == nil {
		return command, nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("building %s %s: %w", name, release, err)
	}
	return command, install(command, pkg+"@"+release)
}

// install compiles pkg, with its own go.mod, to path.
func install(path, pkg string) error {
	// A build that is killed must not leave anything at path.
	dir, err := os.MkdirTemp(filepath.Dir(path), "building-")
	if err != nil {
		return fmt.Errorf("building %s: %w", pkg, err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	cmd := exec.Command("go", "install", "-trimpath", pkg)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "GOWORK=off", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w; expected that its modules can be fetched and compiled:\n%s", pkg, err, strings.TrimSpace(string(out)))
	}
	if err := os.Rename(filepath.Join(dir, filepath.Base(path)), path); err != nil {
		return fmt.Errorf("building %s: %w", pkg, err)
	}
	return nil
}
