package local

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/rustdist"
)

// TestRustDistribution judges the distribution server of the tests by rustup itself: it
// installs what the server has, refuses what was changed on the way, and cargo builds
// programs with a build script and a procedural macro for both musl targets.
func TestRustDistribution(t *testing.T) {
	names := []string{rustdist.Older, rustdist.Newer}
	if testing.Short() {
		names = names[1:]
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			s := rustdist.Open(t, name)
			u := s.Rustup(t, name)
			version := s.Release(name).Version
			install := []string{"rustup", "toolchain", "install", version, "--profile", "minimal", "-t", kit.X8664, "-t", kit.AArch64}
			u.Run(t, "", nil, install...).WantCode(t, 0)
			u.Run(t, "", nil, "rustc", "+"+version, "-vV").WantCode(t, 0).
				WantStdout(t, "\nrelease: "+version+"\n", "\ncommit-hash: "+s.Release(name).Commit+"\n")
			wantHits(t, s, name)
			t.Run("builds", func(t *testing.T) { buildsStatic(t, u, version) })
			t.Run("below usr", func(t *testing.T) { runsBelowUsr(t, u.Toolchain(version), version) })
			t.Run("by toolchain file", func(t *testing.T) { byToolchainFile(t, s, name) })
			t.Run("damaged", func(t *testing.T) {
				s.Damage(t, "/rustc-")
				u := s.Rustup(t, name)
				got := u.Run(t, "", nil, install...).WantCode(t, 1)
				if !strings.Contains(got.Stderr, "checksum") || kit.Exists(u.Toolchain(version), "bin", "rustc") {
					t.Errorf("rustup installed a tarball that does not have the manifest's hash:\n%s", got.Stderr)
				}
			})
		})
	}
}

// wantHits checks what rustup asked the server for: the manifest after its hash, and each
// component once, as .tar.xz.
func wantHits(t *testing.T, s *rustdist.Server, name string) {
	t.Helper()
	r := s.Release(name)
	dir, manifest := "/dist/"+r.Date+"/", "/dist/channel-rust-"+r.Version+".toml"
	want := []string{manifest, manifest + ".sha256", dir + "rustc-" + r.Version + "-x86_64-unknown-linux-gnu.tar.xz", dir + "cargo-" + r.Version + "-x86_64-unknown-linux-gnu.tar.xz"}
	for _, target := range []string{"x86_64-unknown-linux-gnu", kit.X8664, kit.AArch64} {
		want = append(want, dir+"rust-std-"+r.Version+"-"+target+".tar.xz")
	}
	got := s.Hits()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("rustup asked for %q, expected %q", got, want)
	}
}

// macroWorkspace writes a workspace whose program prints what its build script and a
// procedural macro say, and what threads and unwinding give.
func macroWorkspace(t *testing.T) string {
	dir := t.TempDir()
	for file, text := range map[string]string{
		"Cargo.toml":       "[package]\nname = \"hello\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\nshout = { path = \"shout\" }\n[workspace]\n",
		"build.rs":         "fn main() { println!(\"cargo:rustc-env=SAID=built for {}\", std::env::var(\"TARGET\").unwrap()) }\n",
		"src/main.rs":      "fn main() {\n    let caught = std::panic::catch_unwind(|| panic!(\"on purpose\")).is_err();\n    let sum: u32 = std::thread::spawn(|| (1..=10).sum()).join().unwrap();\n    println!(\"{} {} {caught} {sum} {:.3}\", shout::shout!(hello), env!(\"SAID\"), std::hint::black_box(2f64).powf(0.5));\n}\n",
		"shout/Cargo.toml": "[package]\nname = \"shout\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[lib]\nproc-macro = true\n",
		"shout/src/lib.rs": "use proc_macro::TokenStream;\n#[proc_macro]\npub fn shout(words: TokenStream) -> TokenStream { format!(\"{:?}\", words.to_string().to_uppercase()).parse().unwrap() }\n",
	} {
		kit.Write(t, text, dir, file)
	}
	return dir
}

