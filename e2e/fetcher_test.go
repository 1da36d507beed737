package e2e

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// unreachable lists parts of cargo's error messages for an unreachable network.
var unreachable = []string{"Could not resolve host", "Couldn't resolve host", "Failed to connect", "Could not connect", "Connection refused", "Timeout was reached", "timed out"}

// cratesIO skips the test if cargo cannot reach crates.io. It tries by a release whose
// downloads the test needs anyway.
func cratesIO(t testing.TB, w *runner) {
	t.Helper()
	r := demo(t)
	r.crate, r.version = "fetcher", "0.5.0"
	got := w.release(t, r)
	for _, words := range unreachable {
		if got.code != 0 && strings.Contains(got.stderr, words) {
			t.Skipf("SKIPPED: crates.io is not in reach: cargo says %q", words)
		}
	}
}

// library releases a library crate of the example and returns the names of the files in its
// .crate, without their top directory.
func library(t *testing.T, w *runner, crate, version string) (result, []string) {
	t.Helper()
	r := demo(t)
	r.crate, r.version = crate, version
	r.flags = []string{"--json"}
	got := w.release(t, r).wantCode(t, 0)
	s := parse(t, got.stdout)
	name := crate + "-" + version
	if len(s.Artifacts) != 1 || s.Artifacts[0].Name != name+".crate" {
		t.Fatalf("artifacts %+v, expected %s.crate alone: a library makes no tarball", s.Artifacts, name)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256([]byte(read(t, r.out, name+".crate")))); sum != s.Artifacts[0].SHA256 {
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
	for _, e := range untar(t, r.out, name+".crate") {
		inside, ok := strings.CutPrefix(e.header.Name, name+"/")
		if !ok {
			t.Errorf("%s.crate holds %q, outside its folder", name, e.header.Name)
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

func testLibraries(t *testing.T, w *runner) {
	t.Run("shim-core", func(t *testing.T) {
		_, names := library(t, w, "shim-core", "0.2.0")
		if !slices.Equal(names, coreFiles) {
			t.Errorf("the crate holds %q, expected %q", names, coreFiles)
		}
	})
	t.Run("fetcher", func(t *testing.T) {
		cratesIO(t, w)
		_, names := library(t, w, "fetcher", "0.5.0")
		if !slices.Equal(names, fetcherFiles) {
			t.Errorf("the crate holds %q, expected %q", names, fetcherFiles)
		}
	})
}

func TestLocalLibrary(t *testing.T) {
	w, _ := local(t)
	testLibraries(t, w)
}

func TestDaggerLibrary(t *testing.T) { testLibraries(t, dagger(t)) }

// TestLocalStaleLock checks the error for a lock file that only cargo, not the plan, can
// find to be stale.
func TestLocalStaleLock(t *testing.T) {
	w, _ := local(t)
	cratesIO(t, w)
	r := demo(t)
	r.source, r.crate, r.version = example(t), "fetcher", "0.5.0"
	manifest := filepath.Join(r.source, "crates/fetcher/Cargo.toml")
	write(t, strings.Replace(read(t, manifest), `thiserror = "2.0"`, `thiserror = ">=2.0, <2.0.1"`, 1), manifest)
	got := w.release(t, r).wantCode(t, 1)
	got.wantError(t, "lock file", "cargo update --workspace", "Cargo.lock")
	if exists(r.out, "*") {
		t.Errorf("a failed run left files in %q", r.out)
	}
}

// TestLocalChannel checks that a dry run builds with an image whose channel differs from
// the workspace's, and says that a release would not.
func TestLocalChannel(t *testing.T) {
	w, l := local(t)
	r := release{source: workspace(t, "toolchain-channel"), crate: "toolchain-channel", version: "0.1.0", out: filepath.Join(t.TempDir(), "out")}
	r.flags = []string{"--toolchain", l.layout}
	got := w.release(t, r).wantCode(t, 0)
	wantAll(t, section(got.stdout, "A real release stops at"), []string{`"1.50.0"`, "Rust 1.96.0", "--toolchain", "rust-toolchain.toml"})
}

// TestLocalFeatures releases fetcher from a workspace in which another member enables more
// features of a dependency, so that the workspace's lock file has more packages than
// fetcher needs, and checks that the bytes are the same as without that member.
func TestLocalFeatures(t *testing.T) {
	w, _ := local(t)
	cratesIO(t, w)
	released := func(source string) map[string]string {
		r := release{source: source, crate: "fetcher", version: "0.5.0", out: filepath.Join(t.TempDir(), "out")}
		w.release(t, r).wantCode(t, 0)
		return digests(t, r.out)
	}
	source := example(t)
	want := released(source)
	more := copyTo(t, source, filepath.Join(t.TempDir(), "more"))
	write(t, read(t, "testdata", "features", "Cargo.toml"), more, "crates", "extra", "Cargo.toml")
	write(t, "", more, "crates", "extra", "src", "lib.rs")
	write(t, read(t, "testdata", "features", "Cargo.lock"), more, "Cargo.lock")
	if got := released(more); len(got) == 0 || !maps.Equal(got, want) {
		t.Errorf("other bytes: %v, expected %v", got, want)
	}
}
