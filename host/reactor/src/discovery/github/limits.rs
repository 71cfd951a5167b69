//! The bounds of what is read from and changed on GitHub.

use std::time::Duration;

/// Most pages that are read: 1,000 comments, 16 MiB of records at worst.
pub const MAX_PAGES: usize = 10;
/// Shortest time between two readings.
pub const POLL: Duration = Duration::from_secs(60);
/// Most deletions of one cleanup; GitHub limits bursts of changes.
pub const MAX_DELETES: usize = 50;
/// Comments under our marker that are tried before a new one is made. Where the account is unknown, strangers can
/// put our marker into theirs.
pub(super) const MAX_TRIES: usize = 3;
