// Looks everywhere for secrets: the paragraphs of needle.txt, each with its lines joined. A find is a line of the final
// panic, which never holds the secret itself.

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs, io};

const TELLING: [&str; 5] = ["TOKEN", "SECRET", "PASSWORD", "SSH_AUTH_SOCK", "DAGGER_SESSION"];
const MAX_FILE: u64 = 4 << 20;
/// Per place, so that one full of files does not hide the others.
const MAX_FILES: usize = 20_000;

/// Searches, and panics for what it finds. Each line that it prints begins with `prefix`, and what it says of a place
/// with `who`.
pub fn search(prefix: &str, who: &str) {
    let needles = fs::read_to_string("needle.txt").unwrap();
    let needles = needles.split("\n\n").map(|paragraph| paragraph.lines().collect::<String>());
    let needles = needles.filter(|needle| !needle.is_empty()).collect();
    let mut search = Search { needles, found: BTreeSet::new(), prefix, who };

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
            Ok(MAX_FILES) => println!("{prefix}SKIPPED: {who}{dir}: has more than {MAX_FILES} files"),
            Ok(files) => println!("{prefix}SEARCHED: {who}{dir}: {files} files"),
            Err(err) => println!("{prefix}BLOCKED: {who}{dir}: {err}"),
        }
    }
    if !search.found.is_empty() {
        panic!("HOSTILE: tokens\n{}", Vec::from_iter(search.found).join("\n"));
    }
}

struct Search<'a> {
    needles: Vec<String>,
    found: BTreeSet<String>,
    prefix: &'a str,
    who: &'a str,
}

impl Search<'_> {
    fn bytes(&mut self, place: &str, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        if self.needles.iter().any(|needle| text.contains(needle)) {
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
                Err(err) => println!("{}BLOCKED: {}{place}: {err}", self.prefix, self.who),
            }
        }
        println!("{}SEARCHED: {}/proc: {readable} environments", self.prefix, self.who);
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
