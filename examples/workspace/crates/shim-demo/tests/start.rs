//! The command, from a bundle on disk to its output.

use std::fs;
use std::path::{Path, PathBuf};

/// Writes a bundle whose process is `args`, a JSON list, and returns its directory.
fn bundle(name: &str, args: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&dir).unwrap();
    let config = format!(r#"{{"ociVersion": "1.2.0", "process": {{"args": {args}, "env": ["WHO=world"]}}}}"#);
    fs::write(dir.join("config.json"), config).unwrap();
    dir
}

/// Runs the command in this process: an emulated test cannot start another emulated binary.
fn run(args: &[&str]) -> (Result<u32, String>, String) {
    let mut out = Vec::new();
    let result = shim_demo::run(args.iter().copied(), &mut out);
    (result.map_err(|err| err.to_string()), String::from_utf8(out).unwrap())
}

#[test]
fn start_prints_every_state() {
    let dir = bundle("env", r#"["env", "WHO"]"#);
    let (code, out) = run(&["-namespace", "k8s.io", "-id=web", "-bundle", dir.to_str().unwrap(), "-debug", "start"]);
    assert_eq!(code, Ok(0));
    let want = [
        r#"web: namespace k8s.io, OCI 1.2.0, ["env", "WHO"]"#,
        "web: created",
        "web: running",
        "world",
        "web: stopped with code 0",
        "web: deleted",
    ];
    assert_eq!(out.lines().collect::<Vec<_>>(), want);
}

#[test]
fn start_returns_the_tasks_code() {
    let dir = bundle("exit", r#"["exit", "3"]"#);
    let (code, out) = run(&["-id=web", "-bundle", dir.to_str().unwrap(), "start"]);
    assert_eq!(code, Ok(3));
    assert!(out.contains("stopped with code 3\n"), "{out}");
}

#[test]
fn delete_answers_for_a_task_that_is_gone() {
    assert_eq!(run(&["-id=web", "delete"]), (Ok(0), "web: deleted with code 137\n".into()));
}

#[test]
fn version_is_the_manifests() {
    let want = concat!("shim-demo-v1 ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(run(&["-v"]), (Ok(0), want.into()));
}

#[test]
fn a_missing_bundle_is_named() {
    let (code, out) = run(&["-id=web", "-bundle=/no/such/bundle", "start"]);
    assert!(code.unwrap_err().contains("/no/such/bundle/config.json"));
    assert_eq!(out, "");
}
