//! CAR files: version 1 is read and written, the part of version 2 that is version 1 is read.

use std::{
    collections::HashMap,
    io::{Read, Seek, SeekFrom, Write},
};

use cid::Cid;
use serde::{Deserialize, Serialize};
use unsigned_varint::encode;

use crate::{
    fault::{Fault, Result},
    hash,
    limits::{MAX_BLOCK_BYTES, MAX_BLOCKS, MAX_CAR_BYTES, MAX_CID_BYTES, MAX_HEADER_BYTES, MAX_ROOTS},
    meter::Meter,
};

/// What a file or an answer in memory is read through.
pub(crate) trait Source: Read + Seek {}

impl<T: Read + Seek> Source for T {}

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    roots: Option<Vec<Cid>>,
    version: u64,
}

/// The header of version 2: where its part of version 1 is.
const V2_HEADER_BYTES: usize = 40;

/// A CAR that is read from its begin to its end.
pub(crate) struct Reader<'a> {
    source: &'a mut dyn Source,
    pub(crate) version: u64,
    pub(crate) roots: Vec<Cid>,
    position: u64,
    end: u64,
    blocks: usize,
}

/// A block of a CAR.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) cid: Cid,
    pub(crate) data: Vec<u8>,
    /// Where its data begins.
    pub(crate) at: u64,
}

impl<'a> Reader<'a> {
    /// Reads the header of a CAR of `bytes` bytes.
    pub(crate) fn new(source: &'a mut dyn Source, bytes: u64) -> Result<Self> {
        if bytes > MAX_CAR_BYTES {
            return Err(Fault::Limit(format!("the CAR has {bytes} bytes; the bound is {MAX_CAR_BYTES}")));
        }
        let mut reader = Self { source, version: 1, roots: Vec::new(), position: 0, end: bytes, blocks: 0 };
        let mut header = reader.header()?;
        if header.version == 2 {
            reader.version = 2;
            reader.enter_v2()?;
            header = reader.header()?;
        }
        if header.version != 1 {
            return Err(Fault::Unsupported(format!("a CAR of version {} is not read: 1 and 2 are", header.version)));
        }
        reader.roots = header.roots.ok_or_else(|| not_car("its header has no roots"))?;
        if reader.roots.len() > MAX_ROOTS {
            return Err(Fault::Limit(format!("the CAR has more than {MAX_ROOTS} roots")));
        }
        Ok(reader)
    }

    fn header(&mut self) -> Result<Header> {
        let length = self.varint()?.ok_or_else(|| not_car("it is empty"))?;
        if length == 0 || length > MAX_HEADER_BYTES {
            return Err(not_car(&format!("its header says {length} bytes, and has 1 to {MAX_HEADER_BYTES}")));
        }
        if length > self.end.saturating_sub(self.position) {
            return Err(not_car("its header is longer than the file"));
        }
        let bytes = self.take(length)?;
        serde_ipld_dagcbor::from_slice(&bytes).map_err(|_| not_car("its header is not the dag-cbor of a CAR"))
    }

    fn enter_v2(&mut self) -> Result<()> {
        let header = self.take(V2_HEADER_BYTES as u64)?;
        let number = |at: usize| {
            let bytes = header.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
            bytes.map(u64::from_le_bytes).unwrap_or_default()
        };
        let (start, length) = (number(16), number(24));
        let end = start.checked_add(length).filter(|end| start >= self.position && *end <= self.end);
        self.end = end.ok_or_else(|| not_car("its header of version 2 points outside of the file"))?;
        self.source.seek(SeekFrom::Start(start)).map_err(Fault::reading)?;
        self.position = start;
        Ok(())
    }

    /// The next block, which is verified if `verify`; none at the end.
    pub(crate) fn next(&mut self, verify: bool) -> Result<Option<Block>> {
        let Some(length) = self.varint()? else { return Ok(None) };
        let at = self.position;
        if length == 0 {
            return Err(Fault::Damaged(format!("the CAR is damaged at byte {at}: a block has no CID")));
        }
        if length > MAX_BLOCK_BYTES + MAX_CID_BYTES as u64 {
            return Err(Fault::Limit(format!(
                "the CAR says at byte {at} that a block has {length} bytes; the bound is {MAX_BLOCK_BYTES}"
            )));
        }
        self.blocks += 1;
        if self.blocks > MAX_BLOCKS {
            return Err(Fault::Limit(format!("the CAR has more than {MAX_BLOCKS} blocks, the bound of a call")));
        }
        let mut data = self.take(length)?;
        let mut rest = data.as_slice();
        let cid = Cid::read_bytes(&mut rest)
            .map_err(|error| Fault::Damaged(format!("the CAR is damaged at byte {at}: no valid CID: {error}")))?;
        let skip = data.len() - rest.len();
        data.drain(..skip);
        if data.len() as u64 > MAX_BLOCK_BYTES || skip > MAX_CID_BYTES {
            return Err(Fault::Limit(format!("block {cid} has more than {MAX_BLOCK_BYTES} bytes")));
        }
        if verify {
            hash::verify(&cid, &data)?;
        }
        Ok(Some(Block { cid, data, at: at + skip as u64 }))
    }

