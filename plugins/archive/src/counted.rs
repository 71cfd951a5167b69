//! A reader that counts what a decoder puts out.

use std::io::{self, Read, Seek, SeekFrom};

use crate::meter::Meter;

pub(crate) struct Counted<'a, R> {
    inner: R,
    meter: &'a Meter<'a>,
}

impl<'a, R> Counted<'a, R> {
    pub(crate) fn new(inner: R, meter: &'a Meter<'a>) -> Self {
        Self { inner, meter }
    }
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.meter.expand(read)?;
        Ok(read)
    }
}

impl<R: Seek> Seek for Counted<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}
