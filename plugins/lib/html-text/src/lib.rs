//! HTML pages as text or Markdown.
//!
//! **Promises.** A page is read as browsers read it. Text comes in the order of the page; hidden elements and scripts are left out.
//! Nothing recurses, whatever the page is.
//!
//! **Bounds.** [`MAX_DEPTH`] open elements, [`MAX_ATTRIBUTES`] of one element.
//!
//! **Refuses.** Pages beyond the bounds, by a [`PageError`].

mod attributes;
mod charset;
mod limits;
mod page;
mod parse;
mod render;
pub mod text;

pub use charset::decode;
pub use limits::{MAX_ATTRIBUTES, MAX_DEPTH, PageError};
pub use page::Page;
pub use parse::Syntax;
pub use scraper;
pub use text::Style;
