//! Hosts in the distributed hash table: this one says that it is there, and takes in the records of those who do.

use std::time::Duration;

use libp2p::PeerId;

use super::sources::{half_life, renew, take_in};
use crate::{
    core::Core,
    discovery::record::HostRecord,
    trust::{Source, UnixMillis},
};

/// Hosts whose record is asked for in one round.
const HOSTS: usize = 20;
/// This host's record is put again so often at least: who keeps it may be gone.
const RENEW: Duration = Duration::from_secs(1_200);

pub(super) async fn read(core: &Core) -> Result<(), String> {
    let hosts = core.network.dht_hosts().await?;
    put(core).await;
    let now = UnixMillis::now();
    let (known, unknown): (Vec<_>, Vec<_>) =
        hosts.into_iter().filter(|host| *host != core.network.me).partition(|host| core.book().has_record(host, now));
    known.iter().for_each(|host| core.book().named(host, Source::Dht));
    let asked = unknown.iter().take(HOSTS).map(|host| newest(core, host));
    let found: Vec<_> = futures::future::join_all(asked).await.into_iter().flatten().collect();
    let nodes = take_in(core, found, Source::Dht);
    core.sources_note("dht", nodes, None);
    Ok(())
}

/// Puts this host's record where it is due. Without success it is due again in the next round.
async fn put(core: &Core) {
    if !core.due("dht", RENEW.min(half_life(core))) {
        return;
    }
    let record = match renew(core, core.settings.network.reach) {
        Ok(record) => record,
        Err(error) => {
            tracing::warn!(error, "this host is not announced in the hash table");
            return;
        }
    };
    match core.network.dht_publish(&record).await {
        Ok(()) => core.renewed("dht"),
        Err(error) => tracing::debug!(error, "nobody of the hash table took this host's record"),
    }
}

/// Of what is answered as the record of a host the newest that it signed.
async fn newest(core: &Core, host: &PeerId) -> Option<HostRecord> {
    let answers = core.network.dht_records(host).await;
    let records = answers.iter().filter_map(|text| HostRecord::decode(text).ok());
    records.filter(|record| record.peer() == *host).max_by_key(HostRecord::sequence)
}
