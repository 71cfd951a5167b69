//! A page of rows: what a call answers of a table, bounded by rows and by bytes.

use serde_json::value::RawValue;

pub use crate::integers::Integers;
use crate::{
    error::{Error, Result},
    json::ObjectWriter,
    meter::Meter,
    reader::RowStream,
    types::Schema,
    value::Row,
};

/// Rows of a page when the caller does not say.
pub const DEFAULT_ROWS: u32 = 100;
/// Rows of a page at most.
pub const MAX_ROWS: u32 = 10_000;
/// Bytes of a page's rows as JSON at most, about: what a client still takes in.
pub const MAX_PAGE_BYTES: usize = 1 << 20;

/// A page of rows.
#[derive(Debug)]
pub struct Page {
    /// The rows, each the JSON text of an object.
    pub rows: Vec<Box<RawValue>>,
    /// How many rows there are in all.
    pub total: u64,
    /// Whether there are rows after the page.
    pub truncated: bool,
    /// The offset of the next page, if there is one.
    pub next_offset: Option<u64>,
}

/// Takes the rows of a page out of a stream.
#[derive(Debug)]
pub struct Pager {
    objects: ObjectWriter,
    integers: Integers,
    offset: u64,
    limit: usize,
    rows: Vec<Box<RawValue>>,
    bytes: usize,
    seen: u64,
    full: bool,
}

impl Pager {
    /// A page of at most `limit` rows from row `offset` on.
    pub fn new(schema: &Schema, offset: Option<u64>, limit: Option<u32>) -> Result<Self> {
        let limit = limit.unwrap_or(DEFAULT_ROWS);
        if limit > MAX_ROWS {
            return Err(Error::invalid(format!("`limit` is at most {MAX_ROWS}: read more in pages, with `offset`")));
        }
        Ok(Self {
            objects: ObjectWriter::new(schema),
            integers: Integers::default(),
            offset: offset.unwrap_or(0),
            limit: limit as usize,
            rows: Vec::new(),
            bytes: 0,
            seen: 0,
            full: limit == 0,
        })
    }

    /// Answers wide integers in this way.
    #[must_use]
    pub fn with(self, integers: Integers) -> Self {
        Self { integers, ..self }
    }

    /// Takes what belongs to the page.
    fn take(&mut self, row: &Row) -> Result<()> {
        let at = self.seen;
        self.seen += 1;
        if self.full || at < self.offset {
            return Ok(());
        }
        let object = self.objects.answer(row, self.integers)?;
        let bytes = self.bytes + object.get().len();
        if bytes > MAX_PAGE_BYTES {
            if self.rows.is_empty() {
                return Err(Error::Bound(format!(
                    "row {at} alone takes more than {} KiB, the bound of a page: select fewer columns",
                    MAX_PAGE_BYTES >> 10
                )));
            }
            self.full = true;
            return Ok(());
        }
        self.bytes = bytes;
        self.rows.push(object);
        self.full = self.rows.len() >= self.limit;
        Ok(())
    }

    /// Reads the page. Where the number of rows is known, reading stops with the page.
    pub fn read(mut self, stream: &mut dyn RowStream, total: Option<u64>, meter: &Meter<'_>) -> Result<Page> {
        while total.is_none() || !self.full {
            let Some(batch) = stream.next(meter)? else { break };
            for row in &batch {
                self.take(row)?;
            }
        }
        let total = total.unwrap_or(self.seen);
        let end = self.offset.saturating_add(self.rows.len() as u64);
        let truncated = end < total;
        Ok(Page { rows: self.rows, total, truncated, next_offset: truncated.then_some(end) })
    }
}
