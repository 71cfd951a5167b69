//! What an input may cost.

/// Longest YAML text, in bytes: a hundred times the largest configuration that the older host shipped.
pub const MAX_TEXT: usize = 1 << 20;

/// Deepest nesting. The older files need six; deeper input would only cost stack.
pub const MAX_DEPTH: usize = 32;

/// Most values of a text.
pub const MAX_NODES: usize = 20_000;

/// Most aliases, and most events that they repeat together, so that ten lines do not become a million ("billion laughs").
pub const MAX_ALIASES: usize = 256;
/// As [`MAX_ALIASES`].
pub const MAX_REPEATED: usize = 10_000;

/// Most keys that are reported: more is not a configuration.
pub const MAX_KEYS: usize = 4_096;

/// Most tools of an older host in a list.
pub const MAX_TOOLS: usize = 10_000;

/// Longest list of tools, in bytes: a thousand tools with their schemas.
pub const MAX_TOOL_LIST: usize = 16 << 20;

/// Longest value that a report repeats, in characters.
pub const MAX_VALUE: usize = 120;
