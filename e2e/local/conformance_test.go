package local

import (
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/conformance"
)

func TestLocalHostile(t *testing.T) {
	w, _ := kit.Local(t)
	kit.LocalDemo(t) // unpacks the image first, because cases measure times
	conformance.Workspaces(t, w)
}

// TestLocalSpawned checks that a test can start programs that were built with it, on an
// emulated target too.
func TestLocalSpawned(t *testing.T) {
	w, _ := kit.Local(t)
	conformance.Spawned(t, w)
}

func TestLocalLibrary(t *testing.T) {
	w, _ := kit.Local(t)
	conformance.Libraries(t, w)
}
