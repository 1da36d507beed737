package local

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/crates"
)

// TestLocalVendored checks that vendored sources of a workspace are used for building and
// packaging, and that one that does not match Cargo.lock ends the run.
func TestLocalVendored(t *testing.T) {
	w, _ := kit.Local(t)
	user := map[string]string{"crates/pack-user/build.rs": "fn main() { assert!(std::path::Path::new(&std::env::var(\"TOP\").unwrap()).join(\"Cargo.lock\").exists()); }\n", "crates/pack-user/src/lib.rs": "#[test]\nfn t() { assert_eq!(itoa::Buffer::new().format(42), \"42\") }\n"}
	for name, tt := range map[string]struct {
		crates            map[string]string
		file, dir, config string
	}{
		"crates.io": {
			map[string]string{"pack-user": "[dependencies]\nitoa = \"1\"\n"},
			".cargo/config.toml", "vendor",
			"[source.crates-io]\nreplace-with = \"vendored-sources\"\n[source.vendored-sources]\ndirectory = \"vendor\"\n",
		},
		"through another source, in the old file, with a sibling": {
			map[string]string{"pack-user": "[dependencies]\nitoa = \"1\"\npack-inner = { path = \"../pack-inner\", version = \"0.1\" }\n", "pack-inner": "[build-dependencies]\nitoa = \"1\"\n"},
			".cargo/config", "third-party/rust", "[source]\ncrates-io = { replace-with = \"mirror\" }\n[source.mirror]\nregistry = \"https://mirror.invalid/index\"\nreplace-with = \"here\"\n[source.here]\ndirectory = \"third-party/rust\"\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			source := packaging(t, "", tt.crates, user)
			(kit.Command{Args: []string{"cargo", "vendor", "--quiet", "--locked", tt.dir}, Dir: source}).Run(t).WantCode(t, 0)
			kit.Write(t, tt.config+"[env]\nTOP = { value = \"\", relative = true }\n", source, tt.file)
			r := kit.Release{Source: source, Crate: "pack-user", Version: "0.1.0", Out: filepath.Join(t.TempDir(), "out")}
			w.Release(t, r).WantCode(t, 0).WantStdout(t, "1 passed", "pack-user-0.1.0.crate")
			sums := filepath.Join(tt.dir, "itoa/.cargo-checksum.json")
			text := kit.Read(t, source, sums)
			at := strings.Index(text, `"package":"`) + len(`"package":"`)
			kit.Write(t, text[:at]+strings.Repeat("0", 64)+text[at+64:], source, sums)
			w.Release(t, r).WantCode(t, 1).WantError(t, "itoa", "checksum")
		})
	}
}

// TestLocalRootPackage makes a dry run of a package at its repository's root that has just
// a binary and goes to crates.io, with symbolic links that git ignores in the directory.
func TestLocalRootPackage(t *testing.T) {
	w, _ := kit.Local(t)
	r := kit.SmallCrate(t, "description = \"x\"\nlicense = \"MIT\"\n", map[string]string{".gitignore": "/target\n.venv\n/result\nnode_modules/\n", "tests/t.rs": "#[test]\nfn t() {}\n"})
	kit.Write(t, strings.Replace(kit.Read(t, r.Source, "Cargo.toml"), "publish = false\n", "", 1), r.Source, "Cargo.toml")
	kit.Check(t, os.Remove(filepath.Join(r.Source, "src/lib.rs")))
	kit.InitRepository(t, r.Source, "main")
	for link, to := range map[string]string{
		".venv/bin/python": "/usr/bin/python3", "result": "/nix/store/none", "node_modules/.bin/x": "../../../../outside", "src/node_modules/loop": ".",
	} {
		kit.Check(t, os.MkdirAll(filepath.Join(r.Source, filepath.Dir(link)), 0o755))
		kit.Check(t, os.Symlink(to, filepath.Join(r.Source, link)))
	}
	plan := w.Command("plan", r).Run(t).WantCode(t, 0).Stdout
	if strings.Contains(plan, "link") || strings.Contains(plan, "uncommitted") {
		t.Errorf("the plan tells of what git ignores:\n%s", plan)
	}
	r.Out = filepath.Join(t.TempDir(), "out")
	w.Release(t, r).WantCode(t, 0).WantStdout(t, "1 passed", "one-x86_64-linux-musl.tar.gz", "one-0.1.0.crate")
	for name := range crates.Unpack(t, []byte(kit.Read(t, r.Out, "one-0.1.0.crate"))) {
		if strings.Contains(name, "python") || strings.Contains(name, "result") || strings.Contains(name, "node_modules") {
			t.Errorf("the package has %q", name)
		}
	}
}
