//! Hosts in the distributed hash table: this one says that it is there, and takes in the records of those who do.

use std::time::Duration;

use libp2p::PeerId;
use tandem_reactor::{
    discovery::record::HostRecord,
    network::Network,
    trust::{Source, UnixMillis},
};

use super::{
    intake::{SourceResult, add_records, not_announced},
    own_record::OwnRecord,
    renewal::Renewal,
    source_error::{OwnRecordError, SourceError},
};
use crate::peers::PeerDirectory;

/// Hosts whose record is asked for in one round.
const HOSTS: usize = 20;
/// This host's record is put again so often at least: who keeps it may be gone.
const RENEW: Duration = Duration::from_secs(1_200);

/// See the module.
#[derive(Default)]
pub(super) struct DhtSource(Renewal);

impl DhtSource {
    pub(super) async fn read(&self, peers: &PeerDirectory, record: &OwnRecord) -> Result<SourceResult, SourceError> {
        let hosts = peers.network.dht_hosts().await?;
        let error = self.put(peers, record).await.err().map(|error| not_announced(&error));
        let now = UnixMillis::now();
        let (known, unknown): (Vec<_>, Vec<_>) =
            hosts.into_iter().filter(|host| *host != peers.me()).partition(|host| peers.book().has_record(host, now));
        known.iter().for_each(|host| peers.book().named(host, Source::Dht));
        let asked = unknown.iter().take(HOSTS).map(|host| newest(&peers.network, host));
        let found: Vec<_> = futures::future::join_all(asked).await.into_iter().flatten().collect();
        Ok(add_records(peers, found, Source::Dht).or_error(error))
    }

    /// Puts this host's record where it is due. Without success it is due again in the next round.
    async fn put(&self, peers: &PeerDirectory, record: &OwnRecord) -> Result<(), OwnRecordError> {
        if !self.0.is_due(RENEW.min(record.half_life()), &peers.network) {
            return Ok(());
        }
        let record = record.renew()?;
        match peers.network.dht_publish(&record).await {
            Ok(()) => self.0.done(),
            // Hosts that start together have nobody to ask yet.
            Err(error) => tracing::debug!(%error, "dht put_record failed"),
        }
        Ok(())
    }
}

/// Of what is answered as the record of a host the newest that it signed.
async fn newest(network: &Network, host: &PeerId) -> Option<HostRecord> {
    let answers = network.dht_records(host).await;
    let records = answers.iter().filter_map(|text| HostRecord::decode(text).ok());
    records.filter(|record| record.peer() == *host).max_by_key(HostRecord::sequence)
}
