//! The JSON Schema category: validation of documents, and schemas inferred from them.
//!
//! **Promises.** A call reads data (a value, a text or a file) and answers; it changes nothing and asks no other host. Patterns are
//! matched in linear time.
//!
//! **Bounds.** All of them are in [`limits`] and in `tandem_json_source::limits`, each with its reason.
//!
//! **Refuses.** References to other documents, schemas that refer to themselves without stepping into the data, patterns with
//! look-around or back-references, JSON that is not valid or nested too deep, paths outside of the granted directories: each with an
//! error that names what it is about.

pub mod formats;
pub mod infer;
pub mod limits;
mod tools;
mod tree;
pub mod validate;
mod weigh;

pub use tools::JsonSchemas;

tandem_sdk::export!(JsonSchemas);
