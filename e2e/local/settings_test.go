package local

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
)

// TestLocalBinaries releases a crate with a binary that is not shipped, and checks that no
// artifact has it, that the plan says so, and that the crate's tests can still use it.
func TestLocalBinaries(t *testing.T) {
	w, _ := kit.Local(t)
	r := kit.Release{Source: kit.Workspace(t, "unshipped-binary"), Crate: "unshipped-binary", Version: "0.1.0"}
	const told = "Cargo.toml:10: binary helper is left out: `binaries` does not name it"
	plan := w.Command("plan", r).Run(t).WantCode(t, 0)
	if !strings.Contains(plan.Stdout, told) || strings.Contains(plan.Stdout, "helper.cdx.json") {
		t.Errorf("the plan does not say %q, or has an SBOM of the binary:\n%s", told, plan.Stdout)
	}
	r.Out = filepath.Join(t.TempDir(), "out")
	got := w.Release(t, r).WantCode(t, 0)
	if !strings.Contains(got.Stdout, "binary helper is left out") {
		t.Errorf("the summary does not tell of the binary:\n%s", got.Stdout)
	}
	for _, arch := range []string{"x86_64", "aarch64"} {
		var names []string
		for _, e := range kit.Untar(t, r.Out, "unshipped-binary-"+arch+"-linux-musl.tar.gz") {
			names = append(names, e.Header.Name)
		}
		want := []string{"unshipped-binary", "unshipped-binary.pem", "unshipped-binary.sig", "unshipped-binary.sigstore.json"}
		slices.Sort(names)
		if !slices.Equal(names, want) {
			t.Errorf("the tarball of %s has %q, expected %q", arch, names, want)
		}
	}
	if kit.Exists(r.Out, "*helper*") {
		t.Errorf("a file of the release is about the binary that does not ship")
	}
}

// TestLocalRefusedSetting checks that a misspelt setting is reported with file, line and a
// suggestion before anything begins.
func TestLocalRefusedSetting(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"key":    {"binaries =", "binarys =", `Cargo.toml:10: "binarys" is not a setting of [package.metadata.slipway]: did you mean "binaries"?`},
		"type":   {`["unshipped-binary"]`, `"unshipped-binary"`, "Cargo.toml:10: `binaries` is a string, expected a list of strings"},
		"binary": {`["unshipped-binary"]`, `["unshipped"]`, "Cargo.toml:10: `binaries` names \"unshipped\", which is not a binary of the crate: it has helper, unshipped-binary"},
	} {
		t.Run(name, func(t *testing.T) {
			source := kit.Workspace(t, "unshipped-binary")
			manifest := kit.Read(t, source, "Cargo.toml")
			kit.Write(t, strings.Replace(manifest, c.old, c.new, 1), source, "Cargo.toml")
			wantRefused(t, kit.Release{Source: source, Crate: "unshipped-binary", Version: "0.1.0"}, c.want)
		})
	}
}

// TestLocalRegistryRefuses checks a crate with fields that crates.io refuses: the plan
// reports all of them with their lines, and a dry run completes and says what would stop a
// release.
func TestLocalRegistryRefuses(t *testing.T) {
	w, _ := kit.Local(t)
	r := kit.Release{Source: kit.Workspace(t, "registry-refuses"), Crate: "registry-refuses", Version: "0.1.0"}
	wants := []string{
		"Cargo.toml:8: `license` is", "Cargo.toml:9: `homepage` is", "Cargo.toml:10: it has 7 keywords",
		"Cargo.toml:12: keyword \"a-keyword-of-26-characters\"", "Cargo.toml:14: crates.io has no category \"NOT VALID\"",
	}
	const title = "A real release stops at"
	kit.WantAll(t, kit.Section(w.Command("plan", r).Run(t).WantCode(t, 0).Stdout, title), wants)
	r.Out = filepath.Join(t.TempDir(), "out")
	got := w.Release(t, r).WantCode(t, 0)
	kit.WantAll(t, got.Stdout, wants)
	if !kit.Exists(r.Out, "registry-refuses-0.1.0.crate") {
		t.Errorf("the dry run did not package the crate:\n%s", got.Stdout)
	}
}
