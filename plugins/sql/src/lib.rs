//! The sql category: queries CSV, JSON Lines, JSON and SQLite files with SQL, and changes SQLite files.
//!
//! **Promises.** Queries write nothing: a SQLite file is read where it is, page by page, without a journal. Changes happen in a
//! copy beside the file, which takes its place when every statement succeeded. Values come in as parameters, never as text.
//!
//! **Bounds.** All of them are in [`limits`], each with its reason.
//!
//! **Refuses.** In queries everything but one SELECT; in changes ATTACH, VACUUM, PRAGMA and transactions of their own; SQLite files that
//! are damaged in their header, cut off, or have an unfinished transaction beside them.

mod bind;
mod cells;
mod clock;
mod columns;
mod csv_rows;
mod disk;
mod execute;
mod explain;
mod fault;
mod header;
mod joins;
mod json_rows;
mod limits;
mod load;
mod near;
mod profile;
mod query;
mod render;
mod rows;
mod schema;
mod source;
mod statement;
mod tools;
mod wording;

pub use tools::Sql;
