//! The terms of a segment and where they occur.
//!
//! Terms are sorted and cut into blocks, each a finite-state transducer; looking a term up reads one block. What a
//! block maps a term to is where its postings begin in one long run of bytes that is read page by page: how many
//! documents have the term, how many bytes follow, and for each document the distance from the one before and how
//! often it has the term, all as variable-length numbers.

use fst::{IntoStreamer, Map, MapBuilder, Streamer};
use serde::{Deserialize, Serialize};
use tandem_segments::{Error, Result, SegmentReader, SegmentWriter};

const BLOCKS: char = 't';
const POSTINGS: char = 'p';
/// Terms of a block: some 20 KiB to read for a look-up.
const BLOCK_TERMS: usize = 4096;
/// A page of postings holds many short lists and a small part of a long one.
const PAGE_BYTES: usize = 64 << 10;

/// Numbers of fields from here on stand for the words themselves of the fields below, of which there are fewer
/// ([`crate::settings::MAX_FIELDS`]).
const WORDS: usize = 0x80;

/// Where terms are.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct TermDirectory {
    /// The first term of every block.
    first_terms: Vec<Vec<u8>>,
    postings_bytes: u64,
}

/// That a document has a term, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Posting {
    pub(crate) document: u32,
    pub(crate) count: u32,
}

/// The term of a word in a field.
pub(crate) fn key(field: usize, term: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + term.len());
    key.push(u8::try_from(field).unwrap_or(u8::MAX));
    key.extend_from_slice(term.as_bytes());
    key
}

/// The term of a word as it stands, in a field whose other terms are stems: what `word*` is compared with.
pub(crate) fn word_key(field: usize, word: &str) -> Vec<u8> {
    key(field | WORDS, word)
}

/// Writes terms in order.
pub(crate) struct TermWriter {
    directory: TermDirectory,
    block: MapBuilder<Vec<u8>>,
    block_terms: usize,
    page: Vec<u8>,
    pages: u32,
}

impl TermWriter {
    pub(crate) fn new() -> Self {
        let directory = TermDirectory::default();
        Self { directory, block: MapBuilder::memory(), block_terms: 0, page: Vec::new(), pages: 0 }
    }

    /// Adds the next term with its postings, which must be sorted.
    pub(crate) fn push(&mut self, writer: &mut SegmentWriter<'_>, key: &[u8], postings: &[Posting]) -> Result<()> {
        if self.block_terms == 0 {
            self.directory.first_terms.push(key.to_vec());
        }
        self.block.insert(key, self.directory.postings_bytes).map_err(broken)?;
        self.block_terms += 1;

        let mut bytes = Vec::with_capacity(postings.len() * 2);
        let mut before = 0;
        for posting in postings {
            put_number(&mut bytes, posting.document - before);
            put_number(&mut bytes, posting.count);
            before = posting.document;
        }
        let mut header = Vec::with_capacity(10);
        put_number(&mut header, u32::try_from(postings.len()).unwrap_or(u32::MAX));
        put_number(&mut header, u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        self.put(writer, &header)?;
        self.put(writer, &bytes)?;
        if self.block_terms == BLOCK_TERMS { self.close_block(writer) } else { Ok(()) }
    }

    pub(crate) fn finish(mut self, writer: &mut SegmentWriter<'_>) -> Result<TermDirectory> {
        if self.block_terms > 0 {
            self.close_block(writer)?;
        }
        if !self.page.is_empty() {
            writer.put(POSTINGS, self.pages, self.page)?;
        }
        Ok(self.directory)
    }

    fn put(&mut self, writer: &mut SegmentWriter<'_>, mut bytes: &[u8]) -> Result<()> {
        self.directory.postings_bytes += bytes.len() as u64;
        while let Some((head, rest)) = bytes.split_at_checked(PAGE_BYTES - self.page.len()) {
            self.page.extend_from_slice(head);
            writer.put(POSTINGS, self.pages, std::mem::take(&mut self.page))?;
            self.pages += 1;
            bytes = rest;
        }
        self.page.extend_from_slice(bytes);
        Ok(())
    }

    fn close_block(&mut self, writer: &mut SegmentWriter<'_>) -> Result<()> {
        let block = std::mem::replace(&mut self.block, MapBuilder::memory()).into_inner().map_err(broken)?;
        let number = u32::try_from(self.directory.first_terms.len()).unwrap_or(u32::MAX).saturating_sub(1);
        self.block_terms = 0;
        writer.put(BLOCKS, number, block)
    }
}

/// Reads terms; a page or block is read once.
pub(crate) struct TermReader<'a> {
    segment: &'a SegmentReader<'a>,
    directory: &'a TermDirectory,
    blocks: Vec<(usize, Map<Vec<u8>>)>,
    pages: Vec<(u32, Vec<u8>)>,
}

