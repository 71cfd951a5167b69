//! The ipfs category: CIDs, CAR files, and content of IPFS that is verified.
//!
//! **Promises.** CIDs are those of `ipfs add`. No byte of a block is used before its hash was compared with its CID. A CAR is
//! written beside its name and renamed; an extraction fills a hidden folder that is moved when all of it is there.
//!
//! **Bounds.** All of them are in [`limits`], each with its reason.
//!
//! **Refuses.** Blocks with a wrong hash or with a hash that cannot be computed, lengths beyond the file, names that leave the
//! folder, links, DAGs that expand without end, and nodes that are nested too deep.

mod build;
mod car;
mod cid_tool;
mod dag;
mod extract;
mod fault;
mod files;
mod gateway;
mod get;
mod hash;
mod limits;
mod list;
mod meter;
mod name;
mod pack;
mod pb;
mod pin;
mod staging;
mod tools;
mod unixfs;
mod walk;

pub use tools::Ipfs;
