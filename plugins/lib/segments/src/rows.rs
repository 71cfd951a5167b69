//! Rows of any length, packed into pages that are read one by one.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::segment::{SegmentReader, SegmentWriter};

/// A page is closed at this size: one read then costs little, and a few of them hold many short rows.
const PAGE_BYTES: usize = 64 << 10;

/// Where rows are: the first row of every page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowDirectory {
    first_rows: Vec<u32>,
}

/// Packs rows into pages of one part, in order.
#[derive(Debug)]
pub struct RowWriter {
    part: char,
    directory: RowDirectory,
    rows: u32,
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

impl RowWriter {
    /// A writer of the part `part`.
    pub fn new(part: char) -> Self {
        Self { part, directory: RowDirectory::default(), rows: 0, ends: Vec::new(), bytes: Vec::new() }
    }

    /// Adds the next row. Answers whether it is the first of a page.
    pub fn push(&mut self, writer: &mut SegmentWriter<'_>, row: &[u8]) -> Result<bool> {
        if !self.ends.is_empty() && self.bytes.len() + row.len() > PAGE_BYTES {
            self.close(writer)?;
        }
        let first = self.ends.is_empty();
        if first {
            self.directory.first_rows.push(self.rows);
        }
        self.bytes.extend_from_slice(row);
        self.ends.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
        self.rows += 1;
        Ok(first)
    }

    /// Writes the last page. Answers where the rows are.
    pub fn finish(mut self, writer: &mut SegmentWriter<'_>) -> Result<RowDirectory> {
        if !self.ends.is_empty() {
            self.close(writer)?;
        }
        Ok(self.directory)
    }

    fn close(&mut self, writer: &mut SegmentWriter<'_>) -> Result<()> {
        let count = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        let mut page = Vec::with_capacity(4 + self.ends.len() * 4 + self.bytes.len());
        page.extend_from_slice(&count.to_le_bytes());
        page.extend(self.ends.drain(..).flat_map(u32::to_le_bytes));
        page.append(&mut self.bytes);
        let number = u32::try_from(self.directory.first_rows.len()).unwrap_or(u32::MAX).saturating_sub(1);
        writer.put(self.part, number, page)
    }
}

/// One page of rows.
#[derive(Debug)]
struct Page {
    ends: Vec<u32>,
    bytes: Vec<u8>,
    start: usize,
}

impl Page {
    fn parse(bytes: Vec<u8>) -> Option<Self> {
        let (count, rest) = bytes.split_first_chunk::<4>()?;
        let count = u32::from_le_bytes(*count) as usize;
        let (table, _) = rest.split_at_checked(count.checked_mul(4)?)?;
        let ends = table.as_chunks::<4>().0.iter().map(|end| u32::from_le_bytes(*end)).collect();
        Some(Self { ends, start: 4 + count * 4, bytes })
    }

    fn row(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)? as usize;
        let begin = if index == 0 { 0 } else { *self.ends.get(index - 1)? as usize };
        self.bytes.get(self.start + begin..self.start + end)
    }
}

/// Reads rows; a page is read once.
#[derive(Debug)]
pub struct RowReader<'a> {
    segment: &'a SegmentReader<'a>,
    part: char,
    directory: &'a RowDirectory,
    pages: Vec<(usize, Page)>,
}

impl<'a> RowReader<'a> {
    /// A reader of what a [`RowWriter`] wrote.
    pub fn new(segment: &'a SegmentReader<'a>, part: char, directory: &'a RowDirectory) -> Self {
        Self { segment, part, directory, pages: Vec::new() }
    }

    /// How many pages there are.
    pub fn pages(&self) -> usize {
        self.directory.first_rows.len()
    }

    /// The row with this number.
    pub fn row(&mut self, row: u32) -> Result<&[u8]> {
        let after = self.directory.first_rows.partition_point(|first| *first <= row);
        let (page, first) = after
            .checked_sub(1)
            .and_then(|page| Some((page, *self.directory.first_rows.get(page)?)))
            .ok_or_else(missing)?;
        self.page(page)?.row((row - first) as usize).ok_or_else(missing)
    }

    /// The first row of a page, and its rows.
    pub fn page_rows(&mut self, page: usize) -> Result<(u32, impl Iterator<Item = &[u8]>)> {
        let first = *self.directory.first_rows.get(page).ok_or_else(missing)?;
        let page = self.page(page)?;
        Ok((first, (0..page.ends.len()).map_while(|index| page.row(index))))
    }

    /// The row of a page, whose rows are sorted, for which `order` answers `Equal`.
    pub fn search_page(&mut self, page: usize, order: impl Fn(&[u8]) -> Ordering) -> Result<Option<u32>> {
        let first = *self.directory.first_rows.get(page).ok_or_else(missing)?;
        let page = self.page(page)?;
        let (mut low, mut high) = (0, page.ends.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match order(page.row(middle).ok_or_else(missing)?) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return Ok(Some(first + u32::try_from(middle).unwrap_or(u32::MAX))),
            }
        }
        Ok(None)
    }

    /// Forgets pages, so that a scan of all rows holds one at a time.
    pub fn forget(&mut self) {
        self.pages.clear();
    }

    fn page(&mut self, number: usize) -> Result<&Page> {
        let at = match self.pages.iter().position(|(page, _)| *page == number) {
            Some(at) => at,
            None => {
                let bytes = self.segment.get(self.part, u32::try_from(number).unwrap_or(u32::MAX))?;
                let page = Page::parse(bytes).ok_or_else(|| Error::corrupt("a page of rows is cut short"))?;
                self.pages.push((number, page));
                self.pages.len() - 1
            }
        };
        self.pages.get(at).map(|(_, page)| page).ok_or_else(missing)
    }
}

fn missing() -> Error {
    Error::corrupt("a row is missing")
}