impl<'a> TermReader<'a> {
    pub(crate) fn new(segment: &'a SegmentReader<'a>, directory: &'a TermDirectory) -> Self {
        Self { segment, directory, blocks: Vec::new(), pages: Vec::new() }
    }

    /// The documents that have a term.
    pub(crate) fn find(&mut self, key: &[u8]) -> Result<Option<Postings>> {
        let Some(block) = self.block_of(key) else { return Ok(None) };
        match self.block(block)?.get(key) {
            None => Ok(None),
            Some(offset) => self.postings(offset).map(Some),
        }
    }

    /// The terms that begin with `prefix`, with their postings; at most one more than `limit`.
    pub(crate) fn expand(&mut self, prefix: &[u8], limit: usize) -> Result<Vec<Postings>> {
        let mut offsets = Vec::new();
        let first = self.block_of(prefix).unwrap_or(0);
        'blocks: for block in first..self.directory.first_terms.len() {
            let mut stream = self.block(block)?.range().ge(prefix).into_stream();
            while let Some((term, offset)) = stream.next() {
                if !term.starts_with(prefix) || offsets.len() > limit {
                    break 'blocks;
                }
                offsets.push(offset);
            }
        }
        offsets.into_iter().map(|offset| self.postings(offset)).collect()
    }

    /// Whether any term begins with `prefix`.
    pub(crate) fn has(&mut self, prefix: &[u8]) -> Result<bool> {
        let first = self.block_of(prefix).unwrap_or(0);
        for block in first..self.directory.first_terms.len() {
            if let Some((term, _)) = self.block(block)?.range().ge(prefix).into_stream().next() {
                return Ok(term.starts_with(prefix));
            }
        }
        Ok(false)
    }

    /// The postings that begin at an offset.
    fn postings(&mut self, offset: u64) -> Result<Postings> {
        let header = self.bytes(offset, 10)?;
        let mut rest = header.as_slice();
        let (documents, length) = (take_number(&mut rest)?, take_number(&mut rest)?);
        let start = offset + (header.len() - rest.len()) as u64;
        let bytes = self.bytes(start, length as usize)?;
        if bytes.len() == length as usize { Ok(Postings { documents, bytes }) } else { Err(cut_short()) }
    }

    fn block_of(&self, key: &[u8]) -> Option<usize> {
        self.directory.first_terms.partition_point(|first| first.as_slice() <= key).checked_sub(1)
    }

    fn block(&mut self, number: usize) -> Result<&Map<Vec<u8>>> {
        let at = match self.blocks.iter().position(|(block, _)| *block == number) {
            Some(at) => at,
            None => {
                let bytes = self.segment.get(BLOCKS, u32::try_from(number).unwrap_or(u32::MAX))?;
                self.blocks.push((number, Map::new(bytes).map_err(broken)?));
                self.blocks.len() - 1
            }
        };
        self.blocks.get(at).map(|(_, block)| block).ok_or_else(cut_short)
    }

    /// Up to `length` bytes from `offset` on: fewer only at the very end.
    fn bytes(&mut self, offset: u64, length: usize) -> Result<Vec<u8>> {
        let end = (offset + length as u64).min(self.directory.postings_bytes);
        let mut bytes = Vec::with_capacity(length);
        let mut at = offset;
        while at < end {
            let page = self.page(page_of(at))?;
            let start = (at % PAGE_BYTES as u64) as usize;
            let wanted = (end - at) as usize;
            let part = page.get(start..(start + wanted).min(page.len())).filter(|part| !part.is_empty());
            let part = part.ok_or_else(cut_short)?;
            bytes.extend_from_slice(part);
            at += part.len() as u64;
        }
        Ok(bytes)
    }

    fn page(&mut self, number: u32) -> Result<&[u8]> {
        let at = match self.pages.iter().position(|(page, _)| *page == number) {
            Some(at) => at,
            None => {
                self.pages.push((number, self.segment.get(POSTINGS, number)?));
                self.pages.len() - 1
            }
        };
        self.pages.get(at).map(|(_, page)| page.as_slice()).ok_or_else(cut_short)
    }
}

