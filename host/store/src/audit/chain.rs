//! How records hold together: each one's hash covers the one before, and each hash is authenticated under the
//! host's key.

use std::{io, path::Path};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::key_file;

/// Separates these hashes from all others.
const ROW: &[u8] = b"tandem audit row v1\0";
/// The same, for records that have an age.
const AGED_ROW: &[u8] = b"tandem audit row v2\0";
/// Separates the authentication of the newest record from that of every other.
const HEAD: &[u8] = b"tandem audit head v1\0";
/// And that of the note of lost records.
const GAP: &[u8] = b"tandem audit gap v1\0";

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

    /// Authenticates the note of what was lost.
    pub(super) fn gap_mac(&self, numbers: &[u8]) -> [u8; 32] {
        self.tag(&[GAP, numbers])
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
    /// Milliseconds since 1970, as the clock said: it may be wrong, and go back.
    pub(super) time: u64,
    /// Milliseconds by which records are dropped; see [`passed`]. Records of older hosts have none: their `time` never
    /// went back, and counts.
    pub(super) age: Option<u64>,
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

/// What counts as passed between two readings of the clock, in milliseconds: nothing when it was set back, a day at most
/// when it jumped ahead. So one reading of a wrong clock, or any number below that of the days to keep, makes no record old.
fn passed(before: u64, now: u64) -> u64 {
    now.saturating_sub(before).min(DAY)
}

/// In milliseconds.
pub(super) const DAY: u64 = 24 * 3600 * 1000;

impl Link {
    /// How old the log is at this record, in the time that records are dropped by. It never goes back.
    pub(super) fn counted(&self) -> u64 {
        self.age.unwrap_or(self.time)
    }

    /// How old the log is when the clock says `now`.
    pub(super) fn counted_at(&self, now: u64) -> u64 {
        self.counted().saturating_add(passed(self.time, now))
    }

    /// The link of the record after this one.
    pub(super) fn next(&self, now: u64, body: &str) -> Self {
        let mut next = Self {
            sequence: self.sequence + 1,
            time: now,
            age: Some(self.counted_at(now)),
            bytes: self.bytes + size(body),
            hash: [0; 32],
        };
        next.hash = next.hash_of(&self.hash, body);
        next
    }

    /// SHA-256 of domain, previous hash, sequence, time, age, bytes and body.
    pub(super) fn hash_of(&self, previous: &[u8; 32], body: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(if self.age.is_some() { AGED_ROW } else { ROW });
        hash.update(previous);
        for number in [Some(self.sequence), Some(self.time), self.age, Some(self.bytes)].into_iter().flatten() {
            hash.update(number.to_be_bytes());
        }
        hash.update(body);
        hash.finalize().into()
    }
}
