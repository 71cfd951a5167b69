//! Reads OpenAPI documents, and makes plugins of data of them.
//!
//! Text in, values out: this crate opens no file and no socket. [`import`] answers the text of a `plugin.toml` and the
//! [`Operations`](tandem_operations::Operations) that a generic component performs; no code is generated.
//!
//! **Promises.** The same document makes the same plugin. A rule of the manifest is about one path without its parameters and the methods
//! that are used there. What cannot be performed is left out and noted, with the operation and the JSON Pointer of the reason. A schema
//! is never narrower than the document's but for what is set by the server: what is cut is open.
//!
//! **Bounds** are in `limits.rs`: the document, its operations, references to references, schemas that are visited for one tool, and
//! the bytes of a tool. **Refuses** other documents than OpenAPI 3.0 and 3.1, references to other documents, and servers that are not
//! absolute URLs of http or https.

mod auth;
mod body;
mod component;
mod document;
mod error;
mod import;
mod limits;
mod manifest;
mod name;
mod parameters;
mod schema;
mod select;
mod server;
mod template;
mod text;
mod tool;

pub use component::{ComponentError, carry};
pub use error::{ImportError, Note};
pub use import::{Import, Options, import};
pub use limits::{MAX_DOCUMENT, MAX_OPERATIONS, MAX_TOOL};
