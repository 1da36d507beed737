package kit

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Lab is what tests of the local runner share: a cache for the tests of this package, with
// the toolchain image of the permanent cache.
type Lab struct {
	Cache  string
	Layout string // OCI layout of the toolchain image
}

// OpenLab returns the lab. The first call makes the toolchain image if the permanent cache
// has none; slipway locks it, so packages may do so at the same time.
var OpenLab = sync.OnceValues(func() (*Lab, error) {
	kept := os.Getenv("SLIPWAY_E2E_CACHE")
	if kept == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return nil, err
		}
		kept = filepath.Join(base, "slipway")
	}
	cmd := exec.Command(Slipway, "toolchain", "--cache", kept)
	cmd.Stderr = os.Stderr // it takes minutes if the cache has no image
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("making the toolchain image: %w", err)
	}
	l := &Lab{Layout: strings.TrimSpace(string(out))}
	l.Cache, err = l.NewCache("lab")
	return l, err
})

// NewCache makes a cache that has only the toolchain's layout.
func (l *Lab) NewCache(name string) (string, error) {
	cache := filepath.Join(Scratch, "cache-"+name)
	if err := os.MkdirAll(filepath.Join(cache, "toolchain"), 0o755); err != nil {
		return "", err
	}
	return cache, os.Symlink(l.Layout, filepath.Join(cache, "toolchain", filepath.Base(l.Layout)))
}

// Images returns the directory of images unpacked from the toolchain's layout.
func (l *Lab) Images() string { return filepath.Join(l.Cache, "images") }

// Local returns the local runner on the lab's cache. It skips the test if this machine has
// no bwrap(1).
func Local(t testing.TB) (*Runner, *Lab) {
	t.Helper()
	if _, err := exec.LookPath("bwrap"); err != nil {
		t.Skipf("SKIPPED: no local sandboxes: %v: install bubblewrap", err)
	}
	l, err := OpenLab()
	if err != nil {
		t.Fatal(err)
	}
	return LocalWith(l.Cache), l
}

// LocalWith returns the local runner on a cache.
func LocalWith(cache string) *Runner {
	return &Runner{Name: "local", Flags: []string{"--runner", "local", "--cache", cache}}
}
