//! A reader that holds an entry to the length that it states, and counts what comes out.

use std::io::{self, Read};

use crate::{fault::Fault, meter::Meter};

pub(crate) struct Verified<'a, R> {
    inner: R,
    name: &'a str,
    stated: Option<u64>,
    read: u64,
    meter: Option<&'a Meter<'a>>,
}

impl<'a, R: Read> Verified<'a, R> {
    /// `meter` where what comes out is not counted elsewhere.
    pub(crate) fn new(inner: R, name: &'a str, stated: Option<u64>, meter: Option<&'a Meter<'a>>) -> Self {
        Self { inner, name, stated, read: 0, meter }
    }
}

impl<R: Read> Read for Verified<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.read += read as u64;
        if let Some(meter) = self.meter {
            meter.expand(read)?;
        }
        let Some(stated) = self.stated else { return Ok(read) };
        let (name, so_far) = (self.name, self.read);
        if so_far > stated {
            return Err(
                Fault::Damaged(format!("entry `{name}` holds more than the {stated} bytes that it states")).into()
            );
        }
        if read == 0 && !into.is_empty() && so_far < stated {
            return Err(Fault::Damaged(format!(
                "entry `{name}` ends after {so_far} of {stated} bytes: the file is cut off"
            ))
            .into());
        }
        Ok(read)
    }
}
