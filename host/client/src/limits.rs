//! What one command may read and wait for.

use std::time::Duration;

/// The most that is read from standard input as arguments. A host refuses larger requests anyway.
pub const MAX_ARGUMENTS: u64 = 16 << 20;

/// How long a host may take to say why it takes no client.
pub(crate) const STATUS_TIMEOUT: Duration = Duration::from_secs(5);

/// Rows of one page: a host returns up to 1,000, and lists this many well within the CPU time of its reactor lane.
pub(crate) const MAX_PAGE: usize = 200;
/// The key of a request's `_meta` that says how many bytes of a result its client takes in one message.
pub(crate) const INLINE_LIMIT: &str = "tandem/inline-limit";
