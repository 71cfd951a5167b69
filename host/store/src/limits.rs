//! The bounds of the store and of keys and values.

/// Jobs that may wait. Stops one tenant's writes from piling up in memory while the disk is slow.
pub const QUEUE: usize = 1024;
/// Jobs that share one commit. More would only make the first of them wait.
pub const GROUP: usize = 256;
/// A key's bound in bytes: long enough for a path or a digest, short enough for an index page.
pub const MAX_KEY: usize = 512;
/// A value's bound in bytes: what a plugin reads is copied into its memory, which is bounded too.
pub const MAX_VALUE: usize = 1 << 20;
/// Entries in one batch.
pub const MAX_BATCH: usize = 256;
