//! `web_feed`: the entries of a feed.

mod json;
mod model;
mod raw;
mod show;
mod xml;

pub use model::{Enclosure, Entry, Feed, Format};
pub(crate) use show::{Request, run};
