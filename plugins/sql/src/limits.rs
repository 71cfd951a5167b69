//! The bounds of the category, each with its reason and what it stops.

/// Bytes of a statement: the parser keeps every token, and a longer text is generated, not written.
pub(crate) const MAX_SQL_BYTES: usize = 64 << 10;
/// Brackets inside of each other in a statement: the engine recurses for each, and the stack of the sandbox is small.
pub(crate) const MAX_NESTING: usize = 24;
/// SELECTs of a statement, joined by UNION or nested: planning recurses over them.
pub(crate) const MAX_SELECTS: usize = 100;
/// Operators of one expression list: a chain of ANDs is a tree that is as deep as it is long.
pub(crate) const MAX_CHAIN: usize = 200;
/// Parameters of a statement.
pub(crate) const MAX_PARAMS: usize = 1_000;
/// Files that one query uses as tables.
pub(crate) const MAX_TABLES: usize = 16;
/// Bytes of one file that is used as a table: all of it is read and kept in memory as pages.
pub(crate) const MAX_FILE_BYTES: u64 = 32 << 20;
/// Rows of one file that is used as a table: putting a row into its table takes some 60 µs.
pub(crate) const MAX_FILE_ROWS: u64 = 400_000;
/// Values of all files of a call, rows times columns: the engine takes some 40 bytes for each while it works.
pub(crate) const MAX_CELLS: u64 = 2_000_000;
/// Columns of a file.
pub(crate) const MAX_COLUMNS: usize = 500;
/// Bytes of one row of a file: a file whose quote is never closed is one row.
pub(crate) const MAX_ROW_BYTES: usize = 512 << 10;
/// Rows that are moved from a file into its table at a time: they are in memory twice.
pub(crate) const BATCH_ROWS: u64 = 5_000;
/// Bytes of a SQLite file that is queried. Pages are read one by one, but sorting and joining keep rows in memory.
pub(crate) const MAX_DATABASE_BYTES: u64 = 1 << 30;
/// Bytes of a SQLite file that is changed: it is copied before.
pub(crate) const MAX_CHANGED_BYTES: u64 = 128 << 20;
/// Statements of one transaction.
pub(crate) const MAX_STATEMENTS: usize = 1_000;
/// Bytes of the rows of an answer: less than the output limit of the manifest, with room for the rest.
pub(crate) const MAX_RESULT_BYTES: usize = 1 << 20;
/// Rows that go to a file: the engine has all of them in memory before the first is written.
pub(crate) const MAX_OUTPUT_ROWS: u32 = 200_000;
/// Tables that an answer describes; all are counted.
pub(crate) const MAX_DESCRIBED: usize = 200;
/// Rows that are counted for a description by reading them: a table of millions takes seconds.
pub(crate) const MAX_PROFILE_ROWS: u64 = 1_000_000;
/// Columns that one call profiles.
pub(crate) const MAX_PROFILED: usize = 100;
/// Indexes that are made for the joins of one query: each is a copy of its column.
pub(crate) const MAX_JOIN_INDEXES: usize = 8;
/// Rows of a file that gets such an index: making it takes some 100 µs for each.
pub(crate) const MAX_INDEXED_ROWS: u64 = 20_000;
