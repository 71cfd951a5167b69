//! Which session makes room for a new one.
//!
//! Clients open sessions and never use them, and forget the others: without this, one such client locks everybody out until
//! the idle time is over. Where nobody authenticates, all are one tenant, and the session that goes is one without anything
//! open: of the address that has the most of them; there one that was never used, or else the one that is idle longest. Its
//! client is answered 404, and opens another.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Instant,
};

/// How a session is used.
#[derive(Debug)]
pub(super) struct Activity {
    last: Mutex<Instant>,
    /// Whether there was any request after the first.
    used: AtomicBool,
    /// Streams that are open: of requests, and the one beside them.
    streams: AtomicUsize,
}

impl Default for Activity {
    fn default() -> Self {
        Self { last: Mutex::new(Instant::now()), used: AtomicBool::default(), streams: AtomicUsize::default() }
    }
}

impl Activity {
    /// Notes that the client is there.
    pub(super) fn touch(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Notes a stream, until what is given back is dropped.
    pub(super) fn stream(self: &Arc<Self>) -> Streaming {
        self.touch();
        self.used.store(true, Ordering::Relaxed);
        self.streams.fetch_add(1, Ordering::Relaxed);
        Streaming(self.clone())
    }

    fn last(&self) -> Instant {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that is open.
#[derive(Debug)]
pub(super) struct Streaming(Arc<Activity>);

impl Drop for Streaming {
    fn drop(&mut self) {
        self.0.touch();
        self.0.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The session that goes first; none where all have something open.
pub(super) fn first_to_go<'a, K>(
    sessions: impl Iterator<Item = (K, Option<IpAddr>, &'a Activity)> + Clone,
) -> Option<K> {
    let mut of_address: HashMap<_, usize> = HashMap::new();
    for (_, address, _) in sessions.clone() {
        *of_address.entry(address).or_default() += 1;
    }
    sessions
        .filter(|(_, _, activity)| activity.streams.load(Ordering::Relaxed) == 0)
        .max_by_key(|(_, address, activity)| {
            let unused = !activity.used.load(Ordering::Relaxed);
            (of_address.get(address).copied(), unused, std::cmp::Reverse(activity.last()))
        })
        .map(|(key, _, _)| key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([10, 0, 0, last]))
    }

    fn activity(used: bool) -> Arc<Activity> {
        let activity = Arc::<Activity>::default();
        if used {
            drop(activity.stream());
        }
        // Two in a row must not have the same instant.
        std::thread::sleep(std::time::Duration::from_millis(2));
        activity
    }

    fn first(sessions: &[(&'static str, Option<IpAddr>, Arc<Activity>)]) -> Option<&'static str> {
        first_to_go(sessions.iter().map(|(key, address, activity)| (*key, *address, &**activity)))
    }

    #[test]
    fn who_has_most_gives_first_what_was_never_used() {
        let mut sessions = vec![
            ("other", address(2), activity(false)),
            ("oldest", address(1), activity(true)),
            ("newer", address(1), activity(true)),
            ("unused", address(1), activity(false)),
        ];
        for expected in ["unused", "oldest"] {
            assert_eq!(first(&sessions), Some(expected));
            sessions.retain(|(key, _, _)| *key != expected);
        }
        assert_eq!(first(&sessions), Some("other"), "of as many each, the unused one");
    }

    #[test]
    fn what_is_in_use_stays() {
        let (held, idle) = (activity(true), activity(true));
        let stream = held.stream();
        let sessions = [("held", address(1), held.clone()), ("idle", address(1), idle)];
        assert_eq!(first(&sessions), Some("idle"));
        assert_eq!(first(&sessions[..1]), None);
        drop(stream);
        assert_eq!(first(&sessions[..1]), Some("held"));
        held.touch();
        assert_eq!(first(&sessions), Some("idle"), "it is idle longer");
    }
}
