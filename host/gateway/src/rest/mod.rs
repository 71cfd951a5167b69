//! The REST side: the catalog as JSON, single calls, and a page for people.

mod call;
mod catalog;
mod input;
mod older;
mod openapi;
mod page;
mod routes;
mod version;

pub(crate) use self::routes::{routes, unknown_path, wrong_method};
