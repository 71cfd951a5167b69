//! Which peers offer work: hosts notify each other that there may be something to claim, and claim from those that did.
//!
//! **Promises.** An offer is not lost: who did not give what it offered is asked once more. **Bounds.** [`WAITING`] peers; a round of
//! notifications goes out in parts of [`BATCH`], with a pause between them.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use libp2p::PeerId;
use serde_json::Map;
use tandem_queue::{SqliteTasks, TaskStore as _};
use tandem_reactor::rpc::PeerRpc as _;
use tokio::sync::Notify;

use crate::peers::PeerDirectory;

/// Peers that are notified at once, and the pause before the next so many: a network of hundreds must not take the thread.
const BATCH: usize = 32;
const PAUSE: Duration = Duration::from_millis(20);
/// Peers that wait to be asked: more than may be connected.
const WAITING: usize = 1_024;
/// How long offers of a peer are ignored that did not answer a claim. Stops one that offers and never answers from
/// holding slots for ever.
pub(super) const IGNORED: Duration = Duration::from_secs(30);
/// The same for one that did answer, with a refusal: as it has too much to do.
pub(super) const REFUSED: Duration = Duration::from_secs(1);

/// Peers that said they have work.
#[derive(Default)]
pub(crate) struct WorkOffers {
    offers: Mutex<Offers>,
    /// A peer offered work.
    pub(super) changed: Notify,
}

#[derive(Default)]
struct Offers {
    waiting: VecDeque<PeerId>,
    /// Until when; each is asked once more then.
    ignored: VecDeque<(PeerId, Instant)>,
}

impl WorkOffers {
    /// With those among the waiting whose time is over.
    fn all(&self) -> MutexGuard<'_, Offers> {
        let mut all = self.offers.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        while let Some(at) = all.ignored.iter().position(|(_, until)| *until <= now) {
            if let Some((peer, _)) = all.ignored.remove(at) {
                all.waiting.push_back(peer);
            }
        }
        all
    }

    pub(crate) fn put(&self, peer: PeerId) {
        let mut all = self.all();
        // What an ignored peer offers is asked for when its time is over.
        let known = all.waiting.contains(&peer) || all.ignored.iter().any(|(ignored, _)| *ignored == peer);
        if !known && all.waiting.len() < WAITING {
            all.waiting.push_back(peer);
        }
        drop(all);
        self.changed.notify_one();
    }

    pub(super) fn next(&self) -> Option<PeerId> {
        self.all().waiting.pop_front()
    }

    /// It did not give what it offered: it is asked again after this time, and not before.
    pub(super) fn ignore(&self, peer: PeerId, time: Duration) {
        let mut all = self.all();
        all.waiting.retain(|waiting| *waiting != peer);
        all.ignored.retain(|(ignored, _)| *ignored != peer);
        if all.ignored.len() >= WAITING {
            all.ignored.pop_front();
        }
        all.ignored.push_back((peer, Instant::now() + time));
    }

    /// When the first of those that are ignored is asked again.
    pub(super) fn next_retry(&self) -> Option<Instant> {
        self.all().ignored.iter().map(|(_, until)| *until).min()
    }
}

/// Notifies peers whenever there may be something to claim, also as the operator's policy changed, until it is dropped. What comes
/// meanwhile is part of the next round.
pub(super) async fn notify_peers(tasks: &SqliteTasks, peers: &PeerDirectory, policy_changed: &Notify) {
    let mut wakeups = tasks.wakeups();
    loop {
        tokio::select! {
            woken = wakeups.changed() => if woken.is_err() { return },
            () = policy_changed.notified() => {}
        }
        for (sent, (peer, _)) in peers.speaking().enumerate() {
            if sent > 0 && sent % BATCH == 0 {
                tokio::time::sleep(PAUSE).await;
            }
            peers.links.tell(peer, "tasks/offer", Map::new());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignored_peer_is_asked_once_more_when_its_time_is_over() {
        let (offers, peer, other) = (WorkOffers::default(), PeerId::random(), PeerId::random());
        offers.put(peer);
        offers.put(peer);
        assert_eq!([offers.next(), offers.next()], [Some(peer), None]);
        offers.ignore(peer, Duration::from_secs(3_600));
        offers.put(peer);
        offers.put(other);
        assert_eq!([offers.next(), offers.next()], [Some(other), None], "it is not asked before");
        assert!(offers.next_retry().is_some_and(|at| at > Instant::now()));
        offers.ignore(peer, Duration::ZERO);
        assert_eq!([offers.next(), offers.next(), offers.next()], [Some(peer), None, None]);
        assert_eq!(offers.next_retry(), None);
    }
}
