//! The convert category: documents as text, Markdown, HTML or CSV.
//!
//! **Promises.** A document is read whole or refused; nothing is written. Text comes in the order in which it is stored.
//!
//! **Bounds.** All of them are in `limits`, each with its reason.
//!
//! **Refuses.** Damaged documents, archives that expand beyond the bounds, XML with document types or unknown entities: each
//! with an error that names the argument and the place.

mod call;
mod document;
mod files;
mod limits;
mod mail;
mod many;
mod markdown;
mod office;
mod sheet;
mod tools;
mod xml;

pub use tools::Convert;

tandem_sdk::export!(Convert);
