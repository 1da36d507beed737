package local

import (
	"testing"

	"dagger/slipway/e2e/kit"
)

// environment is tests that use what is available on a developer's machine.
const environment = `use std::process::Command;
fn sh(script: &str) -> String {
    let o = Command::new("sh").args(["-euc", script]).output().unwrap();
    assert!(o.status.success(), "{script}: {}", String::from_utf8_lossy(&o.stderr));
    String::from_utf8_lossy(&o.stdout).trim().to_string()
}
extern "C" { fn tzset(); static tzname: [*const std::ffi::c_char; 2]; }
#[test]
fn zone_of_the_configuration() {
    assert_eq!(std::env::var("TZ").unwrap(), "America/St_Johns");
    let name = unsafe { tzset(); std::ffi::CStr::from_ptr(tzname[1]).to_str().unwrap().to_string() };
    assert_eq!(name, "NDT");
}
#[test]
fn other_zones() { assert_eq!(sh("TZ=Asia/Kathmandu date -d @0 +%z"), "+0530"); }
#[test]
fn user() {
    assert_eq!(std::env::var("USER").unwrap(), "slipway");
    assert_eq!(std::env::var("LOGNAME").unwrap(), "slipway");
    assert_eq!(sh("whoami; id -gn"), "slipway\nslipway");
}
#[test]
fn home() {
    let home = std::env::var("HOME").unwrap();
    std::fs::create_dir_all(format!("{home}/.config/one")).unwrap();
    std::fs::write(format!("{home}/.config/one/settings"), "x").unwrap();
}
#[test]
fn temporary() { std::fs::write(std::env::temp_dir().join("t"), "x").unwrap(); }
#[test]
fn git() {
    assert_eq!(sh("cd $(mktemp -d) && git init -q . && echo a >a && git add a && git -c user.name=a -c user.email=a@b commit -qm first && git log --format=%s"), "first");
}
#[test]
fn perl() { assert_eq!(sh("perl -MFindBin -MIPC::Cmd -MFile::Compare -MTime::Piece -e 'print 6*7'"), "42"); }
#[test]
fn python() { assert_eq!(sh("python3 -c 'import json, re, subprocess, sys; print(json.dumps([6*7, sys.version_info[0]]))'"), "[42, 3]"); }
#[test]
fn runtime_directory() {
    let dir = std::env::var("XDG_RUNTIME_DIR").unwrap();
    std::os::unix::net::UnixListener::bind(format!("{dir}/one.sock")).unwrap();
}
#[test]
fn source() { std::fs::read_to_string("tests/environment.rs").unwrap(); }
`

// TestLocalTestEnvironment checks that tests find what a developer's machine has: time
// zones, a user, a home and a runtime directory, git, perl, python.
func TestLocalTestEnvironment(t *testing.T) {
	w, _ := kit.Local(t)
	r := kit.SmallCrate(t, "", map[string]string{
		"tests/environment.rs": environment,
		".cargo/config.toml":   "[env]\nTZ = \"America/St_Johns\"\n",
	})
	w.Test(t, r).WantCode(t, 0).WantStdout(t, kit.X8664+": 10 passed", kit.AArch64+": 10 passed")
}
