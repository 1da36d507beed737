package e2e

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
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
	write(t, "[package]\nname = \"hostile-outputs\"\nversion = \"0.1.0\"\nedition = \"2024\"\nlicense = \"Apache-2.0\"\ndescription = \"replaces outputs\"\nrepository = \"https://example.org/hostile-outputs\"\n\n[workspace]\n", source, "Cargo.toml")
	write(t, "version = 4\n\n[[package]]\nname = \"hostile-outputs\"\nversion = \"0.1.0\"\n", source, "Cargo.lock")
	write(t, "# Changelog\n\n## [0.1.0] - 2026-03-01\n\n- The command.\n", source, "CHANGELOG.md")
	write(t, "[toolchain]\nchannel = \"1.96.0\"\n", source, "rust-toolchain.toml")
	write(t, "fn main() { println!(\"hostile-outputs 0.1.0\"); }\n", source, "src", "main.rs")
	write(t, a.script(), source, "build.rs")
	write(t, rand.Text(), source, "nonce.txt")
	return source
}

// TestHostileOutputs runs build scripts that replace slipway's outputs while slipway's
// environment has a secret. It checks that the secret does not leak, and that a release is
// either correct or ends in an error that leaves nothing.
func TestHostileOutputs(t *testing.T) {
	w, l := local(t)
	for _, a := range outputAttacks {
		t.Run(a.name, func(t *testing.T) {
			if testing.Short() && !a.short {
				t.Skip(slowRaces)
			}
			a.run(t, w, t.TempDir(), l.cache)
		})
	}
}

// TestHostileOutputsDagger does the same with an engine.
func TestHostileOutputsDagger(t *testing.T) {
	w := dagger(t)
	for _, a := range outputAttacks {
		t.Run(a.name, func(t *testing.T) {
			if testing.Short() && !a.short {
				t.Skip(slowRaces)
			}
			a.wants = nil // an engine follows links inside the container before exporting
			a.run(t, w, t.TempDir(), "")
		})
	}
}

// TestHostileOutputsOrdinaryUser does the same if slipway is run by an ordinary user, whose
// sandboxes have that user's ID.
func TestHostileOutputsOrdinaryUser(t *testing.T) {
	_, l := local(t)
	w, dir, cache := asNobody(t, l)
	for _, a := range outputAttacks {
		if a.short {
			t.Run(a.name, func(t *testing.T) {
				base, err := os.MkdirTemp(dir, "case-")
				check(t, err)
				check(t, os.Chmod(base, 0o777))
				a.run(t, w, base, cache)
			})
		}
	}
}

// nobody is the user and group ID for [asNobody].
const nobody = "65534"

// asNobody returns the local runner of another user, with a directory and a cache that this
// user can access. It skips the test if the tests already run as an ordinary user.
func asNobody(t *testing.T, l *lab) (w *runner, dir, cache string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: the tests run as an ordinary user: TestHostileOutputs has done this")
	}
	drop := []string{"setpriv", "--reuid", nobody, "--regid", nobody, "--clear-groups"}
	if out, err := exec.Command(drop[0], append(drop[1:], "bwrap", "--unshare-all", "--ro-bind", "/", "/", "--", "true")...).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: ordinary users have no sandboxes on this machine: %v: %s", err, bytes.TrimSpace(out))
	}
	dir, err := os.MkdirTemp("", "slipway-e2e-ordinary-")
	check(t, err)
	t.Cleanup(func() { _ = removeAll(dir) })
	check(t, os.Chmod(dir, 0o777))
	layout := filepath.Join(dir, "cache", "toolchain", filepath.Base(l.layout))
	check(t, errors.Join(os.MkdirAll(filepath.Dir(layout), 0o755), copyLinks(l.layout, layout)))
	command{args: []string{"chmod", "-R", "a+rX", layout}}.run(t).wantCode(t, 0)
	check(t, os.Chmod(scratch, 0o755)) // the command is in there
	cache = filepath.Join(dir, "cache")
	check(t, os.Chmod(cache, 0o777))
	w = on(cache)
	w.env = []string{"HOME=" + dir, "TMPDIR=" + dir}
	w.prefix = drop
	return w, dir, cache
}

// run runs an attack and checks its results.
func (a outputAttack) run(t *testing.T, w *runner, dir, cache string) {
	t.Helper()
	canary := "canary-" + rand.Text()
	r := release{source: a.workspace(t, dir), crate: "hostile-outputs", version: "0.1.0", out: filepath.Join(dir, "out")}
	for _, name := range []string{"ACTIONS_ID_TOKEN_REQUEST_TOKEN", "GITHUB_TOKEN", "CARGO_REGISTRY_TOKEN", "INNOCENT"} {
		r.env = append(r.env, name+"="+canary)
	}
	got := w.command(a.verb, r).run(t)
	t.Logf("status %d: %.300s", got.code, got.message())
	if strings.Contains(got.stdout+got.stderr, canary) {
		t.Error("the secret was printed")
	}
	if strings.Contains(got.stderr, "HOSTILE: ") {
		t.Errorf("the workspace says that it succeeded:\n%s", last(got.stderr))
	}
	wantNowhere(t, canary, r.out)
	if cache != "" {
		wantNowhere(t, canary, filepath.Join(cache, "steps"))
		wantNowhere(t, canary, filepath.Join(cache, "tmp"))
	}
	if got.code == 0 {
		wantOrdinaryFiles(t, r.out)
		return
	}
	got.wantCode(t, 1).wantError(t, a.wants...)
	if m := got.message(); !strings.Contains(m, "storing output ") && !strings.Contains(m, "exporting output ") && !strings.Contains(m, "its command ") {
		t.Errorf("it ended with the error %q", m)
	}
	if left, err := os.ReadDir(r.out); err == nil && len(left) > 0 {
		t.Errorf("a run that failed left %v", left)
	}
}

// wantNowhere fails the test if a file below a directory contains text, even compressed.
func wantNowhere(t *testing.T, text, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if z, err := gzip.NewReader(bytes.NewReader(raw)); err == nil {
			if unpacked, err := io.ReadAll(z); err == nil {
				raw = append(raw, unpacked...)
			}
		}
		if bytes.Contains(raw, []byte(text)) {
			t.Errorf("%s holds the secret", name)
		}
		return nil
	})
	check(t, err)
}

// wantOrdinaryFiles fails the test unless a release exists, consists of regular files, and
// has the binaries that were built.
func wantOrdinaryFiles(t *testing.T, out string) {
	t.Helper()
	binaries := 0
	check(t, filepath.WalkDir(out, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if !e.Type().IsRegular() {
			t.Errorf("%s is %v", name, e.Type())
			return nil
		}
		var content []byte
		switch {
		case strings.HasSuffix(name, ".tar.gz"):
			content = untar(t, name)[0].content
		case e.Name() == "hostile-outputs":
			content = []byte(read(t, name))
		case strings.HasSuffix(name, ".crate"):
			if list := untar(t, name); len(list) < 4 {
				t.Errorf("%s holds %d files", name, len(list))
			}
			return nil
		default:
			return nil
		}
		binaries++
		if !bytes.HasPrefix(content, []byte("\x7fELF")) || !bytes.Contains(content, []byte("hostile-outputs 0.1.0")) {
			t.Errorf("%s is not what was built: it begins %.60q", name, content)
		}
		return nil
	}))
	if binaries != 2 {
		t.Errorf("%d binaries, expected one for each target", binaries)
	}
}
