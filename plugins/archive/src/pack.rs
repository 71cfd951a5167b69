//! Writers of the formats.

use std::{
    io::{self, Read, Write},
    time::UNIX_EPOCH,
};

use chrono::{DateTime, Datelike, Timelike, Utc};
use tar::{Builder, EntryType, Header};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{
    encode::{Encoder, Sink, encoder},
    format::Format,
    gather::Found,
    limits::CHUNK_BYTES,
};

/// Permissions of files and folders in an archive: the sandbox does not tell those of the originals.
const FILE_MODE: u32 = 0o644;
const FOLDER_MODE: u32 = 0o755;

pub(crate) enum Packer {
    Zip(Box<ZipWriter<Sink>>),
    Tar(Builder<Box<dyn Encoder>>),
    Single(Box<dyn Encoder>),
}

impl Packer {
    pub(crate) fn new(format: Format, to: Sink) -> io::Result<Self> {
        Ok(match format {
            Format::Zip => Self::Zip(Box::new(ZipWriter::new(to))),
            format if format.is_single() => Self::Single(encoder(format.codec(), to)?),
            format => Self::Tar(Builder::new(encoder(format.codec(), to)?)),
        })
    }

    pub(crate) fn folder(&mut self, item: &Found) -> io::Result<()> {
        match self {
            Self::Zip(zip) => zip.add_directory(item.name.as_str(), options(item)).map_err(io::Error::from),
            Self::Tar(tar) => tar.append_data(&mut header(item), format!("{}/", item.name), io::empty()),
            Self::Single(_) => Ok(()),
        }
    }

    pub(crate) fn file(&mut self, item: &Found, data: &mut dyn Read) -> io::Result<()> {
        match self {
            Self::Zip(zip) => {
                zip.start_file(item.name.as_str(), options(item))?;
                copy(data, zip)
            }
            Self::Tar(tar) => tar.append_data(&mut header(item), &item.name, data),
            Self::Single(encoder) => copy(data, encoder),
        }
    }

    /// Writes the end of the archive.
    pub(crate) fn finish(self) -> io::Result<Sink> {
        match self {
            Self::Zip(zip) => zip.finish().map_err(io::Error::from),
            Self::Tar(tar) => tar.into_inner()?.finish(),
            Self::Single(encoder) => encoder.finish(),
        }
    }
}

fn copy(data: &mut dyn Read, to: &mut impl Write) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let read = data.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        to.write_all(buffer.get(..read).unwrap_or_default())?;
    }
}

fn header(item: &Found) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(if item.folder { EntryType::Directory } else { EntryType::Regular });
    header.set_mode(if item.folder { FOLDER_MODE } else { FILE_MODE });
    header.set_size(item.bytes);
    let since = item.modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    header.set_mtime(since.map_or(0, |since| since.as_secs()));
    header
}

/// A zip has no time zone: the times are those of UTC.
fn options(item: &Found) -> SimpleFileOptions {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .unix_permissions(if item.folder { FOLDER_MODE } else { FILE_MODE });
    match item.modified.and_then(|time| zip_time(time.into())) {
        Some(time) => options.last_modified_time(time),
        None => options,
    }
}

fn zip_time(time: DateTime<Utc>) -> Option<zip::DateTime> {
    let small = |number: u32| u8::try_from(number).ok();
    let (month, day) = (small(time.month())?, small(time.day())?);
    let (hour, minute, second) = (small(time.hour())?, small(time.minute())?, small(time.second())?);
    zip::DateTime::from_date_and_time(u16::try_from(time.year()).ok()?, month, day, hour, minute, second).ok()
}
