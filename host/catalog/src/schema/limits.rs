//! Limits of checks and of what they say.

/// Places named in one validation error. A value that is wrong everywhere needs no longer answer.
pub(super) const MAX_VIOLATIONS: usize = 16;
/// Bytes of a place, and of a message: either may repeat keys of the value, which can have megabytes.
pub(super) const MAX_TEXT: usize = 512;
/// Bytes that one compiled pattern of a schema may take. Stops a schema from holding gigabytes of automata.
pub(super) const PATTERN_SIZE: usize = 1 << 20;
/// Members and elements of a value of which all violations are listed; of a larger one the first. All are collected before
/// any is shown, at some hundred bytes each.
pub(super) const LISTED_NODES: usize = 256;
