//! Bounds, each with its reason.

/// Bytes of a value as JSON: a call reads it into memory, and the store takes 1 MiB a value.
pub(crate) const MAX_VALUE_BYTES: usize = 512 * 1024;
/// How deep values may nest: keeps recursion within a guest's small stack, here and in clients.
pub(crate) const MAX_DEPTH: usize = 32;
