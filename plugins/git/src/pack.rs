//! Packs, read by seeking: only what is asked for is in memory, whatever the size of the pack.

use std::{
    cell::RefCell,
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::PathBuf,
};

use gix_hash::ObjectId;
use gix_object::Kind;
use gix_zlib::{Decompress, stream::inflate};
use tandem_sdk::prelude::*;

use crate::{
    delta,
    limits::{MAX_DELTA_BYTES, MAX_DELTA_CHAIN, MAX_OBJECT_BYTES},
    object::{Object, too_large},
    place,
};

const ID_BYTES: u64 = 20;
/// The signature, the version, and the table of how many ids begin with a byte or less.
const IDS_AT: u64 = 8 + 256 * 4;

/// A pack and its index of version 2; both are opened when first read.
#[derive(Debug)]
pub(crate) struct Pack {
    index_path: PathBuf,
    pack_path: PathBuf,
    index: RefCell<Option<Index>>,
    pack: RefCell<Option<BufReader<File>>>,
}

#[derive(Debug)]
struct Index {
    file: File,
    /// How many ids begin with this byte or less.
    fan: Vec<u32>,
}

enum Base {
    Whole(Kind),
    Before(u64),
    Id(ObjectId),
}

impl Pack {
    pub(crate) fn new(index_path: PathBuf, pack_path: PathBuf) -> Self {
        Self { index_path, pack_path, index: RefCell::default(), pack: RefCell::default() }
    }

    fn damaged(&self, why: &str) -> Error {
        Error::failed(format!("the pack `{}` is damaged: {why}", place::shown(&self.pack_path)))
    }

    fn with_index<T>(&self, work: impl FnOnce(&mut Index) -> std::io::Result<T>) -> Result<T> {
        let mut slot = self.index.borrow_mut();
        let index = match slot.as_mut() {
            Some(index) => index,
            None => slot.insert(self.open_index()?),
        };
        work(index).map_err(|error| self.damaged(&format!("its index is cut short: {error}")))
    }

    fn open_index(&self) -> Result<Index> {
        let mut file = File::open(&self.index_path).map_err(|error| place::failed(&self.index_path, &error))?;
        let mut head = vec![0; IDS_AT as usize];
        file.read_exact(&mut head).map_err(|_| self.damaged("its index is cut short"))?;
        let table = head
            .strip_prefix(b"\xfftOc\0\0\0\x02")
            .ok_or_else(|| self.damaged("its index is not of version 2; `git index-pack` writes a new one"))?;
        let fan: Vec<u32> = table.as_chunks::<4>().0.iter().map(|bytes| u32::from_be_bytes(*bytes)).collect();
        if !fan.is_sorted() {
            return Err(self.damaged("the table of its index is not sorted"));
        }
        Ok(Index { file, fan })
    }

    /// Where the object `id` begins, if it is in this pack.
    pub(crate) fn offset_of(&self, id: ObjectId) -> Result<Option<u64>> {
        self.with_index(|index| match index.position(id.as_slice())? {
            (position, true) => index.offset(position).map(Some),
            _ => Ok(None),
        })
    }

    /// Adds up to two ids that begin with `prefix`.
    pub(crate) fn with_prefix(&self, prefix: &str, found: &mut Vec<ObjectId>) -> Result<()> {
        let Ok(low) = ObjectId::from_hex(format!("{prefix:0<40}").as_bytes()) else { return Ok(()) };
        self.with_index(|index| {
            let (first, _) = index.position(low.as_slice())?;
            for position in first..first.saturating_add(2).min(index.total()) {
                let id = index.id(position)?;
                if id.to_string().starts_with(prefix) {
                    found.push(id);
                }
            }
            Ok(())
        })
    }

    /// The object that begins at `offset`.
    pub(crate) fn read(&self, offset: u64) -> Result<Object> {
        let (mut at, mut deltas, mut bytes) = (offset, Vec::new(), 0_u64);
        let (kind, mut data) = loop {
            let (base, data) = self.entry(at)?;
            at = match base {
                Base::Whole(kind) => break (kind, data),
                Base::Before(distance) => at
                    .checked_sub(distance)
                    .filter(|base| *base < at)
                    .ok_or_else(|| self.damaged("a delta refers to what is not before it"))?,
                Base::Id(id) => self
                    .offset_of(id)?
                    .ok_or_else(|| self.damaged(&format!("the base {id} of a delta is not there")))?,
            };
            bytes += data.len() as u64;
            deltas.push(data);
            if deltas.len() > MAX_DELTA_CHAIN || bytes > MAX_DELTA_BYTES {
                return Err(self.damaged(&format!(
                    "a chain of deltas is a loop, or has more than {MAX_DELTA_CHAIN} deltas or {MAX_DELTA_BYTES} bytes"
                )));
            }
        };
        while let Some(delta) = deltas.pop() {
            data = delta::apply(&data, &delta).map_err(|why| self.damaged(&why))?;
        }
        Ok(Object { kind, data })
    }

