//! How well a peer has behaved here. Scores never leave this host: else a liar could ruin others.
//!
//! The model is gossipsub's peer score with lighthouse's numbers (libp2p specs, pubsub/gossipsub-v1.1): -100 to +100,
//! halved every ten minutes, so that a fault is forgiven and a good past does not last for ever.

use std::time::Duration;

use super::UnixMillis;

/// Time after which half of a score is forgotten.
pub const HALF_LIFE: Duration = Duration::from_secs(10 * 60);
/// The best and, negated, the worst score.
pub const LIMIT: f64 = 100.0;
/// Below this a peer is disconnected and blocked for [`BLOCK`].
pub const DISCONNECT_BELOW: f64 = -20.0;
/// Below this a peer is banned for [`BAN`].
pub const BAN_BELOW: f64 = -50.0;
/// For how long a peer is blocked.
pub const BLOCK: Duration = Duration::from_secs(10 * 60);
/// For how long a peer is banned.
pub const BAN: Duration = Duration::from_secs(12 * 3_600);
/// Connected strangers of one /24 or /48 before each more costs the newcomer [`CROWD_POINTS`].
pub const CROWD: usize = 4;
/// What each peer over [`CROWD`] costs: the 15th stranger of one network is not let in.
pub const CROWD_POINTS: f64 = 2.0;

/// What a peer did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduct {
    /// What no honest host does, such as a forged record or a completion of another's lease: the worst score at once.
    Fatal,
    /// A message or frame against the protocol: -20.
    Violation,
    /// No answer in time, or a refusal without need: -2.
    Timeout,
    /// A lease that it let expire: -5.
    LostLease,
    /// A task done well: +0.5.
    Completion,
}

impl Conduct {
    fn points(self) -> f64 {
        match self {
            Self::Fatal => -2.0 * LIMIT,
            Self::Violation => -20.0,
            Self::LostLease => -5.0,
            Self::Timeout => -2.0,
            Self::Completion => 0.5,
        }
    }
}

/// What follows from what a peer did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a peer that is to be disconnected stays connected otherwise"]
pub enum Verdict {
    /// Nothing.
    Keep,
    /// Close its connections; it may come back at this time.
    Disconnect(UnixMillis),
    /// Close its connections; it is banned until this time.
    Ban(UnixMillis),
}

/// A score at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Score {
    pub(super) value: f64,
    pub(super) at: UnixMillis,
}

impl Score {
    /// What is left of it at `now`. For an earlier time it answers what it would have been, so that pages of one
    /// listing agree.
    pub(super) fn value_at(self, now: UnixMillis) -> f64 {
        let seconds = if now >= self.at {
            now.since(self.at).as_secs_f64()
        } else {
            -self.at.since(now).as_secs_f64().min(HALF_LIFE.as_secs_f64())
        };
        (self.value * (-seconds / HALF_LIFE.as_secs_f64()).exp2()).clamp(-LIMIT, LIMIT)
    }

    pub(super) fn add(&mut self, conduct: Conduct, now: UnixMillis) -> f64 {
        // A clock that was set back forgets nothing and repeats nothing.
        let now = now.max(self.at);
        let value = (self.value_at(now) + conduct.points()).clamp(-LIMIT, LIMIT);
        *self = Self { value, at: now };
        value
    }
}

/// The longest pause between two dials of a peer, and the shortest.
pub const DIAL_PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(600));

/// The pause after the given number of failed dials in a row: doubled each time, the upper half of it by chance, so
/// that hosts that lost the same peer do not all come back at once. `chance` is any number.
pub(super) fn dial_pause(fails: u32, chance: u64) -> Duration {
    let (first, longest) = DIAL_PAUSE;
    let full = first.saturating_mul(1_u32.checked_shl(fails.min(16)).unwrap_or(u32::MAX)).min(longest);
    let half = full / 2;
    let millis = u64::try_from(half.as_millis()).unwrap_or(u64::MAX);
    half + Duration::from_millis(chance % millis.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_000_000_000);

    #[test]
    fn half_is_forgotten_in_ten_minutes() {
        let score = Score { value: -40.0, at: NOW };
        assert_eq!(score.value_at(NOW.after(HALF_LIFE)), -20.0);
        assert_eq!(score.value_at(NOW.after(HALF_LIFE * 2)), -10.0);
        assert!(score.value_at(NOW.after(HALF_LIFE * 60)) > -0.001);
    }

    #[test]
    fn a_good_past_does_not_pay_for_a_crime() {
        let mut score = Score::default();
        for _ in 0..1_000 {
            score.add(Conduct::Completion, NOW);
        }
        assert_eq!(score.value, LIMIT);
        assert_eq!(score.add(Conduct::Fatal, NOW), -LIMIT);
    }

    #[test]
    fn a_clock_that_goes_back_changes_no_score() {
        let mut score = Score { value: -40.0, at: NOW };
        assert_eq!(score.add(Conduct::Timeout, UnixMillis(1)), -42.0);
        assert_eq!(score.at, NOW);
    }

    #[test]
    fn dials_are_spread_from_one_second_to_ten_minutes() {
        for chance in [0, 1, 499, 12_345_678, u64::MAX] {
            let pause = |fails| dial_pause(fails, chance);
            assert!((Duration::from_secs(1)..=Duration::from_secs(2)).contains(&pause(1)));
            assert!((Duration::from_secs(4)..=Duration::from_secs(8)).contains(&pause(3)));
            for fails in [10, 31, 32, u32::MAX] {
                assert!((Duration::from_secs(300)..=Duration::from_secs(600)).contains(&pause(fails)));
            }
        }
        assert_ne!(dial_pause(5, 1), dial_pause(5, 2));
    }
}
