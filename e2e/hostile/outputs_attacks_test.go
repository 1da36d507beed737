package hostile

import (
	"crypto/rand"
	"path/filepath"
	"testing"

	"dagger/slipway/e2e/kit"
)

// outputAttack is a build script that replaces the outputs that slipway takes from a
// sandbox.
type outputAttack struct {
	name, verb string
	// once is Rust code that the build script runs, daemon code that a process left behind
	// runs repeatedly.
	once, daemon string
	// wants lists texts of the error, if there is one; empty if cargo itself may fail too. A
	// correct release is fine.
	wants []string
	short bool // part of the short run
}

const (
	rustTake  = `fn take(binary: &str, put: fn(&str)) { for t in TRIPLES { let file = format!("/target/{t}/release/{binary}"); if regular(&file) { let _ = fs::remove_file(&file); put(&file); } } }`
	ofCrate   = `output "crate" of step "package"`
	replaced  = "a build script or a procedural macro has replaced the output"
	ofBinary  = `output "bin/hostile-outputs" of step "build `
	slowRaces = "SKIPPED: a race, which the sample leaves out: make e2e runs it"
)

// outputAttacks lists the attacks of issue 12 and similar ones.
var outputAttacks = []outputAttack{
	{name: "crate becomes a link", verb: "release-crate", daemon: `if regular(CRATE) { link("/proc/self/environ", CRATE); }`},
	{name: "crate becomes a FIFO", verb: "release-crate", daemon: `if regular(CRATE) { fifo(CRATE); }`},
	{name: "crate becomes a huge file without a block", verb: "release-crate", daemon: `if regular(CRATE) { fs::File::create(CRATE).unwrap().set_len(1 << 40).unwrap(); }`},
	{
		name: "package directory is a link", verb: "release-crate", short: true,
		once:  `if Path::new("/target/package").is_dir() { fs::rename("/target/package", "/target/elsewhere").unwrap(); symlink("/target/elsewhere", "/target/package").unwrap(); }`,
		wants: []string{ofCrate, `"/target/package" is a symbolic link to "/target/elsewhere", expected a directory`, replaced},
	},
	{
		name: "crate is unlinked and linked while cargo packages", verb: "release-crate",
		daemon: `for dir in ["/target/package/tmp-crate", "/target/package"] { if Path::new(dir).exists() { link("/proc/self/environ", &format!("{dir}/hostile-outputs-0.1.0.crate")); } }`,
	},
	{
		name: "release directory is a link", verb: "build", short: true,
		once:  `let t = env::var("TARGET").unwrap(); let dir = format!("/target/{t}/release"); if Path::new(&dir).is_dir() { fs::rename(&dir, format!("/target/{t}/moved")).unwrap(); symlink("moved", &dir).unwrap(); }`,
		wants: []string{ofBinary, `/release" is a symbolic link to "moved", expected a directory`, replaced},
	},
	{
		name: "release directory becomes a link to /", verb: "build",
		daemon: `for t in TRIPLES { if regular(&format!("/target/{t}/release/hostile-outputs")) { let dir = format!("/target/{t}/release"); if fs::rename(&dir, format!("/target/{t}/moved")).is_ok() { symlink("/", &dir).unwrap(); } } }`,
	},
	{name: "binary is a link", verb: "build", daemon: `take("hostile-outputs", |file| link("/proc/self/environ", file));`},
	{name: "binary is a FIFO", verb: "build", daemon: `take("hostile-outputs", |file| fifo(file));`},
	{
		name: "binary is a link to another file that is packed", verb: "release-crate",
		daemon: `take("hostile-outputs", |file| link("/etc/passwd", file));`,
	},
	{
		name: "binary is a hard link to the toolchain's", verb: "build",
		once: `for from in ["/usr/bin/cargo", "/usr/bin/env", "/src/Cargo.toml"] { if fs::hard_link(from, "/target/stolen").is_ok() { panic!("HOSTILE: {from} was linked into an output"); } println!("cargo::warning=BLOCKED: {from}"); }`,
	},
}

// script returns the build script of an attack.
func (a outputAttack) script() string {
	daemon := ""
	if a.daemon != "" {
		daemon = `Command::new(env::current_exe().unwrap()).env("ATTACK", "1").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();`
	}
	return `#![allow(unused)]
use std::{env, fs, path::Path, process::{Command, Stdio}, thread, time::{Duration, Instant}};
use std::os::unix::fs::symlink;
const CRATE: &str = "/target/package/hostile-outputs-0.1.0.crate";
const TRIPLES: [&str; 2] = ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"];
fn regular(file: &str) -> bool { fs::symlink_metadata(file).is_ok_and(|m| m.is_file()) }
fn link(to: &str, file: &str) { let _ = fs::remove_file(file); let _ = symlink(to, file); }
unsafe extern "C" { fn mkfifo(path: *const std::ffi::c_char, mode: u32) -> i32; }
fn fifo(file: &str) { let name = std::ffi::CString::new(file).unwrap(); let _ = fs::remove_file(file); unsafe { mkfifo(name.as_ptr(), 0o644); } }
` + rustTake + `
fn main() {
    println!("cargo::rerun-if-changed=never");
    if env::var_os("ATTACK").is_some() {
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(60) { ` + a.daemon + ` thread::sleep(Duration::from_micros(20)); }
        return;
    }
    ` + a.once + daemon + `
}
`
}

// workspace makes the workspace of an attack. It is new, so no runner has cached results.
func (a outputAttack) workspace(t *testing.T, dir string) string {
	t.Helper()
	source := filepath.Join(dir, "source")
	kit.Write(t, "[package]\nname = \"hostile-outputs\"\nversion = \"0.1.0\"\nedition = \"2024\"\nlicense = \"Apache-2.0\"\ndescription = \"replaces outputs\"\nrepository = \"https://example.org/hostile-outputs\"\n\n[workspace]\n", source, "Cargo.toml")
	kit.Write(t, "version = 4\n\n[[package]]\nname = \"hostile-outputs\"\nversion = \"0.1.0\"\n", source, "Cargo.lock")
	kit.Write(t, "# Changelog\n\n## [0.1.0] - 2026-03-01\n\n- The command.\n", source, "CHANGELOG.md")
	kit.Write(t, "[toolchain]\nchannel = \"1.96.0\"\n", source, "rust-toolchain.toml")
	kit.Write(t, "fn main() { println!(\"hostile-outputs 0.1.0\"); }\n", source, "src", "main.rs")
	kit.Write(t, a.script(), source, "build.rs")
	kit.Write(t, rand.Text(), source, "nonce.txt")
	return source
}
