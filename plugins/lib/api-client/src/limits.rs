//! The bounds of a call, each with its reason.

/// Largest answer that is read: with its copies it stays within the default memory and output of a plugin (64 MiB and 4 MiB).
pub const MAX_ANSWER: usize = 2 << 20;

/// Bytes that are shown of the body of an error: what a model needs to correct itself, not a page of HTML.
pub(crate) const MAX_ERROR: usize = 4 << 10;

/// Bytes of the files of a request: they are in memory twice while it is sent.
pub(crate) const MAX_UPLOAD: u64 = 8 << 20;
