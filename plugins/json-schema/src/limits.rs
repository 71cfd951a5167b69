//! The bounds of the category, each with its reason.

/// Bytes of a schema: the greatest published ones have some hundreds of KiB; a compiled one takes some fifty times as much.
pub const MAX_SCHEMA_BYTES: usize = 1 << 20;
/// Subschemas one within another, references followed: the compiler of schemas calls itself for each, on a stack of 256 KiB.
pub const MAX_SCHEMA_DEPTH: usize = 40;
/// Subschemas that one value is checked against, references followed: `allOf` of references to `allOf` doubles them at each step.
pub const MAX_APPLIED: u64 = 10_000;
/// Levels of the data times subschemas that stand in each other for one value: the validator calls itself for each.
pub const MAX_STEPS_DEEP: usize = 400;
/// Regular expressions of a schema: each is compiled.
pub const MAX_PATTERNS: usize = 1_000;
/// Bytes of a compiled regular expression: repeats of repeats (`(a{99}){99}`) grow it.
pub const MAX_PATTERN_SIZE: usize = 1 << 20;
/// Bytes of a message of an error: values stand in it.
pub const MAX_MESSAGE_BYTES: usize = 300;
/// Bytes of text or items of a value that is quoted in a message; a greater one is called `value`.
pub const MAX_QUOTED: usize = 100;
/// Alternatives of `anyOf` or `oneOf` whose errors are told.
pub const MAX_CAUSES: usize = 8;
/// Levels of data that a schema is inferred from: the schema is twice as deep, and clients read 128 levels.
pub const MAX_INFER_DEPTH: usize = 40;
/// Names of members that are kept apart; an object with more is a map, whose values have one schema.
pub const MAX_MEMBERS: usize = 200;
/// Bytes of a string that may be a value of an `enum`.
pub const MAX_ENUM_BYTES: usize = 100;
/// Bytes of a string whose format is looked for: longer ones have none.
pub const MAX_FORMAT_BYTES: usize = 2_000;
/// Bytes of an inferred schema: a half of the plugin's output limit, as text is escaped once more.
pub const MAX_OUTPUT_BYTES: usize = 2 << 20;
