//! The archive's file, read through a buffer that short seeks keep.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
};

use crate::{limits::CHUNK_BYTES, meter::Meter};

/// The standard library's buffered reader drops its buffer at each seek, and a directory of entries is read by seeking.
pub(crate) struct Input<'a> {
    file: File,
    meter: &'a Meter<'a>,
    buffer: Vec<u8>,
    start: u64,
    position: u64,
    length: u64,
}

impl<'a> Input<'a> {
    pub(crate) fn new(file: File, length: u64, meter: &'a Meter<'a>) -> Self {
        Self { file, meter, buffer: Vec::new(), start: 0, position: 0, length }
    }

    /// What the buffer holds from the position on.
    fn buffered(&self) -> &[u8] {
        let skip = self.position.checked_sub(self.start).and_then(|skip| usize::try_from(skip).ok());
        skip.and_then(|skip| self.buffer.get(skip..)).unwrap_or_default()
    }

    fn fill(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.position))?;
        self.buffer.resize(CHUNK_BYTES, 0);
        let read = self.file.read(&mut self.buffer);
        self.buffer.truncate(*read.as_ref().unwrap_or(&0));
        self.start = self.position;
        self.meter.read(read?);
        Ok(())
    }
}

impl Read for Input<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.buffered().is_empty() {
            self.fill()?;
        }
        let read = self.buffered().read(into)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for Input<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
