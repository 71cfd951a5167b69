//! What this host can run is advertised to connected peers, and to its own workers, whenever its tools change.

use std::{sync::Arc, time::Duration};

use tandem_reactor::rpc::PeerRpc as _;

use super::own_record::OwnRecord;
use crate::{
    limits::ADVERTISEMENT_TTL,
    peers::{PeerDirectory, TaskPolicy},
    worker::LocalWorker,
};

/// Between two looks whether there are other tools: one atomic read each.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// See the module.
pub(super) struct Advertiser {
    pub(super) peers: Arc<PeerDirectory>,
    pub(super) worker: Arc<LocalWorker>,
    pub(super) policy: Arc<TaskPolicy>,
    pub(super) record: Arc<OwnRecord>,
}

impl Advertiser {
    /// Tells connected peers what this host offers each of them; answers how many are told.
    pub(super) fn advertise(&self, ttl: Duration) -> usize {
        let sent = self.peers.speaking().map(|(peer, _)| {
            let mut params = self.worker.capabilities(&self.policy.caller(&peer)).into_params();
            params.insert("ttl_s".to_owned(), ttl.as_secs().into());
            self.peers.links.tell(peer, "tandem/announce", params);
        });
        sent.count()
    }

    /// Advertises when there are other tools, as after the start and after a reload, until it is dropped.
    pub(super) async fn follow_tools(&self) {
        let mut before = None;
        loop {
            tokio::time::sleep(POLL_INTERVAL).await;
            let now = self.worker.tools.generation();
            if before == Some(now) {
                continue;
            }
            before = Some(now);
            self.worker.slots.own_queue.notify_one();
            self.record.changed.notify_one();
            self.advertise(ADVERTISEMENT_TTL);
        }
    }
}
