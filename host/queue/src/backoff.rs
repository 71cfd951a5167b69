//! How long to wait before the next attempt.

use std::time::Duration;

use super::{MAX_BACKOFF, RetryKind, RetryPolicy};

/// The longest wait after this attempt (from 1); none when it was the last.
pub(super) fn ceiling(retry: RetryPolicy, attempt: u32) -> Option<Duration> {
    if attempt >= retry.max_attempts {
        return None;
    }
    let factor = match retry.policy {
        RetryKind::None => return None,
        RetryKind::Linear => u64::from(attempt),
        RetryKind::Exponential => 1_u64.checked_shl(attempt.saturating_sub(1)).unwrap_or(u64::MAX),
    };
    Some(Duration::from_millis(retry.base_delay_ms.saturating_mul(factor)).min(MAX_BACKOFF))
}

/// Full jitter: anything between nothing and the ceiling, so that what failed together does not return together.
pub(super) fn jittered(ceiling: Duration) -> Duration {
    let millis = super::clock::millis(ceiling);
    // Without randomness the wait is the ceiling: late is safe.
    let drawn = getrandom::u64().map_or(millis, |random| random % (millis + 1));
    Duration::from_millis(drawn)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(policy: RetryKind, max_attempts: u32) -> RetryPolicy {
        RetryPolicy { policy, max_attempts, base_delay_ms: 500 }
    }

    fn ceilings(retry: RetryPolicy, attempts: std::ops::RangeInclusive<u32>) -> Vec<Option<u128>> {
        attempts.map(|attempt| ceiling(retry, attempt).map(|wait| wait.as_millis())).collect()
    }

    #[test]
    fn it_grows_as_the_policy_says_up_to_an_hour() {
        assert_eq!(ceilings(of(RetryKind::None, 9), 1..=1), [None]);
        assert_eq!(ceilings(of(RetryKind::Linear, 4), 1..=4), [Some(500), Some(1000), Some(1500), None]);
        assert_eq!(ceilings(of(RetryKind::Exponential, 4), 1..=4), [Some(500), Some(1000), Some(2000), None]);
        assert_eq!(ceiling(of(RetryKind::Exponential, 100), 99), Some(MAX_BACKOFF));
    }

    #[test]
    fn it_is_drawn_from_the_whole_range() {
        let drawn: Vec<_> = (0..200).map(|_| jittered(Duration::from_secs(1))).collect();
        assert!(drawn.iter().all(|wait| *wait <= Duration::from_secs(1)));
        assert!(drawn.iter().any(|wait| *wait < Duration::from_millis(300)));
        assert!(drawn.iter().any(|wait| *wait > Duration::from_millis(700)));
    }
}
