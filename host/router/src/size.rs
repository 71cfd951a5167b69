//! What is worked on at once.

/// Bytes that are encoded, decoded or digested between two awaits: some ten microseconds.
pub(crate) const SMALL: usize = 16 << 10;
/// Whether so many bytes are read, written or checked at once, on the thread that serves.
#[must_use]
pub fn is_small(bytes: usize) -> bool {
    bytes <= SMALL
}
