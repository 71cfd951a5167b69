//! WARC files, plain or with each record compressed by gzip, read record by record.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use flate2::bufread::GzDecoder;
use tandem_granted_folders::{FolderError, Folders, open};
use tandem_sdk::prelude::*;

use crate::limits::MAX_EXPANDED_BYTES;
use crate::record::{self, Damage, Record};

/// Counts what is read from a file.
struct Counted {
    file: BufReader<File>,
    at: u64,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl BufRead for Counted {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.file.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.at += bytes as u64;
        self.file.consume(bytes);
    }
}

/// Counts what is decompressed, and fails beyond its bound.
struct Metered<R> {
    input: R,
    expanded: u64,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.expanded += read as u64;
        if self.expanded > MAX_EXPANDED_BYTES {
            return Err(io::Error::other(format!("it expands to more than {MAX_EXPANDED_BYTES} bytes")));
        }
        Ok(read)
    }
}

/// A record and where it is.
pub(crate) struct Located {
    pub(crate) offset: u64,
    /// Bytes that it takes in the file.
    pub(crate) length: u64,
    pub(crate) record: Record,
}

/// A WARC file that is read.
pub(crate) struct Archive {
    /// Its path, tidy.
    pub(crate) path: String,
    input: Counted,
    packed: bool,
    bytes: u64,
    expanded: u64,
}

impl Archive {
    pub(crate) fn open(path: &str) -> Result<Self> {
        let location = Folders::granted().locate("path", path).map_err(FolderError::into_tool_error)?;
        let (file, bytes) = open("path", &location).map_err(FolderError::into_tool_error)?;
        let mut input = Counted { file: BufReader::with_capacity(64 << 10, file), at: 0 };
        let packed = input.fill_buf().context(format_args!("reading {path}"))?.starts_with(&[0x1f, 0x8b]);
        Ok(Self { path: location.path, input, packed, bytes, expanded: 0 })
    }

    /// The size of the file.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Where the next record begins.
    pub(crate) fn at(&self) -> u64 {
        self.input.at
    }

    /// Bytes of records that were read so far.
    pub(crate) fn expanded(&self) -> u64 {
        self.expanded
    }

    /// Goes to the record at an offset, which `argument` named.
    pub(crate) fn seek(&mut self, argument: &str, offset: u64) -> Result<()> {
        if offset > self.bytes {
            return Err(Error::invalid_arguments(format!(
                "{argument}: offset {offset} is beyond the {} bytes of `{}`",
                self.bytes, self.path
            )));
        }
        self.input.file.seek(SeekFrom::Start(offset)).context(format_args!("reading {}", self.path))?;
        self.input.at = offset;
        Ok(())
    }

    /// The next record; none at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Located>> {
        let offset = self.input.at;
        let read = if self.packed { self.member() } else { self.plain() };
        let record = read.map_err(|Damage(why)| {
            Error::invalid_arguments(format!("path: `{}`, record at offset {offset}: {why}", self.path))
        })?;
        Ok(record.map(|record| Located { offset, length: self.input.at - offset, record }))
    }

    fn plain(&mut self) -> Result<Option<Record>, Damage> {
        let from = self.input.at;
        let record = record::read(&mut self.input);
        self.expanded += self.input.at - from;
        record
    }

    fn member(&mut self) -> Result<Option<Record>, Damage> {
        if self.input.fill_buf()?.is_empty() {
            return Ok(None);
        }
        let (record, expanded) = member(&mut self.input)?;
        self.expanded += expanded;
        Ok(Some(record))
    }
}

/// The record of one gzip member, which it has alone, and the bytes that the member expands to.
pub(crate) fn member(input: &mut impl BufRead) -> Result<(Record, u64), Damage> {
    let mut member = BufReader::new(Metered { input: GzDecoder::new(input), expanded: 0 });
    let record = record::read(&mut member)?.ok_or_else(|| Damage("its gzip member is empty".to_owned()))?;
    if !member.fill_buf()?.is_empty() {
        return Err(Damage(
            "its gzip member has more than this record: compress each record on its own, as `warcio recompress` does"
                .to_owned(),
        ));
    }
    Ok((record, member.get_ref().expanded))
}
