//! Paths in granted folders, and nothing else.
//!
//! A path names a granted folder first (`data/report.pdf`). The sandbox refuses others on its own, symbolic links included: the check
//! here is for the message.
//!
//! **Promises.** An error names the argument, the path, and what would be right: the granted folders, or the nearest name beside it. A
//! new file appears under its name when it is complete, or not at all.
//!
//! **Bounds.** Paths of [`MAX_PATH_BYTES`]; a missing file looks through [`MAX_NEIGHBOURS`] names.
//!
//! **Refuses.** Paths with `..`, backslashes or control characters, and those that begin with no granted folder.

mod folders;
mod new_file;

pub use folders::{FolderError, Folders, Location, MAX_NEIGHBOURS, MAX_PATH_BYTES, missing, open};
pub use new_file::{NewFile, make_folder};
