//! The use that peers make of the wire, shared by all of their streams.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use libp2p::PeerId;

use crate::trust::quota::{OverQuota, QuotaSlot, WireLimits, WireQuotas};

/// Outlives the streams: a peer that reconnects does not start anew.
#[derive(Clone)]
pub(super) struct Quotas {
    pub(super) limits: WireLimits,
    used: Arc<Mutex<WireQuotas>>,
}

impl Quotas {
    pub(super) fn new(limits: WireLimits) -> Self {
        Self { limits, used: Arc::new(Mutex::new(WireQuotas::new(limits))) }
    }

    fn used(&self) -> MutexGuard<'_, WireQuotas> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stream(&self, peer: &PeerId) -> Result<QuotaSlot, OverQuota> {
        self.used().stream(peer, Instant::now())
    }

    pub(super) fn request(&self, peer: &PeerId) -> Result<QuotaSlot, OverQuota> {
        self.used().request(peer, Instant::now())
    }

    /// Waits until a message of this size is within the rates. The peer is not read meanwhile, so that it feels it.
    pub(super) async fn pace(&self, peer: &PeerId, bytes: usize) -> Result<(), OverQuota> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        loop {
            let taken = self.used().message(peer, bytes, Instant::now());
            match taken {
                Err(OverQuota::Messages(wait) | OverQuota::Bytes(wait)) => tokio::time::sleep(wait).await,
                other => return other,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_peer_that_is_over_its_rate_waits_also_on_another_stream() {
        let limits = WireLimits { messages: 10, burst: 2, ..WireLimits::default() };
        let (quotas, peer) = (Quotas::new(limits), PeerId::random());
        let start = Instant::now();
        for _ in 0..2 {
            let stream = quotas.stream(&peer).unwrap();
            quotas.clone().pace(&peer, 1).await.unwrap();
            drop(stream);
        }
        quotas.pace(&peer, 1).await.unwrap();
        assert!(start.elapsed() >= Duration::from_millis(90), "the third waits for its tenth of a second");
        let size = limits.bytes as usize + 1;
        assert_eq!(quotas.pace(&peer, size).await, Err(OverQuota::TooLarge(limits.bytes + 1)));
    }
}
