//! Overwrites the release binary from within a test.

use std::path::{Path, PathBuf};
use std::{env, fs};

const GARBAGE: &[u8] = b"HOSTILE: overwritten by a test of hostile-test\n";

/// Overwrites every release binary in reach of the running test, and those named. Says what happened on standard output
/// and in `hostile-test.attempt.txt` beside each.
pub fn overwrite(named: &[&str]) {
    let mut binaries: Vec<PathBuf> = named.iter().map(PathBuf::from).collect();
    // <target directory>/[<triple>/]<profile>/deps/<test>
    let exe = env::current_exe().unwrap();
    for dir in exe.ancestors().skip(2).take(3) {
        binaries.extend(below(dir).into_iter().filter(|path| path.is_file()));
    }
    binaries.sort();
    binaries.dedup();
    for path in binaries {
        let said = match fs::write(&path, GARBAGE) {
            Ok(()) => format!("HOSTILE: overwrote {}\n", path.display()),
            Err(err) => format!("BLOCKED: {}: {err}\n", path.display()),
        };
        print!("{said}");
        let _ = fs::write(path.with_file_name("hostile-test.attempt.txt"), said);
    }
}

fn below(dir: &Path) -> Vec<PathBuf> {
    let triples = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path().join("release"));
    let dirs = triples.chain([dir.join("release"), dir.to_owned()]);
    dirs.map(|dir| dir.join("hostile-test")).collect()
}
