//! How much is read at once, and how many requests wait at a time.

/// Bytes that are asked for in one read.
pub(super) const READ: usize = 64 << 10;
/// Requests that wait for their answers at a time: the host lets one call have 16 connections.
pub(super) const AT_ONCE: usize = 8;
