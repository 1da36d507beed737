//! Manifests, and what is left on disk after good and bad artifacts.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use fetcher::{Artifact, Error, Manifest};

const HELLO: &str = r#"{"name": "hello.txt", "size": 5, "digest":
    "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}"#;

fn manifest(artifacts: &str) -> Result<Manifest, String> {
    Manifest::from_json(&format!(r#"{{"artifacts": [{artifacts}]}}"#)).map_err(|err| err.to_string())
}

fn hello() -> Artifact {
    manifest(HELLO).unwrap().artifacts()[0].clone()
}

fn files(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).collect()
}

#[test]
fn keeps_what_matches() {
    let dir = tempfile::tempdir().unwrap();
    let path = hello().fetch(&b"hello"[..], dir.path()).unwrap();
    assert_eq!(fs::read(path).unwrap(), b"hello");
    assert_eq!(files(dir.path()), ["hello.txt"]);
    manifest(HELLO).unwrap().verify(dir.path()).unwrap();
}

#[test]
fn leaves_nothing_of_what_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let fetch = |from: &mut dyn Read| hello().fetch(from, dir.path()).unwrap_err();
    assert!(matches!(fetch(&mut &b"h3llo"[..]), Error::Digest { .. }));
    assert!(matches!(fetch(&mut &b"hell"[..]), Error::Size { expected: 5, .. }));
    assert!(matches!(fetch(&mut io::repeat(b'h')), Error::Size { expected: 5, .. }));
    assert_eq!(files(dir.path()), [""; 0]);
}

#[test]
fn a_bad_fetch_keeps_the_file_that_was_there() {
    let dir = tempfile::tempdir().unwrap();
    hello().fetch(&b"hello"[..], dir.path()).unwrap();
    hello().fetch(&b"h3llo"[..], dir.path()).unwrap_err();
    assert_eq!(fs::read(dir.path().join("hello.txt")).unwrap(), b"hello");
}

#[test]
fn verify_names_the_artifact() {
    let dir = tempfile::tempdir().unwrap();
    let manifest = manifest(HELLO).unwrap();
    let err = manifest.verify(dir.path()).unwrap_err().to_string();
    assert!(err.starts_with(r#"artifact "hello.txt": "#), "{err}");
    fs::write(dir.path().join("hello.txt"), "h3llo").unwrap();
    let err = manifest.verify(dir.path()).unwrap_err().to_string();
    assert!(err.starts_with(r#"artifact "hello.txt": expected sha256:2cf24d"#), "{err}");
}

#[test]
fn refused() {
    for name in ["", ".", "..", ".hello.txt.partial", "a/b", "/etc/passwd", r"a\\b", r"a\u0000"] {
        let err = manifest(&HELLO.replace("hello.txt", name)).unwrap_err();
        assert!(err.ends_with("expected a plain file name"), "{name}: {err}");
    }
    let twice = manifest(&format!("{HELLO}, {HELLO}")).unwrap_err();
    assert_eq!(twice, r#"artifact "hello.txt": listed twice"#);
    let unknown = manifest(&HELLO.replace("size", "length")).unwrap_err();
    assert!(unknown.contains("unknown field `length`"), "{unknown}");
    let digest = manifest(&HELLO.replace("sha256:2c", "sha256:2C")).unwrap_err();
    assert!(digest.contains("invalid digest"), "{digest}");
}