    /// A length; none at the end.
    fn varint(&mut self) -> Result<Option<u64>> {
        let begin = self.position;
        let (mut number, mut shift) = (0_u64, 0_u32);
        loop {
            if self.position >= self.end {
                return if self.position == begin { Ok(None) } else { Err(cut_off()) };
            }
            let mut byte = [0];
            self.source.read_exact(&mut byte).map_err(Fault::reading)?;
            self.position += 1;
            let [byte] = byte;
            // Nine bytes are what the specification of varints allows; a last byte of zero has a shorter form.
            if shift > 56 || (byte == 0 && shift > 0) {
                return Err(Fault::Damaged(format!("the CAR is damaged at byte {begin}: a length is too long")));
            }
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(Some(number));
            }
            shift += 7;
        }
    }

    fn take(&mut self, length: u64) -> Result<Vec<u8>> {
        if length > self.end.saturating_sub(self.position) {
            return Err(cut_off());
        }
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        self.source.read_exact(&mut bytes).map_err(Fault::reading)?;
        self.position += length;
        Ok(bytes)
    }
}

fn not_car(why: &str) -> Fault {
    Fault::Damaged(format!("the file is not a CAR: {why}"))
}

fn cut_off() -> Fault {
    Fault::Damaged("the CAR ends too early: it is cut off, or a length in it lies".to_owned())
}

/// The blocks of a CAR by their CIDs. All of them were verified once; each is verified again when it is read.
pub(crate) struct Store<'a> {
    source: &'a mut dyn Source,
    places: HashMap<Vec<u8>, (u64, usize)>,
    pub(crate) roots: Vec<Cid>,
    pub(crate) bytes: u64,
}

impl<'a> Store<'a> {
    pub(crate) fn open(source: &'a mut dyn Source, bytes: u64, meter: &Meter<'_>) -> Result<Self> {
        let mut places = HashMap::new();
        let mut reader = Reader::new(source, bytes)?;
        while let Some(block) = reader.next(true)? {
            meter.step()?;
            places.entry(key(&block.cid)).or_insert((block.at, block.data.len()));
        }
        let Reader { source, roots, .. } = reader;
        Ok(Self { source, places, roots, bytes })
    }

    /// Blocks that differ.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// The verified bytes of a block.
    pub(crate) fn get(&mut self, cid: &Cid) -> Result<Vec<u8>> {
        if let Some(bytes) = hash::inline(cid) {
            return Ok(bytes.to_vec());
        }
        let (at, length) = *self.places.get(&key(cid)).ok_or_else(|| {
            Fault::NotFound(format!("block {cid} is not in the CAR, which has {} blocks", self.places.len()))
        })?;
        self.source.seek(SeekFrom::Start(at)).map_err(Fault::reading)?;
        let mut bytes = vec![0; length];
        self.source.read_exact(&mut bytes).map_err(Fault::reading)?;
        hash::verify(cid, &bytes)?;
        Ok(bytes)
    }

    /// The CID to begin at: the one that is given, or the only root.
    pub(crate) fn start(&self, given: Option<Cid>) -> Result<Cid> {
        match (given, self.roots.as_slice()) {
            (Some(cid), _) => Ok(cid),
            (None, [root]) => Ok(*root),
            (None, roots) => Err(Fault::Argument(format!(
                "`cid` has to be given: the CAR has {} roots; `ipfs_car_list` lists them",
                roots.len()
            ))),
        }
    }
}

/// Blocks are known by their hashes: version and codec of a CID do not change the bytes.
fn key(cid: &Cid) -> Vec<u8> {
    cid.hash().to_bytes()
}

/// Writes a CAR with one root, which is known at the end only.
pub(crate) struct Writer<W: Write + Seek> {
    to: W,
    path: String,
    header: usize,
    seen: HashMap<Vec<u8>, ()>,
    pub(crate) bytes: u64,
}

impl<W: Write + Seek> Writer<W> {
    /// `placeholder` is as long as the root will be.
    pub(crate) fn new(to: W, path: &str, placeholder: Cid) -> Result<Self> {
        let mut writer = Self { to, path: path.to_owned(), header: 0, seen: HashMap::new(), bytes: 0 };
        let header = header_of(placeholder)?;
        writer.header = header.len();
        writer.write(&header)?;
        Ok(writer)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.to.write_all(bytes).map_err(|error| Fault::io(&self.path, error))?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Blocks that were written.
    pub(crate) fn blocks(&self) -> usize {
        self.seen.len()
    }

    /// Adds a block unless it is there already.
    pub(crate) fn put(&mut self, cid: &Cid, block: &[u8]) -> Result<()> {
        let name = cid.to_bytes();
        if self.seen.len() >= MAX_BLOCKS {
            return Err(Fault::Limit(format!("the CAR would have more than {MAX_BLOCKS} blocks: take larger chunks")));
        }
        if self.seen.insert(name.clone(), ()).is_some() {
            return Ok(());
        }
        let length = (name.len() + block.len()) as u64;
        self.write(encode::u64(length, &mut encode::u64_buffer()))?;
        self.write(&name)?;
        self.write(block)
    }

    /// Puts the root into the header and gives the file back.
    pub(crate) fn finish(mut self, root: Cid) -> Result<W> {
        let header = header_of(root)?;
        if header.len() != self.header {
            return Err(Fault::Unsupported("the root is not as long as was thought".to_owned()));
        }
        let failed = |error| Fault::io(&self.path, error);
        self.to.seek(SeekFrom::Start(0)).map_err(failed)?;
        self.to.write_all(&header).map_err(failed)?;
        Ok(self.to)
    }
}

fn header_of(root: Cid) -> Result<Vec<u8>> {
    let header = Header { roots: Some(vec![root]), version: 1 };
    let bytes = serde_ipld_dagcbor::to_vec(&header)
        .map_err(|error| Fault::Unsupported(format!("the header cannot be made: {error}")))?;
    let mut all = encode::u64(bytes.len() as u64, &mut encode::u64_buffer()).to_vec();
    all.extend_from_slice(&bytes);
    Ok(all)
}
