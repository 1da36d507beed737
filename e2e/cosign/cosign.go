// Package cosign gives tests cosign's own command, the judge of every signature.
package cosign

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// releases are the releases that are built, by major version: the newest of each
// that the Go release of go.mod compiles.
var releases = map[int]string{
	2: "v2.6.5",
	3: "v3.1.2",
}

// Command returns the path of cosign's command of a major version, 2 or 3. The
// first call on a machine compiles it, which takes minutes; it is kept in the
// user's cache directory, under its version and that of Go. Any number of
// processes may call it at once: one builds and the others wait.
func Command(major int) (string, error) {
	release, ok := releases[major]
	if !ok {
		return "", fmt.Errorf("building cosign %d: there is no such release here; expected 2 or 3", major)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("building cosign %s: %w", release, err)
	}
	dir := filepath.Join(cache, "slipway-e2e", "cosign-"+release+"-"+runtime.Version())
	path := filepath.Join(dir, "cosign")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("building cosign %s: %w", release, err)
	}
	unlock, err := lock(filepath.Join(dir, "lock"))
	if err != nil {
		return "", fmt.Errorf("building cosign %s: %w", release, err)
	}
	defer unlock()
	if _, err := os.Stat(path); err == nil {
		return path, nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("building cosign %s: %w", release, err)
	}
	return path, install(path, fmt.Sprintf("github.com/sigstore/cosign/v%d/cmd/cosign@%s", major, release))
}

// install compiles pkg, with its own go.mod, into path.
func install(path, pkg string) error {
	// A build that is killed must leave nothing at path.
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

// lock takes the lock file name for this process and returns what gives it back.
func lock(name string) (func(), error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("locking %q: %w", name, err)
	}
	return func() { _ = f.Close() }, nil
}
