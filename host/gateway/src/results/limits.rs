//! Limits of what is shown of a result at once.

/// The least that a client may ask for in one message: a preview has about as much.
pub(crate) const MIN_INLINE: usize = 8 << 10;
/// Bytes of the blocks that are left beside a structured result that is kept: a line or two for a model.
pub(super) const MAX_BESIDE: usize = 2 << 10;
/// Bytes of a preview: enough to see a result's form, and little beside a model's context.
pub(super) const MAX_PREVIEW: usize = 2 << 10;
/// Bytes of one string of a preview.
pub(super) const MAX_STRING: usize = 200;
/// Elements of one list of a preview.
pub(super) const MAX_ELEMENTS: usize = 3;
/// Members of one object of a preview.
pub(super) const MAX_MEMBERS: usize = 24;
/// Levels of a preview; fewer where it has too many bytes.
pub(super) const MAX_LEVELS: usize = 5;
/// What a block of a result takes in a message beside its text.
pub(super) const BLOCK: usize = 32;

/// References in the arguments of one call: each is a result that is read and parsed.
pub(super) const MAX_REFERENCES: usize = 16;
/// Bytes of all values that references stand for: what the largest document of a plugin has, and twice what a client may send.
pub(super) const MAX_REFERENCED: usize = 8 << 20;

/// Bytes that are read at once: some 16,000 tokens of a model.
pub(crate) const MAX_READ: usize = 64 << 10;
/// Where the call says nothing.
pub(crate) const DEFAULT_READ: usize = 16 << 10;
/// Lines that are read at once.
pub(crate) const MAX_LINES: usize = 10_000;

/// Bytes of a regular expression: longer ones are generated, not written.
pub(crate) const MAX_PATTERN: usize = 1 << 10;
/// Bytes of a compiled regular expression, so that `(x{1000}){1000}` is refused and not built. What a byte of a search costs
/// grows with it.
pub(super) const MAX_COMPILED: usize = 256 << 10;
/// Matches in one answer.
pub(crate) const MAX_MATCHES: usize = 200;
/// Where the call says nothing.
pub(crate) const DEFAULT_MATCHES: usize = 20;
/// Lines before and after a match.
pub(crate) const MAX_CONTEXT: usize = 10;
/// Bytes before and after a match in its line, and of a line beside it: JSON is one line of megabytes.
pub(super) const MAX_AROUND: usize = 160;
/// Bytes of a match that are shown.
pub(super) const MAX_MATCH: usize = 400;
/// Bytes of all lines of an answer.
pub(super) const MAX_FOUND: usize = 64 << 10;
/// Bytes that are searched between two looks at the clock; a longer line is searched in such pieces.
pub(super) const PIECE: usize = 1 << 20;
/// Bytes that two pieces of a line have in common, so that a match on their border is found.
pub(super) const OVERLAP: usize = 4 << 10;
