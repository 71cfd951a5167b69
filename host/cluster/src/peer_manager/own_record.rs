//! This host's own record: what it says of itself, signed.
//!
//! **Promises.** A record leads nowhere that its readers refuse, and each has a higher sequence number than the one before.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use libp2p::Multiaddr;
use tandem_reactor::{
    discovery::record::{Announcement, HostRecord, MAX_TOOLS, NAME, next_sequence},
    trust::{AddressPolicy, Reach, Source, UnixMillis},
};
use tandem_types::Caller;
use tokio::sync::Notify;

use super::source_error::OwnRecordError;
use crate::{
    peers::{Capabilities, PeerDirectory},
    worker::LocalWorker,
};

/// What this host says of itself beside what follows from its state; the last registration sets it.
#[derive(Clone, Debug, Default)]
struct OwnAnnouncement {
    addresses: Vec<Multiaddr>,
    metadata: BTreeMap<String, String>,
    /// How long each record is good for, where a registration said so.
    ttl: Option<Duration>,
}

/// See the module.
pub(super) struct OwnRecord {
    peers: Arc<PeerDirectory>,
    worker: Arc<LocalWorker>,
    /// Where peers let themselves be led, and how long a record is good for, where a registration does not say.
    reach: Reach,
    ttl: Duration,
    announcement: Mutex<OwnAnnouncement>,
    /// The sequence number of the newest record.
    sequence: Mutex<Option<u64>>,
    /// What this host says of itself changed, or somebody new listens to it.
    pub(super) changed: Notify,
}

impl OwnRecord {
    pub(super) fn new(peers: Arc<PeerDirectory>, worker: Arc<LocalWorker>, reach: Reach, ttl: Duration) -> Self {
        let (announcement, sequence, changed) = (Mutex::default(), Mutex::default(), Notify::new());
        Self { peers, worker, reach, ttl, announcement, sequence, changed }
    }

    fn announcement(&self) -> MutexGuard<'_, OwnAnnouncement> {
        self.announcement.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signs a record as an operator or a tool words it, and keeps the wording for all later ones.
    pub(super) fn register(
        &self,
        addresses: Vec<Multiaddr>,
        ttl: Duration,
        metadata: BTreeMap<String, String>,
    ) -> Result<HostRecord, OwnRecordError> {
        let announcement = OwnAnnouncement { addresses, metadata, ttl: Some(ttl) };
        let record = self.sign(&announcement, self.directory_reach())?;
        *self.announcement() = announcement;
        Ok(record)
    }

    /// Signs a new record for peers.
    pub(super) fn renew(&self) -> Result<HostRecord, OwnRecordError> {
        let announcement = self.announcement().clone();
        self.sign(&announcement, self.reach)
    }

    /// Signs a new record for the readers of the directory.
    pub(super) fn renew_for_directory(&self) -> Result<HostRecord, OwnRecordError> {
        let announcement = self.announcement().clone();
        self.sign(&announcement, self.directory_reach())
    }

    fn directory_reach(&self) -> Reach {
        Source::File.reach(self.reach)
    }

    /// How often this host's record is renewed where it is kept.
    pub(super) fn half_life(&self) -> Duration {
        self.announcement().ttl.unwrap_or(self.ttl) / 2
    }

    fn sign(&self, own: &OwnAnnouncement, reach: Reach) -> Result<HostRecord, OwnRecordError> {
        let network = &self.peers.network;
        let known = if own.addresses.is_empty() { network.addresses() } else { own.addresses.clone() };
        let addresses = AddressPolicy::new(network.me, reach).announceable(&known, reach);
        if addresses.is_empty() {
            return Err(OwnRecordError::NoAddress);
        }
        let now = UnixMillis::now();
        let Capabilities { mut tools, capacity, free, .. } = self.worker.capabilities(&Caller::local());
        tools.truncate(MAX_TOOLS);
        let mut metadata = own.metadata.clone();
        if let Some(name) = &self.peers.name {
            metadata.entry(NAME.to_owned()).or_insert_with(|| name.clone());
        }
        let (sequence, ttl) = (self.next_sequence(now), own.ttl.unwrap_or(self.ttl));
        let announcement = Announcement { addresses, tools, capacity, free, metadata, sequence, issued_at: now, ttl };
        Ok(HostRecord::sign(&network.key, announcement)?)
    }

    fn next_sequence(&self, now: UnixMillis) -> u64 {
        let mut last = self.sequence.lock().unwrap_or_else(PoisonError::into_inner);
        let next = next_sequence(*last, now);
        *last = Some(next);
        next
    }
}
