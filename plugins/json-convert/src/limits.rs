//! The bounds of the category, each with its reason.

/// Bytes of an answer: a half of the plugin's output limit, as text is escaped once more.
pub const MAX_OUTPUT_BYTES: usize = 2 << 20;
/// Characters of a message that quotes the data.
pub const MAX_MESSAGE_CHARS: usize = 300;
/// Levels of YAML and XML, and of TOML that is written: readers and writers call themselves for each, on a stack of 256 KiB. The reader
/// of TOML has a bound of its own, 80.
pub const MAX_LEVELS: usize = 60;
/// Events that aliases of YAML repeat: aliases of aliases ("billion laughs") multiply them.
pub const MAX_YAML_REPEATED: usize = 100_000;
/// Nodes of a YAML document.
pub const MAX_YAML_NODES: usize = 1_000_000;
/// Keys, values, brackets and lines of a TOML document that is read: its parser keeps a table or value for each, some 300 bytes.
pub const MAX_TOML_PARTS: usize = 300_000;
/// Columns of a CSV that is written: a row has all of them.
pub const MAX_COLUMNS: usize = 1_000;
/// Cells of a CSV that is read or written: each becomes a value with its name.
pub const MAX_CELLS: usize = 1_000_000;
/// Bytes of the names of a CSV that is read, times its rows: a header of a long name would multiply.
pub const MAX_NAMES_BYTES: usize = 32 << 20;
/// Bytes of JSON to repair: repairs look ahead again and again.
pub const MAX_REPAIR_BYTES: usize = 1 << 20;
/// Brackets in each other of JSON to repair, those in strings included: the repair calls itself for each.
pub const MAX_REPAIR_NESTING: usize = 100;
/// Bytes of a template.
pub const MAX_TEMPLATE_BYTES: usize = 64 << 10;
/// Bytes of one tag (`{{ … }}` or `{% … %}`): its compiler calls itself along a chain of operators.
pub const MAX_TAG_BYTES: usize = 500;
/// Brackets within brackets of a tag: the parser calls itself for each.
pub const MAX_TAG_NESTING: usize = 12;
/// Blocks of a template in each other, each `elif` counted as one: the parser calls itself for each.
pub const MAX_BLOCKS: usize = 24;
/// Loops and calls of macros in each other: the interpreter calls itself for each call.
pub const MAX_MACRO_DEPTH: usize = 16;
/// Steps of a template, and bytes that it makes: a second or two of the 10 s of a call.
pub const TEMPLATE_FUEL: u64 = 2_000_000;
/// Levels of a value that a template writes: its writer calls itself for each, and without an end for a value that has itself in it.
pub const MAX_VALUE_DEPTH: usize = 101;
/// Items of a value that a template writes: a repeated list (`[1] * 100000000`) costs one step.
pub const MAX_VALUE_ITEMS: usize = 1_000_000;
/// Bytes that the filter `join` makes, which takes them from the memory before they cost steps.
pub const MAX_JOINED_BYTES: usize = 8 << 20;
/// Names of the data that an error about a missing one tells.
pub const MAX_NAMES_TOLD: usize = 20;
