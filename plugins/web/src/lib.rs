//! The web category: pages as Markdown or text, their links, rows by CSS selectors, feeds, sitemaps, and downloads.
//!
//! **Promises.** Only hosts that the operator names are asked, by GET. robots.txt of each host is obeyed, at each hop
//! of a redirect. No script runs and no cookie is kept. A download appears under its name when it is complete.
//!
//! **Bounds.** All of them are in `limits`, each with its reason. Pages are parsed and walked without recursion.
//!
//! **Refuses.** URLs that are not http or https or carry a password, redirect loops, pages that are too large or nested too
//! deeply, and what robots.txt forbids: each with an error that names the URL.

mod dates;
pub mod download;
pub mod extract;
pub mod feed;
mod limits;
pub mod links;
pub mod many;
mod page;
mod pager;
mod place;
pub mod read;
pub mod sitemap;
mod tools;
mod xml;

pub use tools::Web;

tandem_sdk::export!(Web);