// buildsStatic builds for both targets, linked by gcc and by the toolchain's own linker, and
// runs what comes out.
func buildsStatic(t *testing.T, u *rustdist.Rustup, version string) {
	dir := macroWorkspace(t)
	for _, target := range []string{kit.X8664, kit.AArch64} {
		for _, linker := range []string{"gcc", "rust-lld"} {
			t.Run(target+" by "+linker, func(t *testing.T) {
				if linker == "gcc" && target == kit.AArch64 {
					linker = "aarch64-linux-gnu-gcc"
				}
				linkers := "CARGO_TARGET_" + strings.ToUpper(strings.ReplaceAll(target, "-", "_")) + "_LINKER=" + linker
				out := t.TempDir()
				u.Run(t, dir, []string{linkers}, "cargo", "+"+version, "build", "--release", "--offline", "--target", target, "--target-dir", out).WantCode(t, 0)
				binary := filepath.Join(out, target, "release/hello")
				wantStatic(t, binary)
				command := []string{binary}
				if target == kit.AArch64 {
					qemu, err := exec.LookPath("qemu-aarch64-static")
					if err != nil {
						t.Skipf("SKIPPED: the aarch64 program was not run: no emulator: %v", err)
					}
					command = []string{qemu, binary}
				}
				got := kit.Command{Args: command}.Run(t).WantCode(t, 0)
				if want := "HELLO built for " + target + " true 55 1.414\n"; got.Stdout != want {
					t.Errorf("the program says %q, expected %q", got.Stdout, want)
				}
			})
		}
	}
}

func wantStatic(t *testing.T, binary string) {
	t.Helper()
	f, err := elf.Open(binary)
	kit.Check(t, err)
	defer func() { _ = f.Close() }()
	libraries, err := f.ImportedLibraries()
	kit.Check(t, err)
	loader := slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP })
	if loader || len(libraries) > 0 {
		t.Errorf("%q is not static: it names a loader (%t) and the libraries %q", binary, loader, libraries)
	}
}

// runsBelowUsr compiles in a sandbox that has the toolchain below /usr, as images do, and of
// this machine only glibc.
func runsBelowUsr(t *testing.T, toolchain, version string) {
	if _, err := exec.LookPath("bwrap"); err != nil {
		t.Skipf("SKIPPED: no sandbox: %v: install bubblewrap", err)
	}
	dir := t.TempDir()
	kit.Write(t, "fn main() { println!(\"here\") }\n", dir, "main.rs")
	args := []string{"bwrap", "--unshare-all", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", "--bind", dir, dir, "--chdir", dir}
	libc, err := filepath.Glob("/lib/x86_64-linux-gnu/lib[cm].so.6")
	kit.Check(t, err)
	for _, path := range append(libc, "/lib/x86_64-linux-gnu/libdl.so.2", "/lib/x86_64-linux-gnu/libpthread.so.0", "/lib/x86_64-linux-gnu/librt.so.1", "/lib/x86_64-linux-gnu/libresolv.so.2") {
		args = append(args, "--ro-bind", path, "/usr"+path)
	}
	args = append(args, "--ro-bind", "/lib64/ld-linux-x86-64.so.2", "/usr/lib64/ld-linux-x86-64.so.2")
	for _, under := range []string{"bin", "lib"} {
		entries, err := os.ReadDir(filepath.Join(toolchain, under))
		kit.Check(t, err)
		for _, e := range entries {
			args = append(args, "--ro-bind", filepath.Join(toolchain, under, e.Name()), filepath.Join("/usr", under, e.Name()))
		}
	}
	run := func(words ...string) kit.Result {
		return kit.Command{Args: append(slices.Clone(args), words...)}.Run(t).WantCode(t, 0)
	}
	run("/usr/bin/cargo", "-V").WantStdout(t, "cargo "+version)
	run("/usr/bin/rustc", "--print", "sysroot").WantStdout(t, "/usr\n")
	run("/usr/bin/rustc", "--target", kit.X8664, "-Clinker=rust-lld", "main.rs")
	wantStatic(t, filepath.Join(dir, "main"))
	run(filepath.Join(dir, "main")).WantStdout(t, "here\n")
}

// byToolchainFile checks that a workspace's toolchain file, with a channel that moves and
// components by their older names, has everything installed that cargo then needs.
func byToolchainFile(t *testing.T, s *rustdist.Server, name string) {
	u := s.Rustup(t, name)
	dir := macroWorkspace(t)
	channel := s.Release(name).Minor()
	kit.Write(t, "[toolchain]\nchannel = \""+channel+"\"\nprofile = \"minimal\"\ncomponents = [\"rustfmt\", \"clippy\", \"rust-src\"]\n", dir, "rust-toolchain.toml")
	u.Run(t, dir, nil, "rustup", "show", "active-toolchain").WantCode(t, 0)
	u.Run(t, dir, nil, "cargo", "fmt").WantCode(t, 0)
	u.Run(t, dir, nil, "cargo", "clippy", "--offline", "--", "-Dwarnings").WantCode(t, 0)
	u.Run(t, dir, nil, "cargo", "run", "--offline").WantCode(t, 0).WantStdout(t, "HELLO built for x86_64-unknown-linux-gnu true 55")
	if !kit.Exists(u.Toolchain(channel), "lib/rustlib/src/rust/library/std/src/lib.rs") {
		t.Error("the component rust-src is not installed")
	}
}
