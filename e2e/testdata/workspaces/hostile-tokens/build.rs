//! Looks everywhere for a secret: the two lines of needle.txt joined. A find is a line of the final panic, which never
//! holds the secret itself.

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs, io};

const TELLING: [&str; 5] = ["TOKEN", "SECRET", "PASSWORD", "SSH_AUTH_SOCK", "DAGGER_SESSION"];
const MAX_FILE: u64 = 4 << 20;
/// Per place, so that one full of files does not hide the others.
const MAX_FILES: usize = 20_000;

fn main() {
    // A file that never exists: the script runs on every build.
    println!("cargo::rerun-if-changed=never");
    let needle = fs::read_to_string("needle.txt").unwrap().lines().collect();
    let mut search = Search { needle, found: BTreeSet::new() };

    // The process's own environment is among those in /proc; this one does without /proc.
    for (name, value) in env::vars_os() {
        let entry = [name.as_encoded_bytes(), b"=", value.as_encoded_bytes()].concat();
        search.variable("own environment", &entry);
    }
    search.processes();
    let home = env::var("HOME").unwrap_or("/root".into());
    let cargo = env::var("CARGO_HOME").unwrap_or(format!("{home}/.cargo"));
    let docker = env::var("DOCKER_CONFIG").unwrap_or(format!("{home}/.docker"));
    for dir in [&cargo, &home, &docker, "/root", "/run", "/tmp", "/var/run/secrets", "/etc", "/home"] {
        match search.tree(Path::new(dir)) {
            Ok(MAX_FILES) => println!("cargo::warning=SKIPPED: {dir}: has more than {MAX_FILES} files"),
            Ok(files) => println!("cargo::warning=SEARCHED: {dir}: {files} files"),
            Err(err) => println!("cargo::warning=BLOCKED: {dir}: {err}"),
        }
    }
    if !search.found.is_empty() {
        panic!("HOSTILE: tokens\n{}", Vec::from_iter(search.found).join("\n"));
    }
}

struct Search {
    needle: String,
    found: BTreeSet<String>,
}

impl Search {
    fn bytes(&mut self, place: &str, bytes: &[u8]) {
        if String::from_utf8_lossy(bytes).contains(&self.needle) {
            self.found.insert(format!("HOSTILE: the needle is in {place}"));
        }
    }

    /// Looks at one `NAME=value`.
    fn variable(&mut self, place: &str, entry: &[u8]) {
        self.bytes(place, entry);
        let name = entry.split(|&b| b == b'=').next().unwrap_or_default();
        let name = String::from_utf8_lossy(name).to_uppercase();
        if TELLING.iter().any(|telling| name.contains(telling)) {
            self.found.insert(format!("HOSTILE: the variable {name} is in {place}"));
        }
    }

    fn processes(&mut self) {
        let mut readable = 0;
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let dir = entry.path();
            if !entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit) {
                continue;
            }
            let place = dir.join("cmdline").display().to_string();
            self.bytes(&place, &fs::read(&place).unwrap_or_default());
            let place = dir.join("environ").display().to_string();
            match fs::read(&place) {
                Ok(environ) => {
                    readable += 1;
                    environ.split(|&b| b == 0).for_each(|entry| self.variable(&place, entry));
                }
                Err(err) => println!("cargo::warning=BLOCKED: {place}: {err}"),
            }
        }
        println!("cargo::warning=SEARCHED: /proc: {readable} environments");
    }

    /// Looks into every file below the directory `path`, and returns how many. Follows no link.
    fn tree(&mut self, path: &Path) -> io::Result<usize> {
        let mut pending: Vec<_> = fs::read_dir(path)?.flatten().map(|entry| entry.path()).collect();
        let mut files = 0;
        while let Some(path) = pending.pop() {
            let Ok(meta) = path.symlink_metadata() else { continue };
            if meta.is_dir() {
                pending.extend(fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
            } else if meta.is_file() && meta.len() <= MAX_FILE {
                if files == MAX_FILES {
                    break;
                }
                files += 1;
                self.bytes(&path.display().to_string(), &fs::read(&path).unwrap_or_default());
            }
        }
        Ok(files)
    }
}
