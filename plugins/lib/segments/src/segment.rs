//! Writing and reading the values of one segment.
//!
//! The key of a value is `seg/<incarnation>/<segment>/<part>/<page>`. A segment's id starts with the second of
//! its birth, so that what a dead call left behind is told from what a running call is about to commit.

use serde::{Serialize, de::DeserializeOwned};

use crate::MAX_VALUE_BYTES;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::head::{decode, encode};
use crate::storage::{MAX_KEYS_PER_PAGE, Storage};

/// How much a writer gathers before one durable transaction: large enough to be few, small beside a guest's memory.
const FLUSH_BYTES: usize = 2 << 20;
/// The part that describes the others.
const DESCRIPTOR: char = 's';

pub(crate) fn incarnation_prefix(incarnation: &str) -> String {
    format!("seg/{incarnation}/")
}

pub(crate) fn segment_prefix(incarnation: &str, segment: &str) -> String {
    format!("seg/{incarnation}/{segment}/")
}

pub(crate) fn new_id(environment: &dyn Environment) -> Result<String> {
    Ok(format!("{:010x}{:016x}", environment.now(), environment.random()?))
}

/// The second in which a segment was begun.
pub(crate) fn born(id: &str) -> Option<u64> {
    u64::from_str_radix(id.get(..10)?, 16).ok()
}

/// Writes one new segment. Until the head lists it, nobody reads it.
#[derive(Debug)]
pub struct SegmentWriter<'a> {
    storage: &'a dyn Storage,
    id: String,
    prefix: String,
    pending: Vec<(String, Vec<u8>)>,
    pending_bytes: usize,
}

impl<'a> SegmentWriter<'a> {
    pub(crate) fn new(storage: &'a dyn Storage, incarnation: &str, id: String) -> Self {
        let prefix = segment_prefix(incarnation, &id);
        Self { storage, id, prefix, pending: Vec::new(), pending_bytes: 0 }
    }

    /// Writes one page of one part.
    pub fn put(&mut self, part: char, page: u32, bytes: Vec<u8>) -> Result<()> {
        if bytes.len() > MAX_VALUE_BYTES {
            return Err(Error::invalid(format!(
                "one row takes {} bytes; the bound is {MAX_VALUE_BYTES}: make it smaller",
                bytes.len()
            )));
        }
        self.pending_bytes += bytes.len();
        self.pending.push((format!("{}{part}/{page:x}", self.prefix), bytes));
        if self.pending_bytes >= FLUSH_BYTES { self.flush() } else { Ok(()) }
    }

    /// Writes a part of any length, cut into pages of [`MAX_VALUE_BYTES`] from the page `first` on.
    pub fn put_blob(&mut self, part: char, first: u32, bytes: &[u8]) -> Result<()> {
        for (page, chunk) in (first..).zip(bytes.chunks(MAX_VALUE_BYTES)) {
            self.put(part, page, chunk.to_vec())?;
        }
        Ok(())
    }

    /// Writes what describes the other parts, and makes the whole segment durable. Answers its id.
    pub fn finish<D: Serialize>(mut self, descriptor: &D) -> Result<String> {
        let bytes = encode(descriptor)?;
        self.put(DESCRIPTOR, 0, bytes)?;
        self.flush()?;
        Ok(self.id)
    }

    fn flush(&mut self) -> Result<()> {
        self.pending_bytes = 0;
        let entries = std::mem::take(&mut self.pending);
        if entries.is_empty() { Ok(()) } else { Ok(self.storage.set_many(entries)?) }
    }
}

/// Reads one segment.
#[derive(Clone, Debug)]
pub struct SegmentReader<'a> {
    storage: &'a dyn Storage,
    prefix: String,
}

impl<'a> SegmentReader<'a> {
    /// A reader of the segment `id` of an incarnation.
    pub fn new(storage: &'a dyn Storage, incarnation: &str, id: &str) -> Self {
        Self { storage, prefix: segment_prefix(incarnation, id) }
    }

    /// One page of one part. [`Error::Stale`] when it is not there: then the segment was merged away.
    pub fn get(&self, part: char, page: u32) -> Result<Vec<u8>> {
        self.storage.get(&format!("{}{part}/{page:x}", self.prefix))?.ok_or(Error::Stale)
    }

    /// A part of `length` bytes that [`SegmentWriter::put_blob`] wrote.
    pub fn blob(&self, part: char, first: u32, length: usize) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(length);
        for (page, _) in (first..).zip(0..length.div_ceil(MAX_VALUE_BYTES)) {
            bytes.extend_from_slice(&self.get(part, page)?);
        }
        if bytes.len() == length { Ok(bytes) } else { Err(Error::corrupt("a part has another length than it says")) }
    }

    /// What describes the other parts.
    pub fn descriptor<D: DeserializeOwned>(&self) -> Result<D> {
        decode(&self.get(DESCRIPTOR, 0)?)
    }
}

/// Removes every key under `prefix`.
pub(crate) fn remove_all(storage: &dyn Storage, prefix: &str) -> Result<()> {
    loop {
        let page = storage.list(prefix, MAX_KEYS_PER_PAGE, None)?;
        for key in &page.keys {
            storage.delete(key)?;
        }
        if page.next.is_none() {
            return Ok(());
        }
    }
}
