//! Entries of a zip.

use std::io::{self, Read};

use zip::{
    DateTime,
    read::{Config, ZipFile, ZipFileEntry, ZipReadOptions},
    result::ZipError,
    unstable::read::ZipIterable,
};

use crate::{
    entry::{Item, Kind, Visitor},
    fault::{Fault, Result},
    input::Input,
    limits::MAX_ENTRIES,
    meter::Meter,
    verify::Verified,
};

/// Bytes of the header before an entry's data, without its name.
const LOCAL_HEADER_BYTES: u64 = 30;

type Directory<'a> = ZipIterable<Input<'a>>;

/// Visits all entries in the order of the directory. `body` is a second reader of the same file.
pub(crate) fn walk<'a>(
    directory: Input<'a>,
    mut body: Input<'a>,
    meter: &'a Meter<'a>,
    with_data: bool,
    visitor: &mut dyn Visitor,
) -> Result<()> {
    let mut directory: Directory<'a> = ZipIterable::try_new(directory, Config::default()).map_err(explained)?;
    if directory.len() as u64 > MAX_ENTRIES {
        return Err(Fault::Limit(format!("the archive has more than {MAX_ENTRIES} entries, the bound of a call")));
    }
    if with_data {
        refuse_shared_bytes(&mut directory)?;
    }
    for entry in directory.files().map_err(explained)? {
        let entry = entry.map_err(explained)?;
        let item = item(&entry);
        let data = Lazy::Closed(entry, &mut body);
        visitor.visit(&item, &mut Verified::new(data, &item.name, item.bytes, Some(meter)))?;
        meter.check()?;
    }
    Ok(())
}

/// Entries that share bytes of the file make a small archive expand without end.
fn refuse_shared_bytes(directory: &mut Directory<'_>) -> Result<()> {
    let mut ranges = Vec::with_capacity(directory.len());
    for entry in directory.files().map_err(explained)? {
        let entry = entry.map_err(explained)?;
        let start = entry.header_start();
        let header = LOCAL_HEADER_BYTES + entry.name_raw().len() as u64;
        ranges.push((start, start.saturating_add(header).saturating_add(entry.compressed_size())));
    }
    ranges.sort_unstable();
    let mut end = 0;
    for (start, next) in ranges {
        if start < end {
            return Err(Fault::Damaged(format!(
                "two entries of the archive share bytes of the file (at byte {start}): it looks like a decompression bomb"
            )));
        }
        end = next;
    }
    Ok(())
}

fn item(entry: &ZipFileEntry<'_>) -> Item {
    // A name that is not valid in the encoding that it states is shown, and refused later.
    let lossy = || String::from_utf8_lossy(entry.name_raw()).into_owned() + "\u{fffd}";
    let name = entry.name().map_or_else(|_| lossy(), std::borrow::Cow::into_owned);
    let kind = if entry.is_symlink() {
        Kind::Symlink
    } else if entry.is_dir() {
        Kind::Folder
    } else {
        Kind::File
    };
    Item {
        name,
        kind,
        bytes: Some(entry.size()),
        packed_bytes: Some(entry.compressed_size()),
        modified: entry.last_modified().map(words),
        link_to: None,
        encrypted: entry.encrypted(),
    }
}

/// The time of a zip has no zone.
fn words(time: DateTime) -> String {
    let (year, month, day) = (time.year(), time.month(), time.day());
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
}

/// The data of an entry, which is looked for when it is read.
enum Lazy<'a, 'input> {
    Closed(ZipFileEntry<'a>, &'a mut Input<'input>),
    Open(Box<ZipFile<'a, Input<'input>>>),
    Failed,
}

impl Read for Lazy<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if matches!(self, Self::Closed(..))
            && let Self::Closed(entry, body) = std::mem::replace(self, Self::Failed)
        {
            *self = Self::Open(Box::new(entry.with_reader(body, ZipReadOptions::new()).map_err(explained)?));
        }
        match self {
            Self::Open(file) => file.read(into).map_err(|error| match error.downcast::<ZipError>() {
                Ok(error) => explained(error).into(),
                Err(error) => error,
            }),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

fn explained(error: ZipError) -> Fault {
    match error {
        ZipError::Io(error) => Fault::reading("the zip", error),
        ZipError::CompressionMethodNotSupported(method) => Fault::Unsupported(format!(
            "packed by compression method {method}, and only 0 (stored), 8 (deflate) and 12 (bzip2) are read"
        )),
        ZipError::UnsupportedArchive(text) => Fault::Unsupported(format!("not read: {text}")),
        ZipError::InvalidArchive(text) => Fault::Damaged(format!("the zip is damaged or cut off: {text}")),
        other => Fault::Damaged(format!("the zip is damaged: {other}")),
    }
}
