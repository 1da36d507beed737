// Package registry runs Kellnr on loopback as a crate registry for tests: it speaks cargo's
// sparse index and web API, with users, tokens and owners. cargo publishes to it like to
// crates.io.
package registry

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"dagger/slipway/e2e/flock"
)

// server and release are the crate that is built and its version: the newest one whose own
// Cargo.lock could be resolved. Versions 6.11 to 6.13 require a webpki-roots that was not
// available.
const (
	server  = "kellnr"
	release = "6.6.0"
)

// ErrNotInstalled is returned by Command, wrapped with what is missing, if the machine
// lacks tools for the build.
var ErrNotInstalled = errors.New("not installed")

// needs lists the commands that the build uses, with their Debian packages.
var needs = []struct{ command, pkg string }{
	{"cargo", "cargo-web"},
	{"cc", "gcc"},
	{"pkg-config", "pkg-config"},
}

// profile turns off slow optimisations, because a test sends only a few dozen requests.
var profile = []string{
	"CARGO_PROFILE_RELEASE_OPT_LEVEL=0",
	"CARGO_PROFILE_RELEASE_LTO=off",
	"CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16",
	"CARGO_PROFILE_RELEASE_DEBUG=0",
	"CARGO_PROFILE_RELEASE_STRIP=symbols",
}

// Command returns the path of the server. The first call on a machine compiles it, which
// takes minutes; it is kept in the user's cache directory by version. Processes may call it
// concurrently: one builds and the others wait. It returns ErrNotInstalled if the machine
// cannot build it.
func Command() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("building %s %s: %w", server, release, err)
	}
	dir := filepath.Join(cache, "slipway-e2e", server+"-"+release)
	path := filepath.Join(dir, "bin", server)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("building %s %s: %w", server, release, err)
	}
	unlock, err := flock.Take(filepath.Join(dir, "lock"))
	if err != nil {
		return "", fmt.Errorf("building %s %s: %w", server, release, err)
	}
	defer unlock()
	if _, err := os.Stat(path); err == nil {
		return path, nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("building %s %s: %w", server, release, err)
	}
	if err := installed(); err != nil {
		return "", fmt.Errorf("building %s %s: %w", server, release, err)
	}
	return path, install(dir, release)
}

// installed returns ErrNotInstalled, with the packages to install, unless the machine has
// what the build needs.
func installed() error {
	var missing []string
	for _, n := range needs {
		if _, err := exec.LookPath(n.command); err != nil {
			missing = append(missing, n.pkg)
		}
	}
	// OpenSSL provides headers for cc but no command.
	if err := exec.Command("pkg-config", "--exists", "openssl").Run(); err != nil {
		missing = append(missing, "libssl-dev")
	}
	if len(missing) > 0 {
		return fmt.Errorf("%w: Debian's packages %s", ErrNotInstalled, strings.Join(missing, ", "))
	}
	return nil
}

// install compiles a version of the server into dir. If it is killed, the next build reuses
// what was compiled.
func install(dir, version string) error {
	target := filepath.Join(dir, "target")
	cmd := exec.Command("cargo", "install", server, "--version", "="+version, "--locked",
		"--no-default-features", // the default features would compile OpenSSL too
		"--root", dir)
	// Toolchain files and cargo configurations above the working directory must not affect
	// this build.
	cmd.Dir = dir
	cmd.Env = slices.Concat(os.Environ(), profile, []string{"CARGO_TARGET_DIR=" + target})
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s %s: %w; expected that its crates can be fetched and compiled:\n%s", server, version, err, last(out, 20))
	}
	// The target directory has 2 GB and is no longer needed.
	if err := os.RemoveAll(target); err != nil {
		return fmt.Errorf("building %s %s: %w", server, version, err)
	}
	return nil
}

// last returns the last n lines of a command's output.
func last(said []byte, n int) string {
	lines := strings.Split(strings.TrimSpace(string(said)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
