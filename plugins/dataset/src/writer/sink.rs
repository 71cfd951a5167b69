//! What every format's writer is to the rest: something that takes rows and gives a file.

use crate::{error::Result, files::NewFile, value::Row};

/// What is written at once. Large, since every write leaves the sandbox.
pub(super) const WRITE_BUFFER: usize = 128 << 10;

/// A table that is being written.
pub(super) trait RowSink {
    /// Writes rows of the schema that it was opened with.
    fn write(&mut self, rows: Vec<Row>) -> Result<()>;
    /// Completes the content.
    fn finish(self: Box<Self>) -> Result<NewFile>;
}
