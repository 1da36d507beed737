package cargo

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

func TestAgreeCargo(t *testing.T) {
	dir := t.TempDir() // without rust-toolchain.toml and .cargo, as in a release
	if err := os.CopyFS(dir, os.DirFS(example)); err != nil {
		t.Fatal(err)
	}
	writeFiles(t, dir, map[string]string{"rust-toolchain.toml": "", ".cargo/config.toml": ""})
	out, err := runCargo(t, dir, "metadata", "--no-deps", "--format-version", "1", "--locked", "--offline")
	if err != nil {
		t.Fatal(err)
	}
	if err := readDir(t, example).Agree(out); err != nil {
		t.Error(err)
	}
}

// TestAgreeCargoHard compares with cargo's own reading of manifests that are hard to read.
func TestAgreeCargoHard(t *testing.T) {
	odd := map[string]string{
		"Cargo.toml": `[workspace]
members = ["**/deep", "c/[!x]*", "kept/a"]
exclude = ["kept", "c/out"]
[workspace.package]
version = "0.3.0"
publish = ["ours"]
[workspace.dependencies]
core = { package = "a-core", path = "c/core" }`,
		"x/y/deep/Cargo.toml":       "[package]\nname = \"deep\"\nedition = \"2021\"",
		"x/y/deep/src/lib.rs":       "",
		"c/core/Cargo.toml":         "[package]\nname = \"a-core\"\nversion.workspace = true\npublish.workspace = true\n[[bin]]\nname = \"x\"",
		"c/core/src/main.rs":        "fn main() {}",
		"c/core/src/bin/x.rs":       "fn main() {}",
		"c/core/src/bin/y.rs":       "fn main() {}",
		"c/core/src/lib.rs":         "",
		"c/user/Cargo.toml":         pkg("user", "publish = false\n[target.'cfg(windows)'.dependencies]\ncore.workspace = true\n[build-dependencies]\nhidden = { path = \"../../side\", package = \"side-crate\" }"),
		"c/user/src/bin/z/main.rs":  "fn main() {}",
		"c/user/build.rs":           "fn main() {}",
		"c/out/Cargo.toml":          pkg("out"),
		"c/out/src/lib.rs":          "",
		"c/xx/Cargo.toml":           pkg("xx"),
		"c/xx/src/lib.rs":           "",
		"c/NOTES.md":                "",
		"side/Cargo.toml":           pkg("side-crate", "[lib]\nname = \"renamed\"\nproc-macro = true"),
		"side/src/lib.rs":           "",
		"kept/a/Cargo.toml":         pkg("kept-a"),
		"kept/a/src/lib.rs":         "",
		"kept/b/Cargo.toml":         pkg("kept-b"),
		"kept/b/src/lib.rs":         "",
		"c/core/benches/b.rs":       "",
		"c/core/examples/e.rs":      "fn main() {}",
		"c/core/tests/t/main.rs":    "",
		"c/core/src/bin/q/other.rs": "",
	}
	for name, in := range map[string]map[string]string{"hard": hard, "odd": odd} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for k, v := range in {
				if v == "" {
					in[k] = "\n"
				}
			}
			writeFiles(t, dir, in)
			out, err := runCargo(t, dir, "metadata", "--no-deps", "--format-version", "1", "--offline")
			if err != nil {
				t.Fatal(err)
			}
			if err := read(t, in).Agree(out); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestAgreeReports changes one fact at a time in cargo's output.
func TestAgreeReports(t *testing.T) {
	w := read(t, map[string]string{
		"Cargo.toml":   "[workspace]\nmembers = [\"a\", \"b\"]",
		"a/Cargo.toml": pkg("a", "[dependencies]\nb = { path = \"../b\" }\n[dev-dependencies]\nlog = \"0.4\""), "a/src/main.rs": "x", "a/src/lib.rs": "x", "a/build.rs": "x",
		"b/Cargo.toml": pkg("b", "publish = false"), "b/src/lib.rs": "x",
	})
	const good = `{"workspace_root": "/w", "packages": [
		{"name": "a", "version": "1.0.0", "manifest_path": "/w/a/Cargo.toml", "publish": null,
		 "targets": [{"name": "a", "kind": ["lib"]}, {"name": "a", "kind": ["bin"]}, {"name": "build-script-build", "kind": ["custom-build"]}, {"name": "t", "kind": ["test"]}],
		 "dependencies": [{"name": "b", "kind": null}, {"name": "log", "kind": "dev"}]},
		{"name": "b", "version": "1.0.0", "manifest_path": "/w/b/Cargo.toml", "publish": [], "targets": [{"name": "b", "kind": ["lib"]}], "dependencies": []}]}`
	if err := w.Agree([]byte(good)); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, from, to string
		want           []string
	}{
		{"version", `"a", "version": "1.0.0"`, `"a", "version": "1.0.1"`, []string{"only cargo says: crate a is 1.0.1 in a", "only the manifests say: crate a is 1.0.0 in a"}},
		{"directory", "/w/b/Cargo.toml", "/w/c/Cargo.toml", []string{"only cargo says: crate b is 1.0.0 in c"}},
		{"crate more", `"packages": [`, `"packages": [{"name": "c", "version": "2.0.0", "manifest_path": "/w/c/Cargo.toml"},`, []string{"only cargo says: crate c is 2.0.0 in c"}},
		{"crate less", `"name": "b", "version"`, `"name": "bb", "version"`, []string{"only the manifests say: crate b is 1.0.0 in b"}},
		{"published", `"publish": []`, `"publish": null`, []string{"only the manifests say: crate b is not published"}},
		{"not published", `"publish": null`, `"publish": []`, []string{"only cargo says: crate a is not published"}},
		{"binary's name", `{"name": "a", "kind": ["bin"]}`, `{"name": "z", "kind": ["bin"]}`, []string{"only cargo says: crate a has binary z", "only the manifests say: crate a has binary a"}},
		{"no binary", `{"name": "a", "kind": ["bin"]}, `, ``, []string{"only the manifests say: crate a has binary a"}},
		{"library", `{"name": "b", "kind": ["lib"]}`, `{"name": "bb", "kind": ["cdylib", "rlib"]}`, []string{"only cargo says: crate b has library bb"}},
		{"build script", `{"name": "build-script-build", "kind": ["custom-build"]}, `, ``, []string{"only the manifests say: crate a has a build script"}},
		{"dependency more", `"dependencies": []`, `"dependencies": [{"name": "a", "kind": "build"}]`, []string{"only cargo says: crate b has build dependency a"}},
		{"dependency's kind", `"kind": "dev"`, `"kind": null`, []string{"only cargo says: crate a has normal dependency log", "only the manifests say: crate a has dev dependency log"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if strings.Count(good, tt.from) != 1 {
				t.Fatalf("%q stands %d times in what cargo says", tt.from, strings.Count(good, tt.from))
			}
			changed := strings.Replace(good, tt.from, tt.to, 1)
			if !json.Valid([]byte(changed)) {
				t.Fatal("malformed")
			}
			err := w.Agree([]byte(changed))
			wantError(t, err, append(tt.want, "comparing the workspace with `cargo metadata`", "nothing is released on this reading")...)
		})
	}
	wantError(t, w.Agree([]byte("warning: x")), "reading the output of `cargo metadata`")
	older := strings.Replace(good, `{"name": "a", "kind": ["lib"]}`, `{"name": "a", "kind": ["proc-macro"]}`, 1)
	if err := w.Agree([]byte(older)); err != nil {
		t.Error(err)
	}
}
