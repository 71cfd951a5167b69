//! The files category: read, find, search, edit and organise files of granted directories.
//!
//! **Promises.** Nothing outside of the granted directories is read or written, symbolic links included. A file that is written,
//! edited or patched is never seen half: it is written beside its place and moved over it, and only if the file is still the one that
//! was read. Lists go on from a cursor without gaps.
//!
//! **Bounds.** All of them are in [`limits`], each with its reason. Files of any size are read in parts; directories are walked in
//! parts; regular expressions have no backtracking.
//!
//! **Refuses.** Changes in a directory that is granted read-only, paths with `..`, special files, links out of the directory, text that
//! is not in the encoding that was named, edits whose text is not there as often as was said: each with an error that says what would
//! be right.

mod changing;
mod detect;
mod edit;
mod errors;
mod find;
mod globs;
mod grep;
mod hash;
mod ignored;
mod limits;
mod list;
mod matches;
mod organize;
mod patch;
mod path;
mod read;
mod reading;
mod replace;
mod storage;
mod text;
mod time;
mod together;
mod walk;
mod write;

pub use changing::Changing;
pub use reading::Reading;

tandem_sdk::export!(Reading, Changing);
