//! The archive category: lists, extracts, creates and tests archives.
//!
//! **Promises.** An extraction writes all of its files or none: it fills a hidden folder beside the destination, which is
//! moved when every entry was read and its checksum was right. A new archive is written beside its name and renamed.
//! Entries are read as a stream: no tool holds a whole file in memory.
//!
//! **Bounds.** All of them are in [`limits`], each with its reason.
//!
//! **Refuses.** Names that leave the folder, links, devices, duplicate names, encrypted entries, entries that share their
//! bytes, more bytes than an entry states, and expansion beyond the bounds: each with an error that names the entry.
//! Archives inside of archives are files like others and are not opened.

mod check;
mod codec;
mod counted;
mod create;
mod encode;
mod entry;
mod extract;
mod fault;
mod format;
mod gate;
mod gather;
mod input;
mod limits;
mod list;
mod meter;
mod pack;
mod pattern;
mod source;
mod staging;
mod tar_reader;
mod test;
mod tools;
mod verify;
mod zip_reader;
mod zstd;

pub use tools::Archive;
