//! The wait before another attempt.

use super::{ContentId, MAX_DELAY_MS, Retry, RetryPolicy};

/// Milliseconds to wait after the given attempt failed: full jitter, from 0 to the policy's curve, at most an hour.
///
/// The jitter is drawn from the hash of `key`, so that every host that folds the log waits for the same moment, and
/// the steps of a thousand workflows that failed together still do not come back together.
pub(super) fn delay_ms(retry: &Retry, attempt: u32, key: &str) -> u64 {
    let factor = match retry.policy {
        RetryPolicy::None => return 0,
        RetryPolicy::Linear => u64::from(attempt),
        RetryPolicy::Exponential => 1_u64.checked_shl(attempt.saturating_sub(1)).unwrap_or(u64::MAX),
    };
    let longest = retry.base_delay_ms.saturating_mul(factor).min(MAX_DELAY_MS);
    let first =
        ContentId::of_bytes(key.as_bytes()).digest().first_chunk().map_or(0, |first| u64::from_be_bytes(*first));
    first % (longest + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(policy: RetryPolicy, attempt: u32) -> Vec<u64> {
        let retry = Retry { policy, max_attempts: 5, base_delay_ms: 1_000 };
        (0..2_000).map(|n| delay_ms(&retry, attempt, &format!("key {n}"))).collect()
    }

    #[test]
    fn waits_fill_the_range_below_the_curve() {
        for (policy, attempt, longest) in [
            (RetryPolicy::Linear, 3, 3_000),
            (RetryPolicy::Exponential, 1, 1_000),
            (RetryPolicy::Exponential, 4, 8_000),
            (RetryPolicy::Exponential, 80, MAX_DELAY_MS),
        ] {
            let waits = waits(policy, attempt);
            let (least, most) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
            assert!(*most <= longest && *most > longest / 100 * 95, "{policy:?} {attempt}: {most}");
            assert!(*least < longest / 20, "{policy:?} {attempt}: {least}");
        }
        assert_eq!(waits(RetryPolicy::None, 2).iter().max(), Some(&0));
    }

    #[test]
    fn every_host_draws_the_same_wait() {
        assert_eq!(waits(RetryPolicy::Exponential, 2), waits(RetryPolicy::Exponential, 2));
    }
}
