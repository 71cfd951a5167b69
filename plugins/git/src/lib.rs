//! The git category: reads, compares, searches and commits in git repositories of granted directories.
//!
//! **Promises.** What is given is what git gives: each object is checked against its id. Nothing is written but by the tools that
//! say so, and then beside and renamed, so that a repository is never half written. No hook, filter, credential helper or other
//! program is run, no include of a configuration is followed, and nothing outside of the granted directories is read.
//!
//! **Bounds.** All of them are in [`limits`], each with its reason.
//!
//! **Refuses.** Repositories with SHA-256 or reftable; links, alternates, work trees and `.git` files that lead out of the granted
//! directories; objects that are damaged or too large; names that are not there, with the nearest.

mod blame;
mod changes;
mod commit;
mod commits;
mod compare;
mod delta;
mod file;
mod grep;
mod ignored;
mod index;
mod init;
mod limits;
mod log;
mod names;
mod object;
mod objects;
mod pack;
mod patch;
mod place;
mod refs;
mod repository;
mod revision;
mod show;
mod staging;
mod status;
mod tools;
mod trees;
mod worktree;
mod writing;

pub use tools::Git;

tandem_sdk::export!(Git);
