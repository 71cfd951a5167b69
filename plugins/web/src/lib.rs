//! The web category: pages as Markdown or text, their links, and rows by CSS selectors.
//!
//! **Promises.** Only hosts that the operator names are asked, by GET. robots.txt of each host is obeyed, at each hop
//! of a redirect. No script runs and no cookie is kept.
//!
//! **Bounds.** All of them are in `limits`, each with its reason. Pages are parsed and walked without recursion.
//!
//! **Refuses.** URLs that are not http or https or carry a password, redirect loops, pages that are too large or nested too
//! deeply, and what robots.txt forbids: each with an error that names the URL.

mod address;
mod charset;
pub mod extract;
mod fetch;
mod limits;
pub mod links;
mod page;
mod pager;
mod permission;
pub mod read;
mod render;
mod request;
mod robots;
mod text;
mod tools;

pub use tools::Web;

tandem_sdk::export!(Web);
