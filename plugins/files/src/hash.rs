//! Checksums of files.

use std::io::Read as _;

use md5::Digest as _;
use tandem_sdk::prelude::*;

use crate::{
    limits::{CHUNK, MAX_HASHED_BYTES},
    path::Grants,
};

/// A progress message after so many bytes.
const PROGRESS_STEP: u64 = 64 << 20;

/// How a checksum is computed.
#[data]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Algorithm {
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-512.
    Sha512,
    /// SHA-1; not against intent.
    Sha1,
    /// MD5; not against intent.
    Md5,
}

/// A file's checksum.
#[output]
#[derive(Debug)]
pub(crate) struct Hashed {
    /// The file.
    path: String,
    /// How the checksum was computed.
    algorithm: Algorithm,
    /// The checksum in hexadecimal.
    hash: String,
    /// The size of the file in bytes.
    bytes: u64,
    /// Whether it is the `expected` one, if that was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    matches: Option<bool>,
}

impl Algorithm {
    fn hex_digits(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
            Self::Sha1 => 40,
            Self::Md5 => 32,
        }
    }
}

/// Computes the checksum of a file.
pub(crate) fn hash(
    ctx: &Ctx,
    grants: &Grants,
    path: &str,
    algorithm: Algorithm,
    expected: Option<&str>,
) -> Result<Hashed> {
    let expected = expected.map(|expected| expected.trim().to_lowercase());
    if let Some(expected) = &expected
        && (expected.len() != algorithm.hex_digits() || !expected.bytes().all(|byte| byte.is_ascii_hexdigit()))
    {
        return Err(Error::invalid_arguments(format!(
            "`expected` is not a checksum of this `algorithm`: give {} hexadecimal digits",
            algorithm.hex_digits()
        )));
    }
    let place = grants.locate(path)?;
    let mut source = place.open()?;
    let bytes = source.bytes;
    if bytes > MAX_HASHED_BYTES {
        return Err(Error::invalid_arguments(format!(
            "`{}` has {bytes} bytes; files of at most {MAX_HASHED_BYTES} are hashed",
            place.path
        )));
    }
    let mut hasher = Hasher::new(algorithm);
    let mut buffer = vec![0; CHUNK];
    let mut done = 0;
    loop {
        ctx.check()?;
        let read = source.read(&mut buffer).map_err(|error| Error::other(format!("`{}`: {error}", place.path)))?;
        if read == 0 {
            break;
        }
        hasher.update(buffer.get(..read).unwrap_or_default());
        let before = done;
        done += read as u64;
        if before / PROGRESS_STEP != done / PROGRESS_STEP {
            ctx.progress(done as f64, Some(bytes as f64), "bytes");
        }
    }
    let hash = hasher.finish();
    Ok(Hashed { matches: expected.map(|expected| expected == hash), path: place.path, algorithm, hash, bytes: done })
}

enum Hasher {
    Sha256(sha2::Sha256),
    Sha512(sha2::Sha512),
    Sha1(sha1::Sha1),
    Md5(md5::Md5),
}

impl Hasher {
    fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Sha256 => Self::Sha256(Default::default()),
            Algorithm::Sha512 => Self::Sha512(Default::default()),
            Algorithm::Sha1 => Self::Sha1(Default::default()),
            Algorithm::Md5 => Self::Md5(Default::default()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Sha512(hasher) => hasher.update(bytes),
            Self::Sha1(hasher) => hasher.update(bytes),
            Self::Md5(hasher) => hasher.update(bytes),
        }
    }

    fn finish(self) -> String {
        match self {
            Self::Sha256(hasher) => hex::encode(hasher.finalize()),
            Self::Sha512(hasher) => hex::encode(hasher.finalize()),
            Self::Sha1(hasher) => hex::encode(hasher.finalize()),
            Self::Md5(hasher) => hex::encode(hasher.finalize()),
        }
    }
}
