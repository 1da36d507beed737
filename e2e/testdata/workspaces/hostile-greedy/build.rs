//! Takes of the machine what greed.txt names, up to far more than the test allows, or with
//! "nothing" takes nothing.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const MIB: usize = 1 << 20;

fn main() {
    println!("cargo::rerun-if-changed=never");
    let wanted = std::fs::read_to_string("greed.txt").unwrap_or_default();
    let out = std::env::var("OUT_DIR").unwrap();
    match wanted.trim() {
        "memory" => memory(),
        "children" => children(),
        "processes" => processes(),
        "file" => file(Path::new(&out)),
        "disk" => disk(Path::new(&out)),
        "shared-memory" => shared(Path::new("/dev/shm")),
        "temporary-files" => shared(Path::new("/tmp")),
        "log" => log(),
        "time" => std::thread::sleep(Duration::from_secs(3600)),
        _ => {}
    }
}

/// Fills and keeps memory of its own.
fn memory() {
    let mut kept = Vec::new();
    for _ in 0..8192 {
        kept.push(vec![1u8; MIB]);
    }
    panic!("HOSTILE: memory: {} MiB", kept.len());
}

/// Has children that keep less each than any one may.
fn children() {
    let script = "x=$(head -c 104857600 /dev/zero | tr '\\0' a); sleep 60";
    let all: Vec<Child> = (0..40).filter_map(|_| Command::new("bash").args(["-c", script]).spawn().ok()).collect();
    std::thread::sleep(Duration::from_secs(60));
    panic!("HOSTILE: children: {}", all.len());
}

fn processes() {
    let mut all = Vec::new();
    let why = loop {
        match Command::new("sleep").arg("300").stdin(Stdio::null()).spawn() {
            Ok(child) => all.push(child),
            Err(err) => break err,
        }
        assert!(all.len() < 2000, "HOSTILE: processes: {}", all.len());
    };
    println!("cargo::warning=BLOCKED: processes: {why}");
    for mut child in all {
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Writes one large file, in a child: the signal ends whoever writes too much.
fn file(dir: &Path) {
    let large = format!("head -c 2147483648 /dev/zero >'{}/large'", dir.display());
    let status = Command::new("sh").args(["-c", &large]).status().unwrap();
    assert!(!status.success(), "HOSTILE: file: 2 GiB");
    println!("cargo::warning=BLOCKED: file: {status}");
}

fn disk(dir: &Path) {
    for n in 0..4096 {
        let mut f = File::create(dir.join(format!("part{n}"))).unwrap();
        f.write_all(&vec![n as u8; MIB]).unwrap();
        f.sync_all().unwrap();
    }
    panic!("HOSTILE: disk: 4 GiB");
}

/// Fills a file system in memory.
fn shared(dir: &Path) {
    let mut f = File::create(dir.join("large")).unwrap();
    for n in 0..4096 {
        if let Err(err) = f.write_all(&[1u8; MIB]) {
            println!("cargo::warning=BLOCKED: {} after {n} MiB: {err}", dir.display());
            return;
        }
    }
    panic!("HOSTILE: {}: 4 GiB", dir.display());
}

fn log() {
    let line = "x".repeat(1023);
    for _ in 0..(1 << 20) {
        println!("{line}");
    }
    panic!("HOSTILE: log: 1 GiB");
}
