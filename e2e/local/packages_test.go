package local

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/crates"
)

// lacking is what a dry run says if the registry lacks what the package needs.
const lacking = "every step ran except those that package it"

// packages lists workspaces of crates for crates.io, each of a kind that is common: crate
// is released, and packaged with the crates it depends on.
var packages = []struct {
	name string
	// root follows [workspace] in the root manifest. crates maps a crate's name to the lines
	// that follow [package] in its manifest.
	root   string
	crates map[string]string
	files  map[string]string
	crate  string
	// says lists texts of the summary, has maps files of the package to texts in them.
	says []string
	has  map[string]string
}{
	{
		name: "siblings and registry dependencies", crate: "pack-outer",
		crates: map[string]string{
			"pack-outer": "[dependencies]\npack-inner = { path = \"../pack-inner\", version = \"0.1\" }\nitoa = \"1\"\n",
			"pack-inner": "",
		},
		files: map[string]string{"crates/pack-outer/src/lib.rs": "pub fn f() -> String { itoa::Buffer::new().format(pack_inner::answer()).into() }\n#[test]\nfn t() { assert_eq!(f(), \"42\") }\n"},
		has:   map[string]string{"Cargo.toml": "[dependencies.pack-inner]\nversion = \"0.1\"\n", "Cargo.lock": "name = \"itoa\""},
	},
	{
		name: "siblings and registry dependencies: inherited, renamed, optional, of one platform, to build", crate: "pack-outer",
		root: "[workspace.dependencies]\ngen = { package = \"pack-gen\", path = \"crates/pack-gen\", version = \"=0.1.0\", default-features = false }\npack-inner = { path = \"crates/pack-inner\", version = \"0.1\" }\nitoa = \"1\"\n",
		crates: map[string]string{
			"pack-outer": "[build-dependencies]\ngen.workspace = true\n[target.'cfg(unix)'.dependencies]\ninside = { package = \"pack-inner\", path = \"../pack-inner\", version = \"0.1.0\", optional = true }\n[features]\ndefault = [\"inside\"]\n",
			"pack-inner": "[dependencies]\npack-gen = { path = \"../pack-gen\", version = \"0.1\" }\n",
			"pack-gen":   "[dependencies]\nitoa.workspace = true\n",
		},
		files: map[string]string{
			"crates/pack-outer/build.rs":   "fn main() { println!(\"cargo:rustc-env=ANSWER={}\", gen::text()); }\n",
			"crates/pack-outer/src/lib.rs": "pub fn f() -> (u8, &'static str) { (inside::twice(), env!(\"ANSWER\")) }\n#[test]\nfn t() { assert_eq!(f(), (84, \"42\")) }\n",
			"crates/pack-inner/src/lib.rs": "pub fn twice() -> u8 { 2 * pack_gen::answer() }\n",
			"crates/pack-gen/src/lib.rs":   "pub fn answer() -> u8 { 42 }\npub fn text() -> String { itoa::Buffer::new().format(answer()).into() }\n",
		},
		has: map[string]string{"Cargo.toml": "[build-dependencies.gen]\nversion = \"=0.1.0\"\ndefault-features = false\npackage = \"pack-gen\"\n"},
	},
	{
		name: "development dependencies with a version: inherited, of a binary, for one platform", crate: "pack-shim",
		root: "[workspace.dependencies]\npack-modules = { path = \"crates/pack-modules\", version = \"0.1\" }\n",
		crates: map[string]string{
			"pack-shim":    "[target.'cfg(target_os = \"linux\")'.dev-dependencies]\npack-modules = { workspace = true }\n[dev-dependencies]\nunversioned = { package = \"pack-unversioned\", path = \"../pack-unversioned\" }\n",
			"pack-modules": "[dependencies]\nitoa = \"1\"\n", "pack-unversioned": "",
		},
		files: map[string]string{
			"crates/pack-shim/src/main.rs": "fn main() {}\n",
			"crates/pack-shim/tests/t.rs":  "#[test]\nfn t() { assert_eq!(pack_modules::answer(), unversioned::answer()) }\n",
		},
		says: []string{"pack-shim-x86_64-linux-musl.tar.gz"},
		has:  map[string]string{"Cargo.toml": "dev-dependencies.pack-modules]\nversion = \"0.1\"\n"},
	},
	{
		name: "a cycle through a development dependency with a version", crate: "pack-outer",
		crates: map[string]string{
			"pack-outer": "[dev-dependencies]\npack-inner = { path = \"../pack-inner\", version = \"0.1\" }\n",
			"pack-inner": "[dependencies]\npack-outer = { path = \"../pack-outer\", version = \"0.1\" }\nitoa = \"1\"\n",
		},
		files: map[string]string{"crates/pack-outer/tests/t.rs": "#[test]\nfn t() { assert_eq!(pack_inner::answer(), pack_outer::answer()) }\n"},
		says:  []string{"1 passed", "closes the cycle pack-outer → pack-inner → pack-outer", "leave out the version: pack-inner = { path = \"../pack-inner\" }", lacking},
	},
	{
		name: "a cycle of one: tests that depend on their crate by version", crate: "pack-own",
		crates: map[string]string{"pack-own": "[features]\nextra = []\n[dev-dependencies]\npack-own = { path = \".\", version = \"0.1\", features = [\"extra\"] }\n"},
		files:  map[string]string{"crates/pack-own/src/lib.rs": "#[test]\nfn t() { assert!(cfg!(feature = \"extra\")) }\n"},
		says:   []string{"1 passed", "closes the cycle pack-own → pack-own", "leave out the version: pack-own = { path = \".\" }", lacking},
	},
	{
		name: "members that [patch] gives to each other", crate: "pack-outer",
		root: "[patch.\"https://github.com/rust-lang/crates.io-index\"]\npack-inner = { path = \"crates/pack-inner\" }\npack-other = { path = \"./crates/pack-other\" }\n",
		crates: map[string]string{
			"pack-outer": "publish = false\n[dependencies]\npack-inner = \"0.1\"\nother = { version = \"0.1\", package = \"pack-other\" }\nitoa = \"1\"\n",
			"pack-inner": "[dependencies]\npack-other = \"0.1.0\"\n", "pack-other": "",
		},
		files: map[string]string{
			"crates/pack-outer/src/main.rs": "fn main() { println!(\"{}{}\", pack_inner::answer(), other::answer()); }\n",
			"crates/pack-outer/src/lib.rs":  "#[test]\nfn t() { assert_eq!(pack_inner::answer(), other::answer()) }\n",
		},
		says: []string{"1 passed", "pack-outer-aarch64-linux-musl.tar.gz"},
	},
	{
		name: "a member by [patch] alone, published", crate: "pack-outer",
		root:   "[patch.crates-io]\npack-inner = { path = \"crates/pack-inner\" }\n",
		crates: map[string]string{"pack-outer": "[dependencies]\npack-inner = \"0.1\"\n", "pack-inner": ""},
		files:  map[string]string{"crates/pack-outer/src/lib.rs": "#[test]\nfn t() { assert_eq!(pack_inner::answer(), 42) }\n"},
		says:   []string{"1 passed", `with pack-inner from the registry`, lacking},
	},
	{
		name: "a shared library alone", crate: "pack-shared",
		crates: map[string]string{"pack-shared": "[lib]\ncrate-type = [\"cdylib\"]\n[dependencies]\nitoa = \"1\"\n"},
		files:  map[string]string{"crates/pack-shared/src/lib.rs": "#[no_mangle]\npub extern \"C\" fn answer() -> u8 { 42 }\n#[test]\nfn t() { assert_eq!(itoa::Buffer::new().format(answer()), \"42\") }\n"},
		says:   []string{"1 passed", "the library is only a cdylib"},
	},
	{
		name: "a shared library beside a sibling and a binary", crate: "pack-shared",
		crates: map[string]string{
			"pack-shared": "[lib]\nname = \"shared\"\ncrate-type = [\"cdylib\"]\n[dependencies]\npack-inner = { path = \"../pack-inner\", version = \"0.1\" }\n", "pack-inner": "",
		},
		files: map[string]string{
			"crates/pack-shared/src/lib.rs":  "#[no_mangle]\npub extern \"C\" fn answer() -> u8 { pack_inner::answer() }\n",
			"crates/pack-shared/src/main.rs": "fn main() { println!(\"{}\", pack_inner::answer()); }\n#[test]\nfn t() {}\n",
		},
		says: []string{"1 passed", "pack-shared-x86_64-linux-musl.tar.gz"},
	},
	{
		name: "an example that is a shared library", crate: "pack-exampled",
		crates: map[string]string{"pack-exampled": "[dependencies]\nitoa = \"1\"\n[[example]]\nname = \"plugin\"\ncrate-type = [\"cdylib\"]\n"},
		files: map[string]string{
			"crates/pack-exampled/examples/plugin.rs": "#[no_mangle]\npub extern \"C\" fn answer() -> u8 { pack_exampled::answer() }\n", "crates/pack-exampled/examples/other.rs": "fn main() {}\n",
			"crates/pack-exampled/tests/t.rs": "#[test]\nfn t() { assert_eq!(pack_exampled::answer(), 42) }\n",
		},
		says: []string{"1 passed", "the examples plugin are only shared objects"},
	},
	{
		name: "a procedural macro", crate: "pack-macro",
		crates: map[string]string{"pack-macro": "[lib]\nproc-macro = true\n"},
		files: map[string]string{
			"crates/pack-macro/src/lib.rs": "use proc_macro::TokenStream;\n#[proc_macro]\npub fn answer(_: TokenStream) -> TokenStream { \"42u8\".parse().unwrap() }\n",
			"crates/pack-macro/tests/t.rs": "#[test]\nfn t() { assert_eq!(pack_macro::answer!(), 42) }\n",
		},
		says: []string{"1 passed"},
	},
	{
		name: "a derive macro with its library", crate: "pack-derived",
		crates: map[string]string{
			"pack-derived": "[dependencies]\npack-derive = { path = \"../pack-derive\", version = \"0.1\" }\n[dev-dependencies]\npack-inner = { path = \"../pack-inner\", version = \"0.1\" }\n",
			"pack-derive":  "[lib]\nproc-macro = true\n[dependencies]\nitoa = \"1\"\n", "pack-inner": "",
		},
		files: map[string]string{
			"crates/pack-derive/src/lib.rs":  "use proc_macro::TokenStream;\n#[proc_macro_derive(Answer)]\npub fn derive(_: TokenStream) -> TokenStream { format!(\"impl A {{ pub fn answer() -> u8 {{ {} }} }}\", itoa::Buffer::new().format(42)).parse().unwrap() }\n",
			"crates/pack-derived/src/lib.rs": "#[derive(pack_derive::Answer)]\npub struct A;\n#[test]\nfn t() { assert_eq!(A::answer(), pack_inner::answer()) }\n",
		},
		says: []string{"1 passed"},
	},
	{
		name: "build metadata of a binary", crate: "pack-sys",
		crates: map[string]string{"pack-sys": "version = \"0.4.83-rc.1+curl-8.15.0\"\n"},
		files:  map[string]string{"crates/pack-sys/src/main.rs": "fn main() { println!(env!(\"CARGO_PKG_VERSION\")); }\n#[test]\nfn t() {}\n"},
		says:   []string{"pack-sys/v0.4.83-rc.1+curl-8.15.0", "pack-sys-0.4.83-rc.1+curl-8.15.0.crate"},
		has:    map[string]string{"Cargo.toml": "version = \"0.4.83-rc.1+curl-8.15.0\""},
	},
	{
		name: "a package that the workspace excludes", crate: "pack-outer",
		root: "exclude = [\"local\"]\n",
		crates: map[string]string{
			"pack-outer": "publish = false\n[dependencies]\npack-local = { path = \"../../local/one\" }\n", "pack-broken": "publish = false\n[dependencies]\ngone = { path = \"../../local/gone\" }\n",
		},
		files: map[string]string{
			"local/one/Cargo.toml": "[package]\nname = \"pack-local\"\nversion = \"0.1.0\"\n[dependencies]\npack-nested = { path = \"../two\" }\nitoa = \"1\"\n[workspace]\n", "local/one/src/lib.rs": "pub fn answer() -> String { itoa::Buffer::new().format(pack_nested::answer()).into() }\n",
			"local/Cargo.toml": "[workspace]\nmembers = [\"two\", \"gone\"]\nexclude = [\"one\"]\n[workspace.package]\nversion = \"0.1.0\"\n", "local/two/Cargo.toml": "[package]\nname = \"pack-nested\"\nversion.workspace = true\n", "local/two/src/lib.rs": "pub fn answer() -> u8 { 42 }\n",
			"local/gone/Cargo.toml": "[package]\nname = \"gone\"\nversion = \"0.1.0\"\n", "local/gone/src/lib.rs": "",
			"crates/pack-outer/src/main.rs": "fn main() { println!(\"{}\", pack_local::answer()); }\n#[test]\nfn t() { assert_eq!(pack_local::answer(), \"42\") }\n",
		},
		says: []string{"1 passed", "pack-outer-x86_64-linux-musl.tar.gz"},
	},
	{
		name: "variables of cargo's configuration", crate: "pack-env",
		crates: map[string]string{"pack-env": ""},
		files: map[string]string{
			".cargo/config.toml":        "[env]\nCARGO_WORKSPACE_DIR = { value = \"\", relative = true }\nCARGO_DATA_DIR = { value = \"crates/pack-env/data\", relative = true, force = true }\nPLAIN = \"said\"\n",
			"crates/pack-env/data/text": "told",
			"crates/pack-env/build.rs":  "fn main() {\n  let data = std::env::var(\"CARGO_DATA_DIR\").unwrap();\n  println!(\"cargo:rustc-env=TOLD={}\", std::fs::read_to_string(format!(\"{data}/text\")).unwrap());\n}\n",
			"crates/pack-env/src/lib.rs": "#[test]\nfn t() {\n  assert!(std::path::Path::new(env!(\"CARGO_WORKSPACE_DIR\")).join(\"crates/pack-env/Cargo.toml\").exists());\n" +
				"  assert_eq!((env!(\"TOLD\"), env!(\"PLAIN\")), (\"told\", \"said\"));\n}\n",
		},
		says: []string{"1 passed"},
		has:  map[string]string{"data/text": "told"},
	},
}

