//! How records hold together: each one's hash covers the one before, and each hash is authenticated under the
//! host's key.

use std::{io, path::Path};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::key_file;

/// Separates these hashes from all others.
const ROW: &[u8] = b"tandem audit row v1\0";
/// Separates the authentication of the newest record from that of every other.
const HEAD: &[u8] = b"tandem audit head v1\0";

/// The key under which the log is authenticated. It does not print.
#[derive(Clone)]
pub struct AuditKey(Hmac<Sha256>);

impl std::fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuditKey(..)")
    }
}

impl AuditKey {
    /// Reads the key that lies beside a store's file.
    pub fn read(store: &Path) -> io::Result<Self> {
        Self::new(key_file::read_key(&file(store))?)
    }

    /// As [`AuditKey::read`], and makes the key where there is none.
    pub(crate) fn open(store: &Path) -> io::Result<Self> {
        Self::new(key_file::host_key(&file(store))?)
    }

    fn new(key: [u8; 32]) -> io::Result<Self> {
        Hmac::new_from_slice(&key).map(Self).map_err(io::Error::other)
    }

    /// Authenticates a record's hash.
    pub(super) fn mac(&self, hash: &[u8; 32]) -> [u8; 32] {
        self.tag(&[ROW, hash])
    }

    /// Authenticates that a record is the newest.
    pub(super) fn head_mac(&self, sequence: u64, hash: &[u8; 32]) -> [u8; 32] {
        self.tag(&[HEAD, &sequence.to_be_bytes(), hash])
    }

    fn tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }
}

fn file(store: &Path) -> std::path::PathBuf {
    store.with_file_name("audit.key")
}

/// The place of a record in the chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) sequence: u64,
    /// Milliseconds since 1970. It never goes back, whatever the clock does.
    pub(super) time: u64,
    /// Bytes of all records up to this one, dropped ones included.
    pub(super) bytes: u64,
    pub(super) hash: [u8; 32],
}

/// What a record takes besides its body: hashes, numbers, the page's own bookkeeping.
const OVERHEAD: u64 = 160;

/// What a record counts for in the log's size.
pub(super) fn size(body: &str) -> u64 {
    body.len() as u64 + OVERHEAD
}

impl Link {
    /// The link of the record after this one.
    pub(super) fn next(&self, now: u64, body: &str) -> Self {
        let mut next = Self {
            sequence: self.sequence + 1,
            time: now.max(self.time),
            bytes: self.bytes + size(body),
            hash: [0; 32],
        };
        next.hash = next.hash_of(&self.hash, body);
        next
    }

    /// SHA-256 of domain, previous hash, sequence, time, bytes and body.
    pub(super) fn hash_of(&self, previous: &[u8; 32], body: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(ROW);
        hash.update(previous);
        for number in [self.sequence, self.time, self.bytes] {
            hash.update(number.to_be_bytes());
        }
        hash.update(body);
        hash.finalize().into()
    }
}
