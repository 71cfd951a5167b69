//! The values that every crate of the host shares: names, units, secrets, content ids, and the two forms of JSON that matter
//! (canonical, where bytes are signed or hashed; exact, where numbers must not be rounded).
//!
//! Text in, values out: nothing here opens a file or a socket, and nothing knows a plugin, a configuration or a protocol. Input is
//! bounded before it is read (see the constants of each module). Secrets print as `[redacted]`.

#![warn(missing_docs)]

mod access;
mod caller;
mod canonical;
mod content;
pub mod exact;
mod names;
mod path;
mod secret;
pub mod text;
mod units;

pub use access::{Access, Allow};
pub use caller::{Caller, OPERATE};
pub use canonical::{encode as canonical_json, text as json_text};
pub use content::{ContentError, ContentId};
pub use names::{MAX_NAME, Name, NameError, ToolName, VariableName, is_kebab_case, is_tool_name, is_variable_name};
pub use path::below;
pub use secret::{MASKABLE, REFERENCE_ONLY, Secret, Setting, reference_only, reference_schema};
pub use text::nearest;
pub use units::{ByteSize, HumanDuration, UnitError};

/// The highest priority that a task may have; it goes first.
pub const MAX_PRIORITY: u8 = 10;
