//! How much is read and held at once.

/// Rows of a batch at most: enough to make the cost per batch vanish, few enough to stay small.
pub const BATCH_ROWS: usize = 1_024;
/// Bytes of a batch at most, about.
pub const BATCH_BYTES: usize = 1 << 20;
/// Bytes of one row at most: a quote that is never closed must not swallow the memory.
pub const MAX_ROW_BYTES: usize = 4 << 20;
/// What a file is read by. Large, since every read leaves the sandbox.
pub(super) const READ_BUFFER: usize = 128 << 10;
