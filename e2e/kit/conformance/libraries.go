package conformance

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
)

// unreachable lists parts of cargo's error messages for an unreachable network.
var unreachable = []string{"Could not resolve host", "Couldn't resolve host", "Failed to connect", "Could not connect", "Connection refused", "Timeout was reached", "timed out"}

// NeedCratesIO skips the test if cargo cannot reach crates.io. It tries by a release whose
// downloads the test needs anyway.
func NeedCratesIO(t testing.TB, w *kit.Runner) {
	t.Helper()
	r := kit.Demo(t)
	r.Crate, r.Version = "fetcher", "0.5.0"
	got := w.Release(t, r)
	for _, words := range unreachable {
		if got.Code != 0 && strings.Contains(got.Stderr, words) {
			t.Skipf("SKIPPED: crates.io is not in reach: cargo says %q", words)
		}
	}
}

// library releases a library crate of the example and returns the names of the files in its
// .crate, without their top directory.
func library(t *testing.T, w *kit.Runner, crate, version string) (kit.Result, []string) {
	t.Helper()
	r := kit.Demo(t)
	r.Crate, r.Version = crate, version
	r.Flags = []string{"--json"}
	got := w.Release(t, r).WantCode(t, 0)
	s := kit.ParseSummary(t, got.Stdout)
	name := crate + "-" + version
	if len(s.Artifacts) != 1 || s.Artifacts[0].Name != name+".crate" {
		t.Fatalf("artifacts %+v, expected %s.crate alone: a library makes no tarball", s.Artifacts, name)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256([]byte(kit.Read(t, r.Out, name+".crate")))); sum != s.Artifacts[0].SHA256 {
		t.Errorf("%s.crate is %s, the summary says %s", name, sum, s.Artifacts[0].SHA256)
	}
	if len(s.Tests) != 2 || s.Tests[0].Passed == 0 || s.Tests[0].Passed != s.Tests[1].Passed {
		t.Errorf("tests for both targets expected, as many for each: %+v", s.Tests)
	}
	var kinds []string
	for _, e := range s.Effects {
		kinds = append(kinds, e.Kind)
	}
	if !slices.Contains(kinds, "registry") {
		t.Errorf("effects %v, expected one on the registry", kinds)
	}
	var names []string
	for _, e := range kit.Untar(t, r.Out, name+".crate") {
		inside, ok := strings.CutPrefix(e.Header.Name, name+"/")
		if !ok {
			t.Errorf("%s.crate holds %q, outside its folder", name, e.Header.Name)
		}
		names = append(names, inside)
	}
	slices.Sort(names)
	return got, names
}

// fetcherFiles is the output of `cargo package --list`.
var fetcherFiles = []string{
	"CHANGELOG.md", "Cargo.lock", "Cargo.toml", "Cargo.toml.orig", "README.md", "src/digest.rs", "src/lib.rs", "tests/manifest.rs",
}

var coreFiles = []string{"CHANGELOG.md", "Cargo.lock", "Cargo.toml", "Cargo.toml.orig", "README.md", "src/lib.rs"}

// Libraries dry-runs the example's library crates and compares the files in their
// packages.
func Libraries(t *testing.T, w *kit.Runner) {
	t.Run("shim-core", func(t *testing.T) {
		_, names := library(t, w, "shim-core", "0.2.0")
		if !slices.Equal(names, coreFiles) {
			t.Errorf("the crate holds %q, expected %q", names, coreFiles)
		}
	})
	t.Run("fetcher", func(t *testing.T) {
		NeedCratesIO(t, w)
		_, names := library(t, w, "fetcher", "0.5.0")
		if !slices.Equal(names, fetcherFiles) {
			t.Errorf("the crate holds %q, expected %q", names, fetcherFiles)
		}
	})
}
