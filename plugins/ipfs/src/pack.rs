//! Files and folders into a CAR.

use cid::Cid;
use schemars::JsonSchema;
use serde::Serialize;
use tandem_granted_folders::{Folders, Location, NewFile};

use crate::{
    build::{Blocks, Layout},
    car::Writer,
    fault::Result,
    files::{Packer, Tally, placeholder},
    meter::Meter,
};

/// A CAR that was written.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Packed {
    /// The CAR.
    pub(crate) path: String,
    /// The CID of the file or folder: the root of the CAR.
    pub(crate) cid: String,
    /// Files that were packed.
    pub(crate) files: usize,
    /// Folders that were packed.
    pub(crate) folders: usize,
    /// Bytes of the files.
    pub(crate) bytes: u64,
    /// Blocks that differ.
    pub(crate) blocks: usize,
    /// Bytes of the CAR.
    pub(crate) car_bytes: u64,
    /// Links, devices and hidden files that were left out, the first 20.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) left_out: Vec<String>,
    /// All that was left out.
    pub(crate) total_left_out: usize,
}

/// What is packed, and how.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) to: Location,
    /// What the caller knows the sources by.
    pub(crate) argument: &'a str,
    pub(crate) sources: &'a [String],
    pub(crate) wrap: bool,
    pub(crate) hidden: bool,
    pub(crate) layout: Layout,
    pub(crate) overwrite: bool,
}

impl Blocks for Writer<NewFile> {
    fn put(&mut self, cid: &Cid, block: &[u8]) -> Result<()> {
        Writer::put(self, cid, block)
    }
}

/// Where a CAR is written.
pub(crate) fn target(argument: &str, path: &str) -> Result<Location> {
    Ok(Folders::granted().locate(argument, path)?)
}

/// Writes a CAR, whole or not at all.
pub(crate) fn pack(request: Request<'_>, meter: &Meter<'_>) -> Result<Packed> {
    let to = request.to;
    let file = NewFile::create("path", &to, request.overwrite)?;
    let skip = vec![to.path.clone(), file.partial().path.clone()];
    let mut writer = Writer::new(file, &to.path, placeholder(request.layout)?)?;
    let mut packer = Packer {
        layout: request.layout,
        hidden: request.hidden,
        blocks: &mut writer,
        meter,
        skip,
        tally: Tally::default(),
    };
    let made = packer.pack(request.argument, request.sources, request.wrap)?;
    let tally = packer.tally;
    meter.check()?;
    let blocks = writer.blocks();
    let car_bytes = writer.finish(made.cid)?.commit()?;
    Ok(Packed {
        path: to.path,
        cid: made.cid.to_string(),
        files: tally.files,
        folders: tally.folders,
        bytes: made.bytes,
        blocks,
        car_bytes,
        left_out: tally.left_out,
        total_left_out: tally.total_left_out,
    })
}
