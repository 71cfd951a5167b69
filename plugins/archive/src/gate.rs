//! A reader that holds what lies between two entries of a tar to a bound.

use std::{
    cell::Cell,
    io::{self, Read, Seek, SeekFrom},
};

use crate::{fault::Fault, limits::MAX_TAR_HEADER_BYTES};

/// Headers come in blocks.
const BLOCK_BYTES: u64 = 512;

/// Up to where the headers of the next entry may be read. The library keeps long names in memory, whatever their length.
#[derive(Debug)]
pub(crate) struct Fence(Cell<u64>);

impl Fence {
    pub(crate) fn new() -> Self {
        Self(Cell::new(MAX_TAR_HEADER_BYTES))
    }

    /// Lets data be read.
    pub(crate) fn lift(&self) {
        self.0.set(u64::MAX);
    }

    /// Lets the headers after `end` be read.
    pub(crate) fn set_after(&self, end: u64) {
        self.0.set(end.saturating_add(MAX_TAR_HEADER_BYTES));
    }
}

pub(crate) struct Gate<'a, R> {
    inner: R,
    fence: &'a Fence,
    position: u64,
    /// Where a file that is read by seeking ends.
    length: u64,
}

impl<'a, R> Gate<'a, R> {
    pub(crate) fn new(inner: R, length: u64, fence: &'a Fence) -> Self {
        Self { inner, fence, position: 0, length }
    }
}

impl<R: Read> Read for Gate<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.position > self.fence.0.get() {
            return Err(Fault::Limit(format!(
                "the headers of a tar entry have more than {MAX_TAR_HEADER_BYTES} bytes"
            ))
            .into());
        }
        let read = self.inner.read(into)?;
        let between_entries = self.fence.0.get() != u64::MAX;
        if read == 0 && !into.is_empty() && between_entries && !self.position.is_multiple_of(BLOCK_BYTES) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.position = self.position.saturating_add(read as u64);
        Ok(read)
    }
}

impl<R: Seek> Seek for Gate<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = self.inner.seek(to)?;
        if self.position > self.length {
            return Err(Fault::Damaged("the last entry ends too early: the file is cut off".into()).into());
        }
        Ok(self.position)
    }
}
