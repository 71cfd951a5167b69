//! Packs files and folders.

use std::{
    fs::File,
    io::{self, BufWriter, Read},
};

use schemars::JsonSchema;
use serde::Serialize;
use tandem_granted_folders::{Folders, Location, NewFile};

use crate::{
    encode::Sink,
    fault::{Fault, Result},
    format::Format,
    gather::{Found, Gathered, Gatherer},
    limits::{CHUNK_BYTES, MAX_NAMED},
    meter::Meter,
    pack::Packer,
    pattern::Patterns,
};

/// What is packed, and how.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) path: &'a str,
    pub(crate) sources: Vec<String>,
    pub(crate) exclude: Vec<String>,
    pub(crate) format: Option<Format>,
    pub(crate) overwrite: bool,
}

/// A new archive.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Created {
    /// The archive.
    path: String,
    /// Its format.
    format: Format,
    /// Files in it.
    files: u64,
    /// Folders in it.
    folders: u64,
    /// Bytes of the files.
    bytes: u64,
    /// Bytes of the archive.
    archive_bytes: u64,
    /// Paths of links and devices that were left out, the first 100.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skipped: Vec<String>,
}

/// Writes a new archive beside its name, and renames it when it is complete.
pub(crate) fn create(request: Request<'_>, meter: &Meter<'_>) -> Result<Created> {
    let location = Folders::granted().locate("path", request.path)?;
    let format = format(&location, request.format)?;
    let mut exclude = Patterns::new("exclude", request.exclude)?;
    let file = NewFile::create("path", &location, request.overwrite)?;
    let mut gatherer = Gatherer { exclude: &mut exclude, target: &file, meter };
    let Gathered { found, left_out, .. } = gatherer.gather(&request.sources)?;
    if found.is_empty() {
        return Err(Fault::Argument("`sources` and `exclude` leave nothing to pack".into()));
    }
    if format.is_single() && !matches!(found.as_slice(), [Found { folder: false, .. }]) {
        return Err(Fault::Argument(format!(
            "`{}` holds one file and `sources` has {} files and folders: use `tar.{0}` or `zip`",
            format.name(),
            found.len()
        )));
    }
    let failed = |error| Fault::io(&location.path, error);
    let mut packer = Packer::new(format, BufWriter::with_capacity(CHUNK_BYTES, file)).map_err(failed)?;
    let (mut files, mut bytes) = (0, 0);
    for item in &found {
        if item.folder {
            packer.folder(item).map_err(failed)?;
        } else {
            pack_file(&mut packer, item, meter)?;
            files += 1;
            bytes += item.bytes;
        }
        meter.check()?;
    }
    let sink: Sink = packer.finish().map_err(failed)?;
    let file = sink.into_inner().map_err(|error| failed(error.into_error()))?;
    Ok(Created {
        archive_bytes: file.commit()?,
        path: location.path.clone(),
        format,
        files,
        folders: found.len() as u64 - files,
        bytes,
        skipped: left_out.into_iter().take(MAX_NAMED).collect(),
    })
}

/// The format that is asked for, or that the name stands for.
fn format(location: &Location, format: Option<Format>) -> Result<Format> {
    let named = Format::of_name(location.name()).map(|(format, _)| format);
    format.or(named).ok_or_else(|| {
        Fault::Argument(format!(
            "`path`: the name `{}` does not tell a format: end it in .zip, .tar, .tar.gz, .tar.zst, .tar.bz2 or .tar.xz, or give `format`",
            location.name()
        ))
    })
}

fn pack_file(packer: &mut Packer, item: &Found, meter: &Meter<'_>) -> Result<()> {
    let path = &item.location.path;
    let file = File::open(&item.location.at).map_err(|error| Fault::io(path, error))?;
    let mut data = Steady { file, left: item.bytes, path, meter };
    packer.file(item, &mut data).map_err(|error| Fault::io(path, error))
}

/// Reads the length that a file had when it was found: that stands in the archive already.
struct Steady<'a> {
    file: File,
    left: u64,
    path: &'a str,
    meter: &'a Meter<'a>,
}

impl Read for Steady<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = (&self.file).take(self.left).read(into)?;
        if read == 0 && self.left > 0 && !into.is_empty() {
            return Err(Fault::Io(format!("`{}` became shorter while it was packed: try again", self.path)).into());
        }
        self.left -= read as u64;
        self.meter.moved(read)?;
        Ok(read)
    }
}
