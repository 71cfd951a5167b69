//! What is in a CAR.

use schemars::JsonSchema;
use serde::Serialize;
use tandem_granted_folders::{self as folders, Folders};

use crate::{
    car::Reader,
    fault::{Fault, Result},
    hash::{codec_name, verify},
    limits::MAX_NAMED,
    meter::Meter,
};

/// A block.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Listed {
    /// Its CID.
    cid: String,
    /// What it is, as `dag-pb`.
    codec: String,
    /// Bytes of its data.
    bytes: u64,
    /// Whether its hash is the one in its CID.
    valid: bool,
}

/// A page of the blocks of a CAR.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Listing {
    /// The version of the CAR, 1 or 2.
    version: u64,
    /// The roots of the CAR, the first 20.
    roots: Vec<String>,
    /// Blocks, in the order of the file.
    blocks: Vec<Listed>,
    /// Blocks in the whole file.
    total_blocks: u64,
    /// Bytes of their data.
    total_bytes: u64,
    /// Blocks whose hash is wrong or cannot be checked.
    invalid_blocks: u64,
    /// Cursor of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists blocks from `cursor` on; all of them are verified.
pub(crate) fn list(path: &str, limit: u32, cursor: Option<&str>, meter: &Meter<'_>) -> Result<Listing> {
    let skip: u64 = cursor.map_or(Ok(0), |cursor| {
        cursor.parse().map_err(|_| Fault::Argument("`cursor` is not one that `next_cursor` gave".into()))
    })?;
    let location = Folders::granted().locate("path", path)?;
    let (file, length) = folders::open("path", &location)?;
    let mut file = std::io::BufReader::with_capacity(1 << 16, file);
    let mut reader = Reader::new(&mut file, length)?;
    let mut page = Listing {
        version: reader.version,
        roots: reader.roots.iter().take(MAX_NAMED).map(ToString::to_string).collect(),
        blocks: Vec::new(),
        total_blocks: 0,
        total_bytes: 0,
        invalid_blocks: 0,
        next_cursor: None,
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    while let Some(block) = reader.next(false)? {
        meter.content(block.data.len())?;
        meter.step()?;
        let valid = verify(&block.cid, &block.data).is_ok();
        let bytes = block.data.len() as u64;
        if page.total_blocks >= skip && page.blocks.len() < limit {
            let codec = codec_name(block.cid.codec());
            page.blocks.push(Listed { cid: block.cid.to_string(), codec, bytes, valid });
        }
        page.total_blocks += 1;
        page.total_bytes += bytes;
        page.invalid_blocks += u64::from(!valid);
    }
    let end = skip.saturating_add(page.blocks.len() as u64);
    page.next_cursor = (end < page.total_blocks).then(|| end.to_string());
    Ok(page)
}
