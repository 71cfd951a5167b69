//! The bounds of the category, each with its reason.

/// Bytes of one document: a parsed document takes about ten times as much of the 256 MiB of a call.
pub const MAX_INPUT_BYTES: usize = 8 << 20;
/// Levels of nesting. Clients and the host read JSON of 128 levels; a result stands some levels deep in an answer.
pub const MAX_DEPTH: usize = 100;
/// Bytes of an answer: half of the plugin's output limit, as text is escaped once more.
pub const MAX_OUTPUT_BYTES: usize = 2 << 20;
/// Bytes of a jq program, a JSONPath or a template's name: longer ones are generated, not written.
pub const MAX_PROGRAM_BYTES: usize = 8 << 10;
/// Brackets within brackets of a jq program: its parser calls itself for each.
pub const MAX_PROGRAM_NESTING: usize = 32;
/// Operators and keywords of a jq program: parser and compiler call themselves along a chain of them.
pub const MAX_PROGRAM_OPERATORS: usize = 200;
/// Steps of a jq program: calls, operators, iterations. A few seconds of the 10 s of a call.
pub const MAX_STEPS: u64 = 2_000_000;
/// Bits of an integer that a jq program builds: the time of a product grows with their square.
pub const MAX_INTEGER_BITS: u64 = 32_768;
/// Digits of a number: reading one takes time with their square.
pub const MAX_DIGITS: usize = 1_000;
/// Values that are looked at to bound what a jq program builds.
pub const MAX_NODES_CHECKED: u64 = 100_000_000;
/// Values within one value that a jq program builds, counted as often as they are printed.
pub const MAX_NODES: usize = 1_000_000;
/// Bytes of one string that a jq program builds.
pub const MAX_STRING_BYTES: usize = 8 << 20;
/// Bytes of the stack that a jq program may use, of the 256 KiB of an instance.
pub const MAX_STACK_BYTES: usize = 96 << 10;
/// Bytes of an error that a jq program raises: it may hold a whole document.
pub const MAX_ERROR_BYTES: usize = 500;
/// Variables of a jq program.
pub const MAX_VARIABLES: usize = 32;
/// Operations of a JSON Patch.
pub const MAX_OPERATIONS: usize = 1_000;
/// Nodes that JSONPath visits: each `..` may visit the whole document, and a filter again for each node.
pub const MAX_PATH_VISITS: usize = 20_000_000;
/// Bytes of a path of a file.
pub const MAX_PATH_BYTES: usize = 1_024;
