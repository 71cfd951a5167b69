//! An archive that is read: what it is, and its entries.

use std::{
    fs::File,
    io::{self, Read},
};

use tandem_granted_folders::{self as folders, Folders, Location};

use crate::{
    codec::decoder,
    counted::Counted,
    entry::{Item, Kind, Visitor},
    fault::{Fault, Result},
    format::{Codec, Format, is_tar, is_zip},
    input::Input,
    limits::MAX_ARCHIVE_BYTES,
    meter::Meter,
    tar_reader, zip_reader,
};

/// A block of a tar, and enough to know any format by.
const BLOCK_BYTES: usize = 512;

/// What a visitor will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Look at names only.
    Names,
    /// Read data.
    Data,
}

pub(crate) struct Archive<'a> {
    location: Location,
    length: u64,
    meter: &'a Meter<'a>,
    pub(crate) format: Format,
}

impl<'a> Archive<'a> {
    pub(crate) fn open(path: &str, meter: &'a Meter<'a>) -> Result<Self> {
        let location = Folders::granted().locate("path", path)?;
        let (file, length) = folders::open("path", &location)?;
        let path = &location.path;
        if length > MAX_ARCHIVE_BYTES {
            return Err(Fault::Limit(format!(
                "`{path}` has {length} bytes, and more than {MAX_ARCHIVE_BYTES} are not read"
            )));
        }
        if length == 0 {
            return Err(Fault::Damaged(format!("`{path}` is empty: it is not an archive")));
        }
        let format = detect(path, Input::new(file, length, meter))?;
        Ok(Self { location, length, meter, format })
    }

    /// Where it is.
    pub(crate) fn location(&self) -> &Location {
        &self.location
    }

    /// Visits all entries.
    pub(crate) fn walk(&self, purpose: Purpose, visitor: &mut dyn Visitor) -> Result<()> {
        match (self.format, self.format.codec()) {
            (Format::Zip, _) => {
                let data = purpose == Purpose::Data;
                zip_reader::walk(self.input()?, self.input()?, self.meter, data, visitor)
            }
            (format, Some(codec)) => {
                let stream = Counted::new(decoder(codec, self.input()?), self.meter);
                if format.is_single() {
                    self.visit_single(stream, visitor)
                } else {
                    tar_reader::walk_stream(stream, visitor)
                }
            }
            (_, None) => tar_reader::walk_file(Counted::new(self.input()?, self.meter), self.length, visitor),
        }
    }

    fn visit_single(&self, mut stream: impl Read, visitor: &mut dyn Visitor) -> Result<()> {
        let name = self.location.name();
        let name = Format::of_name(name).map(|(_, stem)| stem).filter(|stem| !stem.is_empty()).unwrap_or(name);
        let item = Item {
            name: name.to_owned(),
            kind: Kind::File,
            bytes: None,
            packed_bytes: Some(self.length),
            modified: None,
            link_to: None,
            encrypted: false,
        };
        visitor.visit(&item, &mut stream)
    }

    fn input(&self) -> Result<Input<'a>> {
        let path = &self.location.path;
        let file = File::open(&self.location.at).map_err(|error| Fault::io(path, error))?;
        Ok(Input::new(file, self.length, self.meter))
    }
}

/// By what the file holds; by its name where that does not tell.
fn detect(path: &str, mut input: Input<'_>) -> Result<Format> {
    let begin = first_block(&mut input).map_err(|error| Fault::io(path, error))?;
    let named = Format::of_name(path).map(|(format, _)| format);
    if is_zip(&begin) {
        return Ok(Format::Zip);
    }
    if let Some(codec) = Codec::of_magic(&begin) {
        io::Seek::rewind(&mut input).map_err(|error| Fault::io(path, error))?;
        // What cannot be read here is found again, and reported, when it is read.
        let inside = first_block(&mut decoder(codec, input)).unwrap_or_default();
        let tar = is_tar(&inside) || (named == Some(codec.format(true)) && is_blank(&inside));
        return Ok(codec.format(tar));
    }
    if is_tar(&begin) || (named == Some(Format::Tar) && is_blank(&begin)) {
        return Ok(Format::Tar);
    }
    match named {
        // Programs that unpack themselves have a zip at their end; a damaged one is reported as damaged.
        Some(Format::Zip) => Ok(Format::Zip),
        Some(format) => Err(Fault::Damaged(format!(
            "`{path}` is named as {} and does not begin as such a file: it is damaged or something else",
            format.name()
        ))),
        None => Err(Fault::Unsupported(format!("`{path}` is not an archive that is read: {}", other_format(&begin)))),
    }
}

/// Whether there is nothing, or zeros: how a tar without entries begins, and one that cannot be read.
fn is_blank(block: &[u8]) -> bool {
    block.iter().all(|byte| *byte == 0)
}

fn first_block(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut block = Vec::new();
    reader.take(BLOCK_BYTES as u64).read_to_end(&mut block)?;
    Ok(block)
}

fn other_format(begin: &[u8]) -> &'static str {
    match begin {
        [b'7', b'z', 0xbc, 0xaf, ..] => "it is a 7z archive; pack it as zip or tar",
        [b'R', b'a', b'r', b'!', ..] => "it is a RAR archive; pack it as zip or tar",
        _ => "the formats are zip, tar, and gz, zst, bz2 and xz, each alone or around a tar",
    }
}
