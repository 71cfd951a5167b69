//! The bounds of a file.

/// Largest file: three times an interpreter with its standard library.
pub const MAX_FILE: usize = 64 << 20;

/// Largest section of ours: hundreds of tools with large schemas.
pub const MAX_SECTION: usize = 4 << 20;
