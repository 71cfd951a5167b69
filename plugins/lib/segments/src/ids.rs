//! Rows found by their id.
//!
//! Owners number the rows of a segment in the order of their ids; so the ids of a segment need no second index,
//! and looking one up reads one page.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::rows::{RowDirectory, RowReader, RowWriter};
use crate::segment::{SegmentReader, SegmentWriter};

/// The part that holds the ids.
const PART: char = 'i';
/// The longest id. A longer one is more likely a mistake than a name.
pub const MAX_ID_BYTES: usize = 256;

/// Where ids are: the first id of every page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdDirectory {
    rows: RowDirectory,
    first_ids: Vec<String>,
}

/// Refuses an id that is empty or too long.
pub fn check_id(what: &str, id: &str) -> Result<()> {
    if id.is_empty() || id.len() > MAX_ID_BYTES {
        return Err(Error::invalid(format!("{what} has an id of {} bytes; use 1 to {MAX_ID_BYTES}", id.len())));
    }
    Ok(())
}

/// Writes the ids of a segment, which must be sorted and different.
pub fn write_ids<'b>(writer: &mut SegmentWriter<'_>, ids: impl Iterator<Item = &'b str>) -> Result<IdDirectory> {
    let mut rows = RowWriter::new(PART);
    let mut first_ids = Vec::new();
    for id in ids {
        if rows.push(writer, id.as_bytes())? {
            first_ids.push(id.to_owned());
        }
    }
    Ok(IdDirectory { rows: rows.finish(writer)?, first_ids })
}

/// Reads the ids of a segment.
#[derive(Debug)]
pub struct IdReader<'a> {
    directory: &'a IdDirectory,
    rows: RowReader<'a>,
}

impl<'a> IdReader<'a> {
    /// A reader of what [`write_ids`] wrote.
    pub fn new(segment: &'a SegmentReader<'a>, directory: &'a IdDirectory) -> Self {
        Self { directory, rows: RowReader::new(segment, PART, &directory.rows) }
    }

    /// The id of a row.
    pub fn id(&mut self, row: u32) -> Result<String> {
        text(self.rows.row(row)?)
    }

    /// The row of an id, if the segment has it.
    pub fn find(&mut self, id: &str) -> Result<Option<u32>> {
        let Some(page) = self.page_of(id) else { return Ok(None) };
        self.rows.search_page(page, |other| other.cmp(id.as_bytes()))
    }

    /// Visits rows and ids from the first id after `after` on, until `visit` answers false.
    pub fn scan(&mut self, after: Option<&str>, mut visit: impl FnMut(u32, &str) -> Result<bool>) -> Result<()> {
        let start = after.and_then(|after| self.page_of(after)).unwrap_or(0);
        for page in start..self.rows.pages() {
            self.rows.forget();
            let (first, rows) = self.rows.page_rows(page)?;
            for (row, id) in (first..).zip(rows) {
                let id = text(id)?;
                if after.is_none_or(|after| id.as_str() > after) && !visit(row, &id)? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn page_of(&self, id: &str) -> Option<usize> {
        self.directory.first_ids.partition_point(|first| first.as_str() <= id).checked_sub(1)
    }
}

fn text(bytes: &[u8]) -> Result<String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Error::corrupt("an id is not text"))
}
