//! The bounds of a document and of what is made of it, each with its reason.

/// Largest document: three times the largest public one (12 MB).
pub const MAX_DOCUMENT: usize = 32 << 20;

/// Most operations of a document: ten times the largest public ones. More is a document that was made to take time.
pub const MAX_OPERATIONS: usize = 20_000;

/// Longest chain of references to references: real ones have two links; a circle has no end.
pub(crate) const MAX_LINKS: usize = 16;

/// Parameters of an operation that are read: real ones have up to a hundred.
pub(crate) const MAX_PARAMETERS: usize = 200;

/// Schemas that are visited for one tool at most: each is at least 20 bytes of its schema, so that more of them are over [`MAX_TOOL`] in
/// any case. References that fan out double with each level.
pub(crate) const MAX_VISITS: usize = 256;

/// Bytes of one tool's description and input schema that are aimed at: a model reads them before each choice.
pub const MAX_TOOL: usize = 2 << 10;

/// Bytes of a tool's description: what remains of [`MAX_TOOL`] is for its parameters.
pub(crate) const MAX_DESCRIPTION: usize = 600;

/// Values of an enumeration: what has more is described as what it is, without them.
pub(crate) const MAX_ENUM: usize = 64;

/// Alternatives of a choice that are kept.
pub(crate) const MAX_CHOICES: usize = 8;

/// Longest name of a tool: clients put a server's name before it and cut at 64.
pub(crate) const MAX_NAME: usize = 48;

/// Most HTTP rules of a manifest (`request.http` takes 64 entries): with more, paths are joined to shorter prefixes.
pub(crate) const MAX_RULES: usize = 64;
