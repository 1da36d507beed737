package conformance

import (
	"os/exec"
	"testing"

	"dagger/slipway/e2e/kit"
)

// spawning is tests that start programs built for the target: a binary of the crate, the
// test itself, one through a shell, one that starts another.
const spawning = `use std::process::{Command, Stdio};
use std::io::Write;
fn said(c: &mut Command) -> String {
    let o = c.output().unwrap();
    assert!(o.status.success(), "{:?}: {}", o.status, String::from_utf8_lossy(&o.stderr));
    String::from_utf8_lossy(&o.stdout).into_owned()
}
const ONE: &str = env!("CARGO_BIN_EXE_one");
const TWO: &str = env!("CARGO_BIN_EXE_two");
#[test]
fn a_binary() { assert_eq!(said(Command::new(ONE).args(["a b", "", "c"])), "one a b,,c\n"); }
#[test]
fn through_a_shell() { assert_eq!(said(Command::new("sh").args(["-c", "exec \"$0\" x", ONE])), "one x\n"); }
#[test]
fn beside_the_test() {
    let mut p = std::env::current_exe().unwrap();
    p.pop();
    p.pop();
    assert_eq!(said(Command::new(p.join("one")).arg("found")), "one found\n");
}
#[test]
fn one_that_starts_another() { assert_eq!(said(Command::new(TWO).arg(ONE)), "one from two\ntwo knows itself\n"); }
#[test]
fn the_test_itself() {
    let out = said(Command::new(std::env::current_exe().unwrap()).args(["--list", "--format", "terse"]));
    assert!(out.contains("the_test_itself: test"), "{out}");
}
#[test]
fn with_input_and_another_name() {
    use std::os::unix::process::CommandExt;
    let mut c = Command::new(TWO).arg0("renamed").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    c.stdin.take().unwrap().write_all(b"typed").unwrap();
    assert_eq!(String::from_utf8_lossy(&c.wait_with_output().unwrap().stdout), "renamed typed\ntwo knows itself\n");
}
`

const two = `use std::io::Read;
fn main() {
    let mut args = std::env::args();
    let name = args.next().unwrap();
    match args.next() {
        Some(other) => assert!(std::process::Command::new(other).arg("from two").status().unwrap().success()),
        None => {
            let mut s = String::new();
            std::io::stdin().read_to_string(&mut s).unwrap();
            println!("{name} {s}");
        }
    }
    let me = std::env::current_exe().unwrap();
    assert!(me.file_name().unwrap() == "two", "{me:?}");
    println!("two knows itself");
}
`

// Spawned checks that a test can start programs that were built with it, on an emulated
// target too. It skips the test if the kernel cannot.
func Spawned(t *testing.T, w *kit.Runner) {
	needOwnBinfmt(t)
	r := kit.SmallCrate(t, "", map[string]string{"tests/spawn.rs": spawning, "src/bin/two.rs": two})
	got := w.Test(t, r).WantCode(t, 0)
	got.WantStdout(t, kit.X8664+": 6 passed, 0 ignored, natively", kit.AArch64+": 6 passed, 0 ignored, emulated by qemu-aarch64-static")
}

// needOwnBinfmt skips the test unless a user namespace can have its own binfmt_misc.
func needOwnBinfmt(t testing.TB) {
	t.Helper()
	out, err := exec.Command("unshare", "--user", "--map-root-user", "--mount", "--", "mount", "-t", "binfmt_misc", "binfmt_misc", "/sys").CombinedOutput()
	if err != nil {
		t.Skipf("SKIPPED: this kernel gives a user namespace no binfmt_misc of its own (Linux 6.7 does): %v: %s", err, out)
	}
}
