#![doc = include_str!("../README.md")]

mod digest;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::digest::Hasher;
pub use crate::digest::{Digest, InvalidDigest};

/// A list of artifacts, each with a name of its own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    artifacts: Vec<Artifact>,
}

impl Manifest {
    /// Reads a manifest from JSON.
    pub fn from_json(text: &str) -> Result<Self, InvalidManifest> {
        let manifest: Manifest = serde_json::from_str(text)?;
        let mut seen = BTreeSet::new();
        for Artifact { name, .. } in &manifest.artifacts {
            if !is_valid_name(name) {
                return Err(InvalidManifest::Name(name.clone()));
            }
            if !seen.insert(name) {
                return Err(InvalidManifest::Duplicate(name.clone()));
            }
        }
        Ok(manifest)
    }

    /// The artifacts, in the manifest's order.
    pub fn artifacts(&self) -> &[Artifact] {
        &self.artifacts
    }

    /// Checks that `dir` holds every artifact. Returns the first error.
    pub fn verify(&self, dir: &Path) -> Result<(), Error> {
        self.artifacts.iter().try_for_each(|artifact| {
            let file = File::open(dir.join(&artifact.name)).map_err(|err| artifact.io(err))?;
            artifact.verify(file)
        })
    }
}

/// Reports whether `name` is a plain file name: no path, nothing hidden, no control characters.
fn is_valid_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(|c: char| matches!(c, '/' | '\\') || c.is_control())
}

/// What is known of one artifact.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// Its file name.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// The digest of its bytes.
    pub digest: Digest,
}

impl Artifact {
    /// Reads `from` to its end and checks that it is this artifact.
    pub fn verify(&self, from: impl Read) -> Result<(), Error> {
        self.copy(from, io::sink())
    }

    /// Copies `from` into `dir` under the artifact's name, and returns that path. The file appears when it is whole and
    /// verified; otherwise `dir` is left as it was.
    pub fn fetch(&self, from: impl Read, dir: &Path) -> Result<PathBuf, Error> {
        let partial = dir.join(format!(".{}.partial", self.name));
        let path = dir.join(&self.name);
        let file = File::create(&partial).map_err(|err| self.io(err))?;
        let fetched = self
            .copy(from, &file)
            .and_then(|()| file.sync_all().and_then(|()| fs::rename(&partial, &path)).map_err(|err| self.io(err)));
        if fetched.is_err() {
            // The first error is the one to report.
            let _ = fs::remove_file(&partial);
        }
        fetched.map(|()| path)
    }

    fn copy(&self, from: impl Read, mut to: impl Write) -> Result<(), Error> {
        let mut hasher = Hasher::new(&self.digest);
        // One byte more than promised is enough to know that there are too many.
        let mut from = BufReader::new(from.take(self.size.saturating_add(1)));
        let mut size = 0;
        loop {
            let bytes = from.fill_buf().map_err(|err| self.io(err))?;
            if bytes.is_empty() {
                break;
            }
            hasher.update(bytes);
            to.write_all(bytes).map_err(|err| self.io(err))?;
            let taken = bytes.len();
            size += taken as u64;
            from.consume(taken);
        }
        if size != self.size {
            return Err(Error::Size { name: self.name.clone(), expected: self.size });
        }
        let digest = hasher.finish();
        if digest != self.digest {
            let (name, expected) = (self.name.clone(), self.digest.clone());
            return Err(Error::Digest { name, expected, found: digest });
        }
        Ok(())
    }

    fn io(&self, source: io::Error) -> Error {
        Error::Io { name: self.name.clone(), source }
    }
}

/// Why a manifest was refused.
#[derive(Debug, thiserror::Error)]
pub enum InvalidManifest {
    /// The text is not a manifest.
    #[error("reading manifest: {0}")]
    Json(#[from] serde_json::Error),
    /// The name is not a plain file name.
    #[error("artifact {0:?}: expected a plain file name")]
    Name(String),
    /// Two artifacts have this name.
    #[error("artifact {0:?}: listed twice")]
    Duplicate(String),
}

/// Why an artifact was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It has more or fewer bytes than promised.
    #[error("artifact {name:?}: expected {expected} bytes")]
    Size {
        /// The artifact.
        name: String,
        /// The manifest's size.
        expected: u64,
    },
    /// It has other bytes than promised.
    #[error("artifact {name:?}: expected {expected}, found {found}")]
    Digest {
        /// The artifact.
        name: String,
        /// The manifest's digest.
        expected: Digest,
        /// The digest of what was read.
        found: Digest,
    },
    /// It could not be read or written.
    #[error("artifact {name:?}: {source}")]
    Io {
        /// The artifact.
        name: String,
        /// What went wrong.
        source: io::Error,
    },
}
