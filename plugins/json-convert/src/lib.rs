//! The data format category: JSON, JSON Lines, YAML, TOML, XML and CSV in each other, broken JSON, and templates.
//!
//! **Promises.** A call reads data (a value, a text or a file) and answers with text; it changes nothing and reads no other file.
//!
//! **Bounds.** All of them are in [`limits`] and in `tandem_json_source::limits`, each with its reason.
//!
//! **Refuses.** Document types and entities of XML, aliases of YAML that multiply, values that a format cannot hold, templates beyond
//! their steps, JSON that cannot be repaired: each with an error that names what it is about.

mod bounded;
mod commas;
pub mod convert;
pub mod format;
pub mod limits;
mod nesting;
mod plain;
mod readers;
pub mod repair;
mod sizes;
pub mod table;
pub mod template;
mod toml_reader;
mod tools;
mod writers;
mod xml_reader;
mod xml_writer;
mod yaml_reader;

pub use tools::JsonConvert;

tandem_sdk::export!(JsonConvert);
