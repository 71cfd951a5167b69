//! Makes the DAG of files and folders as kubo does: a balanced tree with 174 links a node.

use std::io::Read;

use cid::{Cid, Version};

use crate::{
    fault::{Fault, Result},
    hash::{DAG_PB, RAW, cid_of},
    limits::{FILE_WIDTH, MAX_FOLDER_BYTES},
    meter::Meter,
    pb::{Link, encode_node},
    unixfs,
};

/// How content becomes blocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) version: Version,
    pub(crate) raw_leaves: bool,
    pub(crate) chunk_bytes: usize,
}

/// Where blocks go.
pub(crate) trait Blocks {
    fn put(&mut self, cid: &Cid, block: &[u8]) -> Result<()>;
}

/// A DAG that was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Made {
    pub(crate) cid: Cid,
    /// Bytes of the content.
    pub(crate) bytes: u64,
    /// Bytes of all blocks, each as often as it is linked.
    pub(crate) dag_bytes: u64,
}

pub(crate) struct Builder<'a> {
    pub(crate) layout: Layout,
    pub(crate) blocks: &'a mut dyn Blocks,
    pub(crate) meter: &'a Meter<'a>,
}

impl Builder<'_> {
    /// The DAG of a file.
    pub(crate) fn file(&mut self, content: &mut dyn Read, path: &str) -> Result<Made> {
        let mut levels: Vec<Vec<Made>> = vec![Vec::new()];
        let mut chunk = Vec::with_capacity(self.layout.chunk_bytes);
        loop {
            chunk.clear();
            let mut part = content.take(self.layout.chunk_bytes as u64);
            part.read_to_end(&mut chunk).map_err(|error| Fault::io(path, error))?;
            let first = levels.iter().all(Vec::is_empty);
            if chunk.is_empty() && !first {
                break;
            }
            self.meter.content(chunk.len())?;
            let leaf = self.leaf(&chunk)?;
            self.push(&mut levels, 0, leaf)?;
            if chunk.len() < self.layout.chunk_bytes {
                break;
            }
        }
        self.close(levels)
    }

    /// The DAG of a folder with these entries.
    pub(crate) fn folder(&mut self, mut entries: Vec<(String, Made)>, path: &str) -> Result<Made> {
        entries.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
        let estimated: usize = entries.iter().map(|(name, made)| name.len() + made.cid.encoded_len()).sum();
        if estimated > MAX_FOLDER_BYTES {
            return Err(Fault::Limit(format!(
                "`{path}` has too many entries for one block ({estimated} bytes of links, the bound is {MAX_FOLDER_BYTES}): sharded folders are read and not made; split the folder"
            )));
        }
        let bytes = entries.iter().map(|(_, made)| made.bytes).sum();
        let links: Vec<Link> =
            entries.into_iter().map(|(name, made)| Link { cid: made.cid, name, size: made.dag_bytes }).collect();
        self.node(&links, &unixfs::folder(), bytes)
    }

    fn leaf(&mut self, chunk: &[u8]) -> Result<Made> {
        if !self.layout.raw_leaves {
            return self.node(&[], &unixfs::leaf(chunk), chunk.len() as u64);
        }
        // Raw blocks have no CIDv0: kubo takes version 1 for them.
        let cid = cid_of(Version::V1, RAW, chunk)?;
        self.blocks.put(&cid, chunk)?;
        Ok(Made { cid, bytes: chunk.len() as u64, dag_bytes: chunk.len() as u64 })
    }

    fn node(&mut self, links: &[Link], data: &[u8], bytes: u64) -> Result<Made> {
        let block = encode_node(links, data);
        let cid = cid_of(self.layout.version, DAG_PB, &block)?;
        self.blocks.put(&cid, &block)?;
        let linked: u64 = links.iter().map(|link| link.size).sum();
        Ok(Made { cid, bytes, dag_bytes: linked + block.len() as u64 })
    }

    /// Adds a part to a level; a level that is full becomes one part of the next first.
    fn push(&mut self, levels: &mut Vec<Vec<Made>>, at: usize, part: Made) -> Result<()> {
        if levels.get(at).is_some_and(|level| level.len() >= FILE_WIDTH) {
            let full = levels.get_mut(at).map(std::mem::take).unwrap_or_default();
            let node = self.parent(&full)?;
            self.push(levels, at + 1, node)?;
        }
        while levels.len() <= at {
            levels.push(Vec::new());
        }
        if let Some(level) = levels.get_mut(at) {
            level.push(part);
        }
        Ok(())
    }

    fn parent(&mut self, parts: &[Made]) -> Result<Made> {
        let sizes: Vec<u64> = parts.iter().map(|part| part.bytes).collect();
        let links: Vec<Link> =
            parts.iter().map(|part| Link { cid: part.cid, name: String::new(), size: part.dag_bytes }).collect();
        self.node(&links, &unixfs::inner(&sizes), sizes.iter().sum())
    }

    /// The root over what the levels still hold.
    fn close(&mut self, mut levels: Vec<Vec<Made>>) -> Result<Made> {
        let mut at = 0;
        loop {
            let parts = levels.get_mut(at).map(std::mem::take).unwrap_or_default();
            let highest = levels.iter().skip(at + 1).all(Vec::is_empty);
            if let ([only], true) = (parts.as_slice(), highest) {
                return Ok(*only);
            }
            if parts.is_empty() {
                return Err(Fault::Unsupported("a file without leaves".to_owned()));
            }
            let node = self.parent(&parts)?;
            at += 1;
            self.push(&mut levels, at, node)?;
        }
    }
}
