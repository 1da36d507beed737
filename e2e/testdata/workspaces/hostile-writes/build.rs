//! Writes where a build has no business. A success is a line of the final panic, except for the places that tolerate.txt
//! names, one label a line: for a machine whose file systems are thrown away after the step.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const NAME: &str = "slipway-hostile-writes";
const GARBAGE: &[u8] = b"HOSTILE: overwritten by the build script of hostile-writes\n";
const TRIPLES: [&str; 3] = ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl", "wasm32-wasip1"];

fn main() {
    // A file that never exists: the script runs on every build.
    println!("cargo::rerun-if-changed=never");
    let source = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let tolerated = fs::read_to_string(source.join("tolerate.txt")).unwrap_or_default();
    let mut broke_out = Vec::new();
    let mut report = |label: &str, path: &Path, result: io::Result<()>| {
        let path = path.display();
        match result {
            Ok(()) if tolerated.lines().any(|line| line.trim() == label) => {
                println!("cargo::warning=WROTE: {label}: {path}");
            }
            Ok(()) => broke_out.push(format!("HOSTILE: {label}: wrote {path}")),
            Err(err) => println!("cargo::warning=BLOCKED: {label}: {path}: {err}"),
        }
    };

    let home = env::var("HOME").unwrap_or("/root".into());
    let cargo = env::var("CARGO_HOME").map_or(Path::new(&home).join(".cargo"), PathBuf::from);
    let parent = source.parent().unwrap_or(&source);
    for (label, dir) in [
        ("cargo-home", cargo.as_path()),
        ("cargo-registry", &cargo.join("registry")),
        ("usr", Path::new("/usr")),
        ("usr-bin", Path::new("/usr/local/bin")),
        ("etc", Path::new("/etc")),
        ("root", Path::new("/")),
        ("parent", parent),
        ("source", &source),
        ("sysroot", &sysroot()),
    ] {
        let path = dir.join(NAME);
        let written = create(&path);
        // What was proved need not stay: the file may be on someone's machine.
        let _ = fs::remove_file(&path);
        report(label, &path, written);
    }

    let out = env::var("OUT_DIR").unwrap();
    let target = env::var("TARGET").unwrap();
    for other in TRIPLES.into_iter().filter(|other| *other != target) {
        // <target directory>/<triple>/release/build/<package>/out
        let Some((before, after)) = out.split_once(&format!("/{target}/")) else {
            println!("cargo::warning=SKIPPED: other-target: no {target} in {out}");
            break;
        };
        let profile = after.split('/').next().unwrap();
        let dir = PathBuf::from(format!("{before}/{other}/{profile}"));
        for path in binaries(&dir) {
            report("other-target", &path, fs::write(&path, GARBAGE));
        }
        // What is planted where nothing was does harm only if a later build takes it for its own.
        match plant(&dir) {
            Ok(()) => println!("cargo::warning=PLANTED: other-target: {}", dir.display()),
            Err(err) => println!("cargo::warning=BLOCKED: other-target: {}: {err}", dir.display()),
        }
    }

    if !broke_out.is_empty() {
        panic!("HOSTILE: writes\n{}", broke_out.join("\n"));
    }
}

fn create(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(GARBAGE)
}

/// The files in `dir` that look like what a build makes, without those that this script planted.
fn binaries(dir: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let files = files.filter(|path| path.is_file() && path.extension().is_none_or(|extension| extension == "wasm"));
    files.filter(|path| fs::read(path).is_ok_and(|bytes| bytes != GARBAGE)).collect()
}

/// Leaves a binary where the other target's build would put its own, and a file of no known name beside it.
fn plant(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    fs::write(dir.join(NAME), GARBAGE)?;
    let binary = dir.join("hostile-writes");
    match binary.exists() {
        true => Ok(()),
        false => fs::write(binary, GARBAGE),
    }
}

/// The toolchain's folder, two above its rustc.
fn sysroot() -> PathBuf {
    let rustc = env::var_os("RUSTC").map(PathBuf::from).unwrap_or_default();
    match rustc.canonicalize().ok().as_deref().and_then(Path::parent).and_then(Path::parent) {
        Some(dir) => dir.join("lib"),
        None => "/usr/lib".into(),
    }
}
