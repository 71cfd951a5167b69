//! The convert category: documents as text, Markdown, HTML, CSV, JSON or workbooks.
//!
//! **Promises.** A document is read whole or refused. Text comes in the order in which it is stored. Only `convert_save` writes: a file
//! appears under its name when it is complete.
//!
//! **Bounds.** All of them are in `limits`, each with its reason.
//!
//! **Refuses.** Damaged documents, archives that expand beyond the bounds, XML with document types or unknown entities: each
//! with an error that names the argument and the place.

mod call;
mod cells;
mod delimited;
mod document;
mod epub;
mod files;
mod html;
mod limits;
mod mail;
mod many;
mod markdown;
mod office;
mod opendocument;
mod records;
mod save;
mod sheet;
mod tables;
mod tools;
mod workbook;
mod xml;

pub use tools::Convert;

tandem_sdk::export!(Convert);
