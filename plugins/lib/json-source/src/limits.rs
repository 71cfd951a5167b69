//! The bounds, each with its reason.

/// Bytes of one document: a parsed document takes about ten times as much of the 256 MiB of a call.
pub const MAX_INPUT_BYTES: usize = 8 << 20;
/// Levels of nesting of JSON. Clients and the host read JSON of 128 levels; a result stands some levels deep in an answer.
pub const MAX_DEPTH: usize = 100;
/// Digits of a number: reading one takes time with their square.
pub const MAX_DIGITS: usize = 1_000;