// TestLocalPackages makes dry runs, including packaging, of many kinds of workspaces.
func TestLocalPackages(t *testing.T) {
	w, _ := kit.Local(t)
	for _, p := range packages {
		t.Run(p.name, func(t *testing.T) {
			r := kit.Release{Source: packaging(t, p.root, p.crates, p.files), Crate: p.crate, Version: "0.1.0", Out: filepath.Join(t.TempDir(), "out")}
			if _, v, other := strings.Cut(p.crates[p.crate], "version = \"0.4"); other {
				v, _, _ = strings.Cut(v, "\"")
				r.Version = "0.4" + v
			}
			got := w.Release(t, r).WantCode(t, 0)
			got.WantStdout(t, p.says...)
			if p.has == nil {
				return
			}
			files := crates.Unpack(t, []byte(kit.Read(t, r.Out, p.crate+"-"+r.Version+".crate")))
			for name, want := range p.has {
				if text := files[p.crate+"-"+r.Version+"/"+name]; !strings.Contains(text, want) {
					t.Errorf("%s of the package does not have %q:\n%s", name, want, text)
				}
			}
		})
	}
}

// TestLocalPackageTakenBack checks that a file of an excluded directory, which the next pattern
// takes back, is packaged and is there when the package is verified: where there is a repository,
// cargo looks at every file that git tracks.
func TestLocalPackageTakenBack(t *testing.T) {
	w, _ := kit.Local(t)
	source := packaging(t, "", map[string]string{"pack-kept": "exclude = [\"/etc\", \"!/etc/kept.txt\"]\n"}, map[string]string{
		"crates/pack-kept/etc/kept.txt": "kept", "crates/pack-kept/etc/left.txt": "left",
		"crates/pack-kept/src/lib.rs": "pub const TEXT: &str = include_str!(\"../etc/kept.txt\");\n#[test]\nfn t() { assert_eq!(TEXT, \"kept\") }\n",
	})
	kit.InitRepository(t, source, "main")
	r := kit.Release{Source: source, Crate: "pack-kept", Version: "0.1.0", Out: filepath.Join(t.TempDir(), "out")}
	w.Release(t, r).WantCode(t, 0).WantStdout(t, "1 passed")
	files := crates.Unpack(t, []byte(kit.Read(t, r.Out, "pack-kept-0.1.0.crate")))
	if files["pack-kept-0.1.0/etc/kept.txt"] != "kept" || files["pack-kept-0.1.0/etc/left.txt"] != "" {
		t.Errorf("the package holds %q", files)
	}
}

// packaging writes a workspace of crates in crates/, with a lock file. Each is a library
// with a function answer unless files replace it.
func packaging(t testing.TB, root string, crates, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	all := map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"crates/*\"]\nresolver = \"2\"\n" + root}
	for name, lines := range crates {
		if !strings.HasPrefix(lines, "version") {
			lines = "version = \"0.1.0\"\n" + lines
		}
		at := "crates/" + name + "/"
		all[at+"Cargo.toml"] = "[package]\nname = \"" + name + "\"\nedition = \"2021\"\ndescription = \"x\"\nlicense = \"MIT\"\n" + lines
		if files[at+"src/main.rs"] == "" {
			all[at+"src/lib.rs"] = "pub fn answer() -> u8 { 42 }\n"
		}
	}
	maps.Copy(all, files)
	for name, content := range all {
		kit.Write(t, content, dir, filepath.FromSlash(name))
	}
	(kit.Command{Args: []string{"cargo", "generate-lockfile"}, Dir: dir}).Run(t).WantCode(t, 0)
	return dir
}
