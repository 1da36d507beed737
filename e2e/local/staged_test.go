package local

import (
	"maps"
	"path/filepath"
	"testing"

	"dagger/slipway/e2e/kit"
)

// TestLocalStagedLibrary stages a crate for a registry that has no binaries, so that
// nothing is signed, and checks that two jobs package it like one.
func TestLocalStagedLibrary(t *testing.T) {
	w, _ := kit.Local(t)
	r := kit.Release{Source: kit.Demo(t).Source, Crate: "shimkit", Version: "0.3.1", Out: filepath.Join(t.TempDir(), "staged")}
	w.Command("stage", r).Run(t).WantCode(t, 0)
	packaged := r
	packaged.Out = filepath.Join(t.TempDir(), "dist")
	packaged.Flags = []string{"--staged", r.Out, "--staged-digest", kit.DirDigest(t, r.Out)}
	w.Release(t, packaged).WantCode(t, 0)
	whole := r
	whole.Out = filepath.Join(t.TempDir(), "whole")
	w.Release(t, whole).WantCode(t, 0)
	if there, here := kit.Digests(t, packaged.Out), kit.Digests(t, whole.Out); len(here) == 0 || !maps.Equal(there, here) {
		t.Errorf("in two jobs it is %v, in one %v", there, here)
	}
	packaged.Flags = append(packaged.Flags, "--dry-run=false")
	w.Release(t, packaged).WantCode(t, 1).WantError(t, "slipway dist --staged")
}
