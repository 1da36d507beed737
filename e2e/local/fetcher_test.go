package local

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/conformance"
)

// TestLocalStaleLock checks the error for a lock file that only cargo, not the plan, can
// find to be stale.
func TestLocalStaleLock(t *testing.T) {
	w, _ := kit.Local(t)
	conformance.NeedCratesIO(t, w)
	r := kit.Demo(t)
	r.Source, r.Crate, r.Version = kit.Example(t), "fetcher", "0.5.0"
	manifest := filepath.Join(r.Source, "crates/fetcher/Cargo.toml")
	kit.Write(t, strings.Replace(kit.Read(t, manifest), `thiserror = "2.0"`, `thiserror = ">=2.0, <2.0.1"`, 1), manifest)
	got := w.Release(t, r).WantCode(t, 1)
	got.WantError(t, "lock file", "cargo update --workspace", "Cargo.lock")
	if kit.Exists(r.Out, "*") {
		t.Errorf("a failed run left files in %q", r.Out)
	}
}

// TestLocalChannel checks that a dry run builds with an image whose channel differs from
// the workspace's, and says that a release would not.
func TestLocalChannel(t *testing.T) {
	w, l := kit.Local(t)
	r := kit.Release{Source: kit.Workspace(t, "toolchain-channel"), Crate: "toolchain-channel", Version: "0.1.0", Out: filepath.Join(t.TempDir(), "out")}
	r.Flags = []string{"--toolchain", l.Layout}
	got := w.Release(t, r).WantCode(t, 0)
	kit.WantAll(t, kit.Section(got.Stdout, "A real release stops at"), []string{`"1.50.0"`, "Rust 1.96.0", "--toolchain", "rust-toolchain.toml"})
}

// TestLocalFeatures releases fetcher from a workspace in which another member enables more
// features of a dependency, so that the workspace's lock file has more packages than
// fetcher needs, and checks that the bytes are the same as without that member.
func TestLocalFeatures(t *testing.T) {
	w, _ := kit.Local(t)
	conformance.NeedCratesIO(t, w)
	released := func(source string) map[string]string {
		r := kit.Release{Source: source, Crate: "fetcher", Version: "0.5.0", Out: filepath.Join(t.TempDir(), "out")}
		w.Release(t, r).WantCode(t, 0)
		return kit.Digests(t, r.Out)
	}
	source := kit.Example(t)
	want := released(source)
	more := kit.CopyTo(t, source, filepath.Join(t.TempDir(), "more"))
	kit.Write(t, kit.Read(t, "testdata", "features", "Cargo.toml"), more, "crates", "extra", "Cargo.toml")
	kit.Write(t, "", more, "crates", "extra", "src", "lib.rs")
	kit.Write(t, kit.Read(t, "testdata", "features", "Cargo.lock"), more, "Cargo.lock")
	if got := released(more); len(got) == 0 || !maps.Equal(got, want) {
		t.Errorf("other bytes: %v, expected %v", got, want)
	}
}
