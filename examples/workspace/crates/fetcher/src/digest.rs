//! Digests, and how they are computed.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// A digest with its algorithm, written `sha256:<64 lower-case hexadecimal digits>`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Digest {
    algorithm: Algorithm,
    bytes: [u8; 32],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Sha256,
    #[cfg(feature = "blake3")]
    Blake3,
}

/// A text that is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid digest {0:?}")]
pub struct InvalidDigest(String);

impl FromStr for Digest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        parse(text).ok_or_else(|| InvalidDigest(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Digest> {
    let (algorithm, hex) = text.split_once(':')?;
    let algorithm = match algorithm {
        "sha256" => Algorithm::Sha256,
        #[cfg(feature = "blake3")]
        "blake3" => Algorithm::Blake3,
        _ => return None,
    };
    if hex.len() != 64 || !hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut bytes = [0; 32];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).ok()?;
    }
    Some(Digest { algorithm, bytes })
}

impl TryFrom<String> for Digest {
    type Error = InvalidDigest;

    fn try_from(text: String) -> Result<Self, InvalidDigest> {
        text.parse()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.algorithm {
            Algorithm::Sha256 => "sha256:",
            #[cfg(feature = "blake3")]
            Algorithm::Blake3 => "blake3:",
        })?;
        self.bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Computes a digest by the algorithm of another.
pub(crate) enum Hasher {
    Sha256(Sha256),
    #[cfg(feature = "blake3")]
    Blake3(Box<blake3::Hasher>),
}

impl Hasher {
    pub(crate) fn new(like: &Digest) -> Self {
        match like.algorithm {
            Algorithm::Sha256 => Hasher::Sha256(Sha256::new()),
            #[cfg(feature = "blake3")]
            Algorithm::Blake3 => Hasher::Blake3(Box::default()),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Hasher::Sha256(hasher) => hasher.update(bytes),
            #[cfg(feature = "blake3")]
            Hasher::Blake3(hasher) => drop(hasher.update(bytes)),
        }
    }

    pub(crate) fn finish(self) -> Digest {
        match self {
            Hasher::Sha256(hasher) => Digest { algorithm: Algorithm::Sha256, bytes: hasher.finalize().into() },
            #[cfg(feature = "blake3")]
            Hasher::Blake3(hasher) => Digest { algorithm: Algorithm::Blake3, bytes: hasher.finalize().into() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(text: &str, like: &str) -> String {
        let mut hasher = Hasher::new(&like.parse().unwrap());
        text.as_bytes().chunks(7).for_each(|bytes| hasher.update(bytes));
        hasher.finish().to_string()
    }

    // FIPS 180-2, appendix B.1 and B.2.
    #[test]
    fn sha256() {
        let abc = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash("abc", abc), abc);
        let two_blocks = "sha256:248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
        assert_eq!(hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", two_blocks), two_blocks);
    }

    #[test]
    #[cfg(feature = "blake3")]
    fn blake3() {
        let abc = "blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";
        assert_eq!(hash("abc", abc), abc);
    }

    #[test]
    fn refused() {
        let digits = "0".repeat(64);
        for text in ["", &digits, "sha256:", "sha256:é", &format!("md5:{digits}"), &format!("sha256:0{digits}")] {
            assert_eq!(text.parse::<Digest>(), Err(InvalidDigest(text.into())));
        }
        assert!(format!("sha256:{}", "A".repeat(64)).parse::<Digest>().is_err());
    }
}
