package signing

import (
	"path/filepath"
	"testing"
	"time"

	"dagger/slipway/e2e/kit"
)

// TestSigningCompileTime logs what users wait for on the first call on a new engine:
// compiling the module from scratch, relative to compiling a module that does nothing, that
// is, the generated client. Downloads are not counted.
func TestSigningCompileTime(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short, and this compiles two modules from nothing")
	}
	compile := func(what string) time.Duration {
		c := kit.Command{Args: []string{"go", "build", "-o", filepath.Join(t.TempDir(), "out"), what}, Dir: "..", Env: []string{"GOCACHE=" + t.TempDir(), "GOFLAGS="}}
		return c.Run(t).WantCode(t, 0).Took
	}
	empty, whole := compile("./internal/dagger"), compile(".")
	over := whole - empty
	t.Logf("MEASURED: compiling the module from nothing: %.0f s, %.0f s over a module that does nothing (%.2f times; goal 60 s over)",
		whole.Seconds(), over.Seconds(), whole.Seconds()/empty.Seconds())
	if over <= 0 {
		t.Errorf("the module compiles in %s and the generated client alone in %s: the caches were not empty", whole, empty)
	}
}