    /// The entry at `offset`: what it is based on, and its data.
    fn entry(&self, offset: u64) -> Result<(Base, Vec<u8>)> {
        let mut slot = self.pack.borrow_mut();
        let file = match slot.as_mut() {
            Some(file) => file,
            None => {
                let file = File::open(&self.pack_path).map_err(|error| place::failed(&self.pack_path, &error))?;
                slot.insert(BufReader::with_capacity(32 << 10, file))
            }
        };
        let short = |error: std::io::Error| self.damaged(&format!("at byte {offset}: {error}"));
        file.seek(SeekFrom::Start(offset)).map_err(short)?;
        let (kind, size) = header(file).map_err(short)?;
        let base = match kind {
            1 => Base::Whole(Kind::Commit),
            2 => Base::Whole(Kind::Tree),
            3 => Base::Whole(Kind::Blob),
            4 => Base::Whole(Kind::Tag),
            6 => Base::Before(distance(file).map_err(short)?),
            7 => Base::Id(id(file).map_err(short)?),
            _ => return Err(self.damaged(&format!("there is no object at byte {offset}"))),
        };
        if size > MAX_OBJECT_BYTES {
            return Err(too_large("an object of the pack", size));
        }
        let mut data = vec![0; usize::try_from(size).map_err(|_| too_large("an object of the pack", size))?];
        let read = inflate::read(file, &mut Decompress::new(), &mut data).map_err(short)?;
        if read != data.len() {
            return Err(self.damaged(&format!("the object at byte {offset} is cut short")));
        }
        Ok((base, data))
    }
}

impl Index {
    fn total(&self) -> u32 {
        self.fan.last().copied().unwrap_or(0)
    }

    fn id(&mut self, position: u32) -> std::io::Result<ObjectId> {
        self.file.seek(SeekFrom::Start(IDS_AT + u64::from(position) * ID_BYTES))?;
        id(&mut self.file)
    }

    /// Where `id` is among the ids or would be, and whether it is there.
    fn position(&mut self, id: &[u8]) -> std::io::Result<(u32, bool)> {
        let first = usize::from(id.first().copied().unwrap_or(0));
        let mut low = first.checked_sub(1).and_then(|before| self.fan.get(before)).copied().unwrap_or(0);
        let mut high = self.fan.get(first).copied().unwrap_or(0);
        while low < high {
            let middle = u32::midpoint(low, high);
            match self.id(middle)?.as_slice().cmp(id) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Ok((middle, true)),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Ok((low, false))
    }

    /// Where the object of this position begins in the pack.
    fn offset(&mut self, position: u32) -> std::io::Result<u64> {
        let total = u64::from(self.total());
        let offsets_at = IDS_AT + total * (ID_BYTES + 4);
        self.file.seek(SeekFrom::Start(offsets_at + u64::from(position) * 4))?;
        let mut short = [0; 4];
        self.file.read_exact(&mut short)?;
        let short = u32::from_be_bytes(short);
        if short & 0x8000_0000 == 0 {
            return Ok(u64::from(short));
        }
        self.file.seek(SeekFrom::Start(offsets_at + total * 4 + u64::from(short & 0x7fff_ffff) * 8))?;
        let mut long = [0; 8];
        self.file.read_exact(&mut long)?;
        Ok(u64::from_be_bytes(long))
    }
}

fn byte(file: &mut impl Read) -> std::io::Result<u8> {
    let mut one = [0];
    file.read_exact(&mut one)?;
    let [byte] = one;
    Ok(byte)
}

fn id(file: &mut impl Read) -> std::io::Result<ObjectId> {
    let mut bytes = [0; ID_BYTES as usize];
    file.read_exact(&mut bytes)?;
    Ok(ObjectId::from(bytes))
}

/// The type and the size of an entry.
fn header(file: &mut impl Read) -> std::io::Result<(u8, u64)> {
    let mut next = byte(file)?;
    let kind = (next >> 4) & 7;
    let (mut size, mut shift) = (u64::from(next & 15), 4);
    while next & 0x80 != 0 {
        if shift > 53 {
            return Err(std::io::Error::other("a size is too large"));
        }
        next = byte(file)?;
        size |= u64::from(next & 0x7f) << shift;
        shift += 7;
    }
    Ok((kind, size))
}

/// How far before an entry its base is.
fn distance(file: &mut impl Read) -> std::io::Result<u64> {
    let mut next = byte(file)?;
    let mut distance = u64::from(next & 0x7f);
    while next & 0x80 != 0 {
        if distance > u64::MAX >> 8 {
            return Err(std::io::Error::other("a distance is too large"));
        }
        next = byte(file)?;
        distance = ((distance + 1) << 7) | u64::from(next & 0x7f);
    }
    Ok(distance)
}
