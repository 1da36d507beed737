package local

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/crates"
)

// formats is a library like itoa and ryu: what it formats is owned here and borrowed there.
func formats(number string) string {
	return "pub struct Buffer;\nimpl Buffer {\n  pub fn new() -> Buffer { Buffer }\n  pub fn format(&mut self, n: " + number + ") -> String { n.to_string() }\n}\n"
}

// TestLocalPackageFromRegistry makes a dry run of a crate whose package needs versions of the
// registry where the workspace has its own: by [patch] in a sibling, and by a path that the
// workspace excludes. The package has the files of cargo's in a clean clone.
func TestLocalPackageFromRegistry(t *testing.T) {
	w, _ := kit.Local(t)
	source := packaging(t, "exclude = [\"local\"]\n[patch.crates-io]\nitoa = { path = \"crates/itoa\" }\n", map[string]string{
		"pack-outer": "[dependencies]\npack-inner = { path = \"../pack-inner\", version = \"0.1\" }\nryu = { path = \"../../local/ryu\", version = \"1\" }\n",
		"pack-inner": "license-file = \"COPYING\"\n[dependencies]\nitoa = \"1\"\n",
		"itoa":       "version = \"1.0.99\"\n",
	}, map[string]string{
		"local/ryu/Cargo.toml": "[package]\nname = \"ryu\"\nversion = \"1.0.99\"\nedition = \"2021\"\n", "local/ryu/src/lib.rs": formats("f64"),
		"crates/itoa/src/lib.rs": formats("u8"), "crates/pack-inner/COPYING": "x",
		"crates/pack-inner/src/lib.rs": "pub fn text() -> String { itoa::Buffer::new().format(42u8).to_owned() }\n",
		"crates/pack-outer/build.rs":   "fn main() { assert!(std::net::TcpStream::connect(\"1.1.1.1:443\").is_err(), \"a build script has a network\"); }\n",
		"crates/pack-outer/src/lib.rs": "pub fn text() -> String { pack_inner::text() + ryu::Buffer::new().format(0.5f64).to_owned().as_str() }\n#[test]\nfn t() { assert_eq!(text(), \"420.5\") }\n",
	})
	kit.InitRepository(t, source, "main")
	r := kit.Release{Source: source, Crate: "pack-outer", Version: "0.1.0", Out: filepath.Join(t.TempDir(), "out")}
	w.Release(t, r).WantCode(t, 0).WantStdout(t, "1 passed", "with ryu from the registry", "with itoa from the registry")
	got := crates.Unpack(t, []byte(kit.Read(t, r.Out, "pack-outer-0.1.0.crate")))
	for _, name := range []string{"itoa", "ryu"} {
		_, after, _ := strings.Cut(got["pack-outer-0.1.0/Cargo.lock"], "name = \""+name+"\"\n")
		if entry, _, _ := strings.Cut(after, "[["); strings.Contains(entry, "1.0.99") || !strings.Contains(entry, "source = \"registry+") {
			t.Errorf("the package has %s from %s", name, entry)
		}
	}
	clone, target := filepath.Join(t.TempDir(), "clone"), t.TempDir()
	kit.Git(t, source, "clone", "--quiet", ".", clone)
	(kit.Command{Args: []string{"cargo", "package", "--locked", "--no-verify", "--package", "pack-inner", "--package", "pack-outer"}, Dir: clone, Env: []string{"CARGO_TARGET_DIR=" + target}}).Run(t).WantCode(t, 0)
	want, err := os.ReadFile(filepath.Join(target, "package", "pack-outer-0.1.0.crate"))
	kit.Check(t, err)
	crates.WantSameFiles(t, "pack-outer", got, crates.Unpack(t, want))
}
