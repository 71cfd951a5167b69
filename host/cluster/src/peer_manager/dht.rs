//! Hosts in the distributed hash table: this one says that it is there, and takes in the records of those who do.

use std::time::Duration;

use libp2p::PeerId;
use tandem_reactor::{
    discovery::record::HostRecord,
    trust::{Source, UnixMillis},
};

use super::sources::{SourceResult, half_life, not_announced, renew, take_in};
use crate::core::Core;

/// Hosts whose record is asked for in one round.
const HOSTS: usize = 20;
/// This host's record is put again so often at least: who keeps it may be gone.
const RENEW: Duration = Duration::from_secs(1_200);

pub(super) async fn read(core: &Core) -> Result<SourceResult, String> {
    let hosts = core.network.dht_hosts().await?;
    let wrong = put(core).await.err();
    let now = UnixMillis::now();
    let (known, unknown): (Vec<_>, Vec<_>) =
        hosts.into_iter().filter(|host| *host != core.network.me).partition(|host| core.book().has_record(host, now));
    known.iter().for_each(|host| core.book().named(host, Source::Dht));
    let asked = unknown.iter().take(HOSTS).map(|host| newest(core, host));
    let found: Vec<_> = futures::future::join_all(asked).await.into_iter().flatten().collect();
    Ok(take_in(core, found, Source::Dht).or_wrong(wrong))
}

/// Puts this host's record where it is due. Without success it is due again in the next round.
async fn put(core: &Core) -> Result<(), String> {
    if !core.due("dht", RENEW.min(half_life(core))) {
        return Ok(());
    }
    let record = renew(core, core.settings.network.reach).map_err(|error| not_announced(&error))?;
    match core.network.dht_publish(&record).await {
        Ok(()) => core.renewed("dht"),
        // Hosts that start together have nobody to ask yet.
        Err(error) => tracing::debug!(error, "dht put_record failed"),
    }
    Ok(())
}

/// Of what is answered as the record of a host the newest that it signed.
async fn newest(core: &Core, host: &PeerId) -> Option<HostRecord> {
    let answers = core.network.dht_records(host).await;
    let records = answers.iter().filter_map(|text| HostRecord::decode(text).ok());
    records.filter(|record| record.peer() == *host).max_by_key(HostRecord::sequence)
}
