//! The order of a tenant's ready tasks.

use super::codes::signed;
use crate::{AGEING, clock};

/// Where a task stands among its tenant's: static, since all age alike.
pub(super) fn rank(ready_at: i64, priority: i64) -> i64 {
    ready_at.saturating_sub(priority.saturating_mul(signed(clock::millis(AGEING))))
}
