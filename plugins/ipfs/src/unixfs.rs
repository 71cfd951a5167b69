//! UnixFS: what the data of a dag-pb node says about files and folders.

use crate::{
    fault::{Fault, Result},
    pb::{field, put_bytes, put_number},
};

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Raw,
    Folder,
    File,
    Symlink,
    Shard,
}

/// The data of a node.
#[derive(Debug)]
pub(crate) struct Data {
    pub(crate) kind: Kind,
    pub(crate) data: Vec<u8>,
    pub(crate) bytes: Option<u64>,
    pub(crate) fanout: u64,
}

/// Reads the data of a node. Modes and times, which newer nodes may have, are passed over.
pub(crate) fn decode(mut rest: &[u8]) -> Result<Data> {
    let (mut kind, mut data, mut bytes, mut fanout) = (None, Vec::new(), None, 0);
    while let Some((number, value)) = field(&mut rest)? {
        match number {
            1 => kind = Some(kind_of(value.number()?)?),
            2 => data = value.bytes()?.to_vec(),
            3 => bytes = Some(value.number()?),
            6 => fanout = value.number()?,
            _ => {}
        }
    }
    let kind = kind.ok_or_else(|| Fault::Damaged("a dag-pb block has data that is not UnixFS".to_owned()))?;
    Ok(Data { kind, data, bytes, fanout })
}

fn kind_of(number: u64) -> Result<Kind> {
    match number {
        0 => Ok(Kind::Raw),
        1 => Ok(Kind::Folder),
        2 => Ok(Kind::File),
        4 => Ok(Kind::Symlink),
        5 => Ok(Kind::Shard),
        other => Err(Fault::Unsupported(format!("a UnixFS node is of the type {other}, which is not read"))),
    }
}

/// The data of a leaf of a file.
pub(crate) fn leaf(chunk: &[u8]) -> Vec<u8> {
    let mut data = Vec::with_capacity(chunk.len() + 16);
    put_number(&mut data, 1, 2);
    if !chunk.is_empty() {
        put_bytes(&mut data, 2, chunk);
    }
    put_number(&mut data, 3, chunk.len() as u64);
    data
}

/// The data of a node of a file that links to `parts` with so many bytes each.
pub(crate) fn inner(parts: &[u64]) -> Vec<u8> {
    let mut data = Vec::new();
    put_number(&mut data, 1, 2);
    put_number(&mut data, 3, parts.iter().sum());
    for part in parts {
        put_number(&mut data, 4, *part);
    }
    data
}

/// The data of a folder.
pub(crate) fn folder() -> Vec<u8> {
    let mut data = Vec::new();
    put_number(&mut data, 1, 1);
    data
}
