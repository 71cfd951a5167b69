//! What a text may cost.

/// Most errors that one reading reports: more is a file of another kind, and nobody reads them.
pub const MAX_ERRORS: usize = 32;

/// Longest text that is read, in bytes: hundreds of times the largest sensible configuration.
pub const MAX_TEXT: usize = 1 << 20;

/// Deepest nesting: twice what any key of ours needs, so that no input exhausts the stack.
pub const MAX_DEPTH: usize = 16;
