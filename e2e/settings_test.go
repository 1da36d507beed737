package e2e

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestLocalBinaries releases a crate with a binary that is not shipped, and checks that no
// artifact has it, that the plan says so, and that the crate's tests can still use it.
func TestLocalBinaries(t *testing.T) {
	w, _ := local(t)
	r := release{source: workspace(t, "unshipped-binary"), crate: "unshipped-binary", version: "0.1.0"}
	const told = "Cargo.toml:10: binary helper is left out: `binaries` does not name it"
	plan := w.command("plan", r).run(t).wantCode(t, 0)
	if !strings.Contains(plan.stdout, told) || strings.Contains(plan.stdout, "helper.cdx.json") {
		t.Errorf("the plan does not say %q, or has an SBOM of the binary:\n%s", told, plan.stdout)
	}
	r.out = filepath.Join(t.TempDir(), "out")
	got := w.release(t, r).wantCode(t, 0)
	if !strings.Contains(got.stdout, "binary helper is left out") {
		t.Errorf("the summary does not tell of the binary:\n%s", got.stdout)
	}
	for _, arch := range []string{"x86_64", "aarch64"} {
		var names []string
		for _, e := range untar(t, r.out, "unshipped-binary-"+arch+"-linux-musl.tar.gz") {
			names = append(names, e.header.Name)
		}
		want := []string{"unshipped-binary", "unshipped-binary.pem", "unshipped-binary.sig", "unshipped-binary.sigstore.json"}
		slices.Sort(names)
		if !slices.Equal(names, want) {
			t.Errorf("the tarball of %s has %q, expected %q", arch, names, want)
		}
	}
	if exists(r.out, "*helper*") {
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
			source := workspace(t, "unshipped-binary")
			manifest := read(t, source, "Cargo.toml")
			write(t, strings.Replace(manifest, c.old, c.new, 1), source, "Cargo.toml")
			wantRefused(t, release{source: source, crate: "unshipped-binary", version: "0.1.0"}, c.want)
		})
	}
}

// TestLocalRegistryRefuses checks a crate with fields that crates.io refuses: the plan
// reports all of them with their lines, and a dry run completes and says what would stop a
// release.
func TestLocalRegistryRefuses(t *testing.T) {
	w, _ := local(t)
	r := release{source: workspace(t, "registry-refuses"), crate: "registry-refuses", version: "0.1.0"}
	wants := []string{
		"Cargo.toml:8: `license` is", "Cargo.toml:9: `homepage` is", "Cargo.toml:10: it has 7 keywords",
		"Cargo.toml:12: keyword \"a-keyword-of-26-characters\"", "Cargo.toml:14: crates.io has no category \"NOT VALID\"",
	}
	const title = "A real release stops at"
	wantAll(t, section(w.command("plan", r).run(t).wantCode(t, 0).stdout, title), wants)
	r.out = filepath.Join(t.TempDir(), "out")
	got := w.release(t, r).wantCode(t, 0)
	wantAll(t, got.stdout, wants)
	if !exists(r.out, "registry-refuses-0.1.0.crate") {
		t.Errorf("the dry run did not package the crate:\n%s", got.stdout)
	}
}
