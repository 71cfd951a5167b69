//! What one peer may send.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use libp2p::PeerId;
use tokio::sync::Semaphore;

use super::{BURST, BYTES, IN_FLIGHT, MESSAGES, STREAMS, frame::MAX_FRAME};

/// One peer's share, over all of its streams.
pub(super) struct Share {
    pub(super) streams: Arc<Semaphore>,
    pub(super) in_flight: Arc<Semaphore>,
    messages: DefaultDirectRateLimiter,
    bytes: DefaultDirectRateLimiter,
}

impl Share {
    fn new() -> Self {
        let at_least = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        Self {
            streams: Arc::new(Semaphore::new(STREAMS)),
            in_flight: Arc::new(Semaphore::new(IN_FLIGHT)),
            messages: RateLimiter::direct(Quota::per_second(at_least(MESSAGES)).allow_burst(at_least(BURST))),
            bytes: RateLimiter::direct(Quota::per_second(at_least(BYTES))),
        }
    }

    /// Waits until a message of this size is within the rates. The peer is not read meanwhile, so that it feels it.
    pub(super) async fn pace(&self, bytes: usize) {
        self.messages.until_ready().await;
        let size = u32::try_from(bytes.min(MAX_FRAME)).ok().and_then(NonZeroU32::new);
        if let Some(size) = size {
            // No frame is larger than what a second allows, so this always comes to an end.
            let _fits = self.bytes.until_n_ready(size).await;
        }
    }
}

/// The shares of peers that have a stream, and only of these: the number of connections bounds them.
#[derive(Clone, Default)]
pub(super) struct Shares(Arc<Mutex<HashMap<PeerId, Weak<Share>>>>);

impl Shares {
    pub(super) fn of(&self, peer: PeerId) -> Arc<Share> {
        let mut shares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(&peer).and_then(Weak::upgrade) {
            return share;
        }
        shares.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Share::new());
        shares.insert(peer, Arc::downgrade(&share));
        share
    }
}
