//! UnixFS content out of verified blocks: folders, also sharded ones, and the bytes of files.

use std::io::Write;

use cid::Cid;

use crate::{
    car::Store,
    fault::{Fault, Result},
    hash::{DAG_PB, RAW, codec_name},
    limits::{MAX_DEPTH, MAX_ENTRIES},
    meter::Meter,
    pb::{Link, decode_node},
    unixfs::{self, Kind},
};

/// What a CID is as content.
#[derive(Debug)]
pub(crate) enum Content {
    File,
    Folder(Vec<Link>),
    Symlink,
}

pub(crate) struct Walker<'a, 'b> {
    pub(crate) store: &'a mut Store<'b>,
    pub(crate) meter: &'a Meter<'a>,
}

impl Walker<'_, '_> {
    /// Whether a CID is a file or a folder; the entries of a folder.
    pub(crate) fn content(&mut self, cid: &Cid) -> Result<Content> {
        if cid.codec() == RAW {
            return Ok(Content::File);
        }
        let (kind, links, fanout) = self.node(cid)?;
        match kind {
            Kind::Raw | Kind::File => Ok(Content::File),
            Kind::Symlink => Ok(Content::Symlink),
            Kind::Folder => Ok(Content::Folder(links)),
            Kind::Shard => {
                let mut entries = Vec::new();
                self.shard(links, fanout, 0, &mut entries)?;
                Ok(Content::Folder(entries))
            }
        }
    }

    fn node(&mut self, cid: &Cid) -> Result<(Kind, Vec<Link>, u64)> {
        if cid.codec() != DAG_PB {
            return Err(Fault::Unsupported(format!(
                "{cid} is {} and neither a file nor a folder; `ipfs_dag_get` reads it",
                codec_name(cid.codec())
            )));
        }
        self.meter.visit()?;
        let node = decode_node(&self.store.get(cid)?)?;
        let data = unixfs::decode(node.data.as_deref().unwrap_or_default())?;
        Ok((data.kind, node.links, data.fanout))
    }

    /// The entries of a shard: a link whose name is a prefix only leads to another one.
    fn shard(&mut self, links: Vec<Link>, fanout: u64, depth: usize, to: &mut Vec<Link>) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(Fault::Limit(format!("a sharded folder is more than {MAX_DEPTH} levels deep")));
        }
        if !(2..=1024).contains(&fanout) {
            return Err(Fault::Damaged(format!("a sharded folder has a fanout of {fanout}, which is 2 to 1024")));
        }
        let width = format!("{:X}", fanout - 1).len();
        for mut link in links {
            let name = link.name.split_at_checked(width).map(|(_, name)| name.to_owned());
            let name = name.ok_or_else(|| Fault::Damaged("a link of a sharded folder has no prefix".to_owned()))?;
            if name.is_empty() {
                let (kind, links, fanout) = self.node(&link.cid)?;
                if kind != Kind::Shard {
                    return Err(Fault::Damaged(format!("{} is not the shard of a folder", link.cid)));
                }
                self.shard(links, fanout, depth + 1, to)?;
            } else {
                link.name = name;
                to.push(link);
            }
            if to.len() > MAX_ENTRIES {
                return Err(Fault::Limit(format!("a folder has more than {MAX_ENTRIES} entries")));
            }
        }
        Ok(())
    }

    /// Writes the bytes of a file in order; tells how many.
    pub(crate) fn file(&mut self, cid: &Cid, to: &mut dyn Write, path: &str) -> Result<u64> {
        let mut waiting = vec![(*cid, 0_usize)];
        let mut written = 0;
        while let Some((cid, depth)) = waiting.pop() {
            if depth > MAX_DEPTH {
                return Err(Fault::Limit(format!("the tree of a file is more than {MAX_DEPTH} levels deep")));
            }
            self.meter.visit()?;
            let block = self.store.get(&cid)?;
            let (data, stated, links) =
                if cid.codec() == RAW { (block, None, Vec::new()) } else { part(&cid, &block)? };
            if links.is_empty() && stated.is_some_and(|stated| stated != data.len() as u64) {
                return Err(Fault::Damaged(format!("{cid} says another length than it has")));
            }
            self.meter.expanded(data.len(), self.store.bytes)?;
            to.write_all(&data).map_err(|error| Fault::io(path, error))?;
            written += data.len() as u64;
            // The last of them is next.
            waiting.extend(links.iter().rev().map(|link| (link.cid, depth + 1)));
            if waiting.len() > MAX_ENTRIES * 4 {
                return Err(Fault::Limit(format!("{cid} is a file of too many parts")));
            }
        }
        Ok(written)
    }
}

/// The bytes in a node of a file, their stated number, and the rest of the file.
fn part(cid: &Cid, block: &[u8]) -> Result<(Vec<u8>, Option<u64>, Vec<Link>)> {
    if cid.codec() != DAG_PB {
        return Err(Fault::Unsupported(format!("{cid}, a part of a file, is {}", codec_name(cid.codec()))));
    }
    let node = decode_node(block)?;
    let data = unixfs::decode(node.data.as_deref().unwrap_or_default())?;
    match data.kind {
        Kind::Raw | Kind::File => Ok((data.data, data.bytes, node.links)),
        _ => Err(Fault::Damaged(format!("{cid}, a part of a file, is a folder or a link"))),
    }
}
