//! Who has work: peers tell each other that there may be something to claim, and ask those that told.
//!
//! **Promises.** An offer is not lost: who did not give what it offered is asked once more. **Bounds.** [`WAITING`] peers; a round of
//! telling goes on in parts of [`TOLD`], with a pause between them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use libp2p::PeerId;
use serde_json::Map;
use tandem_queue::TaskStore as _;
use tandem_reactor::rpc::PeerRpc as _;

use crate::core::Core;

/// Peers that are told of new work at once, and the pause before the next so many: a network of hundreds must not take the thread.
const TOLD: usize = 32;
const PAUSE: Duration = Duration::from_millis(20);
/// Peers that wait to be asked: more than may be connected.
const WAITING: usize = 1_024;
/// How long offers of a peer are ignored that did not answer a claim. Stops one that offers and never answers from
/// holding places for ever.
pub(super) const IGNORED: Duration = Duration::from_secs(30);
/// The same for one that did answer, with a refusal: as it has too much to do.
pub(super) const REFUSED: Duration = Duration::from_secs(1);

/// Peers that said they have work.
#[derive(Default)]
pub(crate) struct Offers(Mutex<Offering>);

#[derive(Default)]
struct Offering {
    waiting: VecDeque<PeerId>,
    /// Until when; each is asked once more then.
    ignored: VecDeque<(PeerId, Instant)>,
}

impl Offers {
    /// With those among the waiting whose time is over.
    fn all(&self) -> MutexGuard<'_, Offering> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
    pub(super) fn again(&self) -> Option<Instant> {
        self.all().ignored.iter().map(|(_, until)| *until).min()
    }
}

/// Tells peers, whenever there may be something to claim, until it is dropped. What comes meanwhile is told in the next round.
pub(super) async fn offering(core: Arc<Core>) {
    let mut wakeups = core.queue.tasks.wakeups();
    while wakeups.changed().await.is_ok() {
        let speaking = core.network.connected().into_iter().filter(|(_, connected)| connected.speaks == Some(true));
        for (told, (peer, _)) in speaking.enumerate() {
            if told > 0 && told % TOLD == 0 {
                tokio::time::sleep(PAUSE).await;
            }
            core.links.tell(peer, "tasks/offer", Map::new());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignored_peer_is_asked_once_more_when_its_time_is_over() {
        let (offers, peer, other) = (Offers::default(), PeerId::random(), PeerId::random());
        offers.put(peer);
        offers.put(peer);
        assert_eq!([offers.next(), offers.next()], [Some(peer), None]);
        offers.ignore(peer, Duration::from_secs(3_600));
        offers.put(peer);
        offers.put(other);
        assert_eq!([offers.next(), offers.next()], [Some(other), None], "it is not asked before");
        assert!(offers.again().is_some_and(|at| at > Instant::now()));
        offers.ignore(peer, Duration::ZERO);
        assert_eq!([offers.next(), offers.next(), offers.next()], [Some(peer), None, None]);
        assert_eq!(offers.again(), None);
    }
}
