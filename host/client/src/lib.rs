//! An MCP client of one host: calls and lists its tools, reads their parameters, follows tasks and workflows.
//!
//! **Promises.** An error names its cause and a remedy ([`ClientError`]): a URL without a scheme or path, a missing or rejected
//! credential, a server that is not an MCP endpoint. Numbers that would be rounded on the way are refused ([`Arguments`]).
//!
//! **Bounds.** Arguments of [`MAX_ARGUMENTS`] bytes from standard input; lists have the limit that the caller gives.
//!
//! **Refuses** to print: that is its program's.

#![forbid(unsafe_code)]

mod arguments;
mod content;
mod endpoint;
mod error;
mod failure;
mod follow;
mod limits;
mod parameters;
mod schema;
mod session;

pub use arguments::{Arguments, ArgumentsError, json_arguments};
pub use content::content_text;
pub use endpoint::{Target, endpoint};
pub use error::ClientError;
pub use limits::MAX_ARGUMENTS;
pub use parameters::{Parameter, parameters};
pub use session::{ProgressSink, Session};
