//! The web-archive category: WARC files (ISO 28500), their indexes (CDXJ), Common Crawl and the Wayback Machine.
//!
//! **Promises.** A record is what its lengths say, or the archive is refused with the offset of the record. Archives, indexes and data sets
//! appear under their names when they are complete. Pages are archived as robots.txt allows; only hosts that the operator names are asked.
//!
//! **Bounds.** All of them are in `limits`, each with its reason. Archives are read record by record, in pages of a call.
//!
//! **Refuses.** Records whose lengths lie, several records in one gzip member, and what expands beyond the bounds.

mod capture;
mod cdxj;
mod container;
mod crawl;
mod create;
mod dataset;
mod index;
mod limits;
mod links;
mod message;
mod metadata;
mod page;
mod record;
mod remote;
mod scan;
mod stamp;
mod surt;
mod text;
mod tools;
mod wayback;

pub use tools::WebArchive;

tandem_sdk::export!(WebArchive);
