//! What every reader gives: a stream of row batches, and what is known of it.

use crate::{
    error::Result,
    format::Format,
    meter::{BLOCK_OVERHEAD, Meter},
    types::Schema,
    value::{Row, Value},
};

/// A stream of row batches.
pub trait RowStream {
    /// The columns of every row.
    fn schema(&self) -> &Schema;
    /// The next batch, never empty; none at the end.
    fn next(&mut self, meter: &Meter<'_>) -> Result<Option<Vec<Row>>>;
}

/// Where rows come from, and what is known of them before they are read.
pub struct Source {
    /// The rows.
    pub stream: Box<dyn RowStream>,
    /// How many rows there are.
    pub rows: u64,
    /// How many nulls each column has, where reading told it.
    pub nulls: Option<Vec<u64>>,
    /// How many of the nulls of each column are words, such as `NA`.
    pub null_words: Option<Vec<u64>>,
    /// The format of the file; none for inline rows.
    pub format: Option<Format>,
    /// The length of the file; 0 for inline rows.
    pub bytes: u64,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("schema", self.stream.schema()).field("rows", &self.rows).finish_non_exhaustive()
    }
}

/// About how much memory a row takes.
pub(crate) fn held_bytes(row: &[Value]) -> usize {
    row.iter().map(Value::held_bytes).sum::<usize>() + size_of::<Row>() + BLOCK_OVERHEAD
}
