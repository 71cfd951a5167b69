//! Limits of tasks.

use std::time::Duration;

/// For so long a task is this host's without a renewal, and so long one waits for its end when the host died.
pub(super) const LEASE: Duration = Duration::from_secs(12);
/// Runs of a task that may be run again, the lost ones counted: one that brings the host down must not do so for ever.
pub(super) const ATTEMPTS: u32 = 3;
