//! What the plugins of the network of hosts share: the forms of their arguments, and how they read the host's answers.
//!
//! **Promises.** What a form allows is in the schema of the tool, so that a client sees it and the host checks it before
//! the tool runs. An answer of the host goes on as it is, or is an error that names what it lacks.
//!
//! **Bounds.** Texts and lists have their longest size here, each with its reason.
//!
//! **Refuses.** Nothing by itself: whether an id exists or a time fits is the host's to say.

mod answer;
mod forms;

pub use answer::{answer, document, known, within};
pub use forms::{AtMost, Failed, Id, MAX_TAGS, Moment, Multiaddr, PeerId, Retry, RetryPolicy, Tag, Tags, ToolName};
