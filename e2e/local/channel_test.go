package local

import (
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/rustdist"
)

// channelWorkspace is a crate with a binary that says which compiler has built it, a procedural
// macro of the workspace's own and a test, and that pins a channel.
func channelWorkspace(t *testing.T, channel string) kit.Release {
	t.Helper()
	return kit.SmallCrate(t, "", map[string]string{
		"rust-toolchain.toml": "[toolchain]\nchannel = \"" + channel + "\"\ncomponents = [\"rustfmt\", \"clippy\"]\n",
		"build.rs": `fn main() {
    let said = std::process::Command::new(std::env::var("RUSTC").unwrap()).arg("--version").output().unwrap();
    println!("cargo:rustc-env=COMPILER={}", String::from_utf8(said.stdout).unwrap().trim());
}
`,
		"src/lib.rs":  "pub fn compiler() -> &'static str { env!(\"COMPILER\") }\n#[test]\nfn threads_and_panics() {\n    let caught = std::thread::spawn(|| std::panic::catch_unwind(|| panic!(\"expected\")).is_err()).join().unwrap();\n    assert!(caught && compiler().starts_with(\"rustc \"));\n}\n",
		"src/main.rs": "fn main() { println!(\"{}\", one::compiler()); }\n",
	})
}

// TestLocalRustChannel releases a crate, as a dry run, with a compiler of another channel than
// slipway's own, which comes from a distribution server in rustup's format.
func TestLocalRustChannel(t *testing.T) {
	for _, tt := range []struct{ name, pinned string }{
		{rustdist.Newer, "stable"},
		{rustdist.Older, "exact"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if testing.Short() && tt.name != rustdist.Newer {
				t.Skip("SKIPPED: one channel of two: run make e2e-local")
			}
			w, _ := kit.Local(t)
			server := rustdist.Open(t, tt.name)
			release := server.Release(tt.name)
			channel := tt.pinned
			if channel == "exact" {
				channel = release.Version
			}
			r := channelWorkspace(t, channel)
			r.Env = []string{"RUSTUP_DIST_SERVER=" + server.URL()}
			r.Out = filepath.Join(t.TempDir(), "out")
			got := w.Release(t, r).WantCode(t, 0)
			got.WantStdout(t, "(Rust "+release.Version+")", kit.X8664+": 1 passed", kit.AArch64+": 1 passed")
			if strings.Contains(got.Stdout, "A real release stops at") && strings.Contains(got.Stdout, "rust-toolchain.toml") {
				t.Errorf("the channel is a fault:\n%s", got.Stdout)
			}
			plan := kit.Command{Args: w.Command("plan", kit.Release{Source: r.Source, Crate: r.Crate, Version: r.Version}).Args, Env: r.Env}
			plan.Run(t).WantCode(t, 0).WantStdout(t, "slipway/toolchain:"+release.Version+"-")
			said := kit.Command{Args: []string{unpackedBinary(t, r.Out)}}.Run(t).WantCode(t, 0)
			if !strings.HasPrefix(said.Stdout, "rustc "+release.Version+" ") {
				t.Errorf("the binary was compiled by %q, want %s", said.Stdout, release.Version)
			}
		})
	}
}

// unpackedBinary returns the path of the released program for the machine that tests run on.
func unpackedBinary(t *testing.T, out string) string {
	t.Helper()
	dir := t.TempDir()
	kit.Command{Args: []string{"tar", "-x", "-f", filepath.Join(out, "one-x86_64-linux-musl.tar.gz"), "-C", dir}}.Run(t).WantCode(t, 0)
	found, err := filepath.Glob(filepath.Join(dir, "*", "one"))
	if err != nil || len(found) != 1 {
		found, err = filepath.Glob(filepath.Join(dir, "one"))
	}
	if err != nil || len(found) != 1 {
		t.Fatalf("the tarball has the programs %q, %v", found, err)
	}
	return found[0]
}

// TestLocalRustChannelSiblings packages a crate together with one of its workspace, by a cargo whose
// option for that is unstable.
func TestLocalRustChannelSiblings(t *testing.T) {
	w, _ := kit.Local(t)
	server := rustdist.Open(t, rustdist.Older)
	version := server.Release(rustdist.Older).Version
	source := t.TempDir()
	member := func(name, more, lib string) {
		kit.Write(t, "[package]\nname = \""+name+"\"\nversion = \"0.1.0\"\nedition = \"2021\"\nlicense = \"MIT\"\ndescription = \"x\"\nrepository = \"https://example.org/x\"\n"+more, source, name, "Cargo.toml")
		kit.Write(t, lib, source, name, "src", "lib.rs")
	}
	kit.Write(t, "[workspace]\nmembers = [\"ground\", \"upper\"]\nresolver = \"2\"\n", source, "Cargo.toml")
	kit.Write(t, "version = 4\n\n[[package]]\nname = \"ground\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"upper\"\nversion = \"0.1.0\"\ndependencies = [\n \"ground\",\n]\n", source, "Cargo.lock")
	kit.Write(t, "[toolchain]\nchannel = \""+version+"\"\n", source, "rust-toolchain.toml")
	member("ground", "", "pub fn two() -> i32 { 2 }\n")
	member("upper", "[dependencies]\nground = { path = \"../ground\", version = \"0.1.0\" }\n", "pub fn four() -> i32 { ground::two() * 2 }\n#[test]\nfn is_four() { assert_eq!(four(), 4); }\n")
	r := kit.Release{Source: source, Crate: "upper", Version: "0.1.0", Out: filepath.Join(t.TempDir(), "out"), Env: []string{"RUSTUP_DIST_SERVER=" + server.URL()}}
	got := w.Release(t, r).WantCode(t, 0)
	got.WantStdout(t, "(Rust "+version+")", "upper-0.1.0.crate", kit.AArch64+": 1 passed")
}