/// Walks over all terms of a segment in order, a block at a time.
pub(crate) struct TermCursor<'a> {
    reader: TermReader<'a>,
    next_block: usize,
    /// What is left of the block, last first.
    terms: Vec<(Vec<u8>, u64)>,
}

impl<'a> TermCursor<'a> {
    pub(crate) fn new(reader: TermReader<'a>) -> Result<Self> {
        let mut cursor = Self { reader, next_block: 0, terms: Vec::new() };
        cursor.load()?;
        Ok(cursor)
    }

    /// The term that is next.
    pub(crate) fn term(&self) -> Option<&[u8]> {
        self.terms.last().map(|(term, _)| term.as_slice())
    }

    /// The postings of the term that is next; and goes on to the one after it.
    pub(crate) fn take(&mut self) -> Result<Postings> {
        let (_, offset) = self.terms.pop().ok_or_else(cut_short)?;
        let needed = page_of(offset);
        self.reader.pages.retain(|(number, _)| *number >= needed);
        let postings = self.reader.postings(offset)?;
        if self.terms.is_empty() {
            self.load()?;
        }
        Ok(postings)
    }

    fn load(&mut self) -> Result<()> {
        if self.next_block < self.reader.directory.first_terms.len() {
            let mut stream = self.reader.block(self.next_block)?.stream();
            while let Some((term, offset)) = stream.next() {
                self.terms.push((term.to_vec(), offset));
            }
            self.terms.reverse();
            self.reader.blocks.clear();
            self.next_block += 1;
        }
        Ok(())
    }
}

fn page_of(offset: u64) -> u32 {
    u32::try_from(offset / PAGE_BYTES as u64).unwrap_or(u32::MAX)
}

/// The documents that have a term.
#[derive(Debug)]
pub(crate) struct Postings {
    /// How many they are.
    pub(crate) documents: u32,
    bytes: Vec<u8>,
}

impl Postings {
    /// Calls `visit` with every posting, in order.
    pub(crate) fn each(&self, mut visit: impl FnMut(Posting)) -> Result<()> {
        let mut rest = self.bytes.as_slice();
        let mut document = 0u32;
        for _ in 0..self.documents {
            document = document.checked_add(take_number(&mut rest)?).ok_or_else(cut_short)?;
            visit(Posting { document, count: take_number(&mut rest)? });
        }
        Ok(())
    }
}

/// Seven bits a byte, low ones first; the eighth says that more follow.
fn put_number(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take_number(bytes: &mut &[u8]) -> Result<u32> {
    let mut number = 0u32;
    for shift in (0..35).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or_else(cut_short)?;
        *bytes = rest;
        number |= u32::from(byte & 0x7f).checked_shl(shift).ok_or_else(cut_short)?;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(cut_short())
}

fn cut_short() -> Error {
    Error::corrupt("postings are cut short")
}

fn broken(error: fst::Error) -> Error {
    Error::corrupt(format!("terms: {error}"))
}
