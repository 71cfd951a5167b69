//! Credentials that were refused: told once in a while for each address, so that guessing is seen and fills no log.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Between two reports of one address; the later one says how many there were.
const PAUSE: Duration = Duration::from_secs(60);
/// Addresses that are told apart at a time. Beyond, all others count as one: an attacker may have a whole network of them.
const MAX_ADDRESSES: usize = 1024;
/// What stands for all others.
const OTHERS: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Counts refusals by address.
#[derive(Debug, Default)]
pub(crate) struct Refused(Mutex<HashMap<IpAddr, Counted>>);

#[derive(Debug)]
struct Counted {
    told: Instant,
    since: u64,
}

impl Refused {
    /// Counts one. Answers whom to report, and how many there were since the last report, when it is time for one.
    pub(crate) fn note(&self, address: IpAddr, now: Instant) -> Option<(IpAddr, u64)> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_ADDRESSES && !known.contains_key(&address) {
            known.retain(|_, counted| now.duration_since(counted.told) < PAUSE);
        }
        let address = if known.len() < MAX_ADDRESSES || known.contains_key(&address) { address } else { OTHERS };
        match known.get_mut(&address) {
            None => {
                known.insert(address, Counted { told: now, since: 0 });
                Some((address, 1))
            }
            Some(counted) => {
                counted.since += 1;
                (now.duration_since(counted.told) >= PAUSE).then(|| {
                    counted.told = now;
                    (address, std::mem::take(&mut counted.since))
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_is_told_of_at_once_and_then_with_its_count() {
        let (refused, now) = (Refused::default(), Instant::now());
        let address = |i: u32| IpAddr::V4(Ipv4Addr::from_bits(i));
        assert_eq!(refused.note(address(1), now), Some((address(1), 1)));
        for _ in 0..10 {
            assert_eq!(refused.note(address(1), now), None);
        }
        assert_eq!(refused.note(address(1), now + PAUSE), Some((address(1), 11)));
    }

    #[test]
    fn a_network_of_addresses_is_one_line_a_minute() {
        let (refused, now) = (Refused::default(), Instant::now());
        let told = (1..100_000).filter(|i| refused.note(IpAddr::V4(Ipv4Addr::from_bits(*i)), now).is_some()).count();
        assert!(told <= MAX_ADDRESSES + 1, "{told}");
        assert!(refused.0.lock().unwrap().len() <= MAX_ADDRESSES + 1);
    }
}
