//! The registries and other places where hosts are looked for, and where this host's record goes.
//!
//! **Promises.** A record that is handed on leads nowhere that its readers refuse: one such address, and they refuse all of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime},
};

use libp2p::Multiaddr;
use tandem_engine::Caller;

use crate::{
    core::Core,
    discovery::{
        file::FileRegistry,
        record::{Announcement, HostRecord, RecordError, next_sequence},
    },
    queue::Offer,
    settings::peer_of,
    trust::{AddressPolicy, BookError, Reach, Source, UnixMillis},
};

/// What the file registry is called among the sources of nodes, where `file` is a list of them.
const REGISTRY: &str = "registry";
/// How long a registry may take to answer one question of the upkeep: an issue with many hosts has many pages.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// What is known of a source of nodes.
#[derive(Clone, Debug, Default)]
pub(crate) struct SourceNote {
    pub(crate) nodes: usize,
    pub(crate) last_used: Option<SystemTime>,
    pub(crate) last_error: Option<String>,
}

/// The sources that are on, by the names that the tools use.
pub(crate) fn sources(core: &Core) -> Vec<String> {
    let network = &core.settings.network;
    let on = [
        ("file", core.settings.registry.is_some()),
        ("mdns", network.mdns),
        ("dht", network.dht.is_some()),
        ("rendezvous", !network.rendezvous.is_empty()),
        ("github", core.github.is_some()),
    ];
    on.into_iter().filter(|(_, on)| *on).map(|(name, _)| name.to_owned()).collect()
}

/// Whether a source is on that keeps records of hosts.
pub(crate) fn registers(core: &Core) -> bool {
    sources(core).iter().any(|name| name != "mdns")
}

pub(crate) fn source(name: &str) -> Option<Source> {
    Some(match name {
        "file" => Source::File,
        "mdns" => Source::Mdns,
        "dht" => Source::Dht,
        "rendezvous" => Source::Rendezvous,
        "github" => Source::Github,
        _ => return None,
    })
}

/// Asks sources, all at once, each for so long at most. What they answer in time is in the book then. Answers what failed.
pub(crate) async fn look(core: &Core, sources: &BTreeSet<Source>, timeout: Duration) -> Vec<(&'static str, String)> {
    let asked = sources.iter().map(|source| ask(core, *source, timeout));
    let failed: Vec<_> = futures::future::join_all(asked).await.into_iter().flatten().collect();
    for (name, error) in &failed {
        core.sources_note(if *name == "file" { REGISTRY } else { name }, 0, Some(error.clone()));
    }
    failed
}

/// What failed of one source, with its name.
async fn ask(core: &Core, source: Source, timeout: Duration) -> Vec<(&'static str, String)> {
    match source {
        Source::File => vec![("file", within(timeout, read_registry(core)).await)],
        Source::Rendezvous => {
            let points = core.settings.network.rendezvous.iter();
            let asked = points.map(async |point| {
                let met = within(timeout, meet(core, point, timeout)).await;
                ("rendezvous", met.map_err(|error| format!("{point}: {error}")))
            });
            futures::future::join_all(asked).await
        }
        Source::Github => vec![("github", within(timeout, read_github(core)).await)],
        #[cfg(feature = "dht")]
        Source::Dht => vec![("dht", within(timeout, super::dht::read(core)).await)],
        _ => Vec::new(),
    }
    .into_iter()
    .filter_map(|(name, done)| Some((name, done.err()?)))
    .collect()
}

async fn within(timeout: Duration, work: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    let late = |_| Err(format!("it did not answer within {} s", timeout.as_secs()));
    tokio::time::timeout(timeout, work).await.unwrap_or_else(late)
}

/// Registers at a rendezvous point and takes in whom it knows.
async fn meet(core: &Core, point: &Multiaddr, timeout: Duration) -> Result<(), String> {
    let peer = core.network.dial(point.clone(), timeout).await?;
    let look = async {
        let found = core.network.ask_at(peer, timeout).await?;
        let (nodes, mut wrong) = (found.len(), None);
        for (peer, addresses) in found {
            let known = core.book().hint(peer, addresses, Source::Rendezvous, UnixMillis::now());
            wrong = known.err().or(wrong);
        }
        core.sources_note("rendezvous", nodes, wrong.map(|error| error.to_string()));
        Ok(())
    };
    // A host that cannot be reached, and so cannot register, still looks for those that can, and keeps whom it found.
    let (registered, looked) = tokio::join!(core.network.register_at(peer, timeout), look);
    looked.and(registered)
}

/// What this host says of itself beside what follows from its state; the last registration sets it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    addresses: Vec<Multiaddr>,
    metadata: BTreeMap<String, String>,
    /// How long each record is good for, where a registration said so.
    ttl: Option<Duration>,
}

/// Signs a record as an operator or a tool words it, and keeps the wording for all later ones.
pub(crate) fn register(
    core: &Core,
    addresses: Vec<Multiaddr>,
    ttl: Duration,
    metadata: BTreeMap<String, String>,
) -> Result<HostRecord, String> {
    let said = Said { addresses, metadata, ttl: Some(ttl) };
    let record = sign(core, &said, ttl, Reach::OPERATOR)?;
    *core.said() = said;
    Ok(record)
}

/// Signs a new record of this host for readers who believe what `reach` says.
pub(super) fn renew(core: &Core, reach: Reach) -> Result<HostRecord, String> {
    let said = core.said().clone();
    sign(core, &said, said.ttl.unwrap_or(core.settings.record_ttl), reach)
}

/// How often this host's record is renewed where it is kept.
pub(super) fn half_life(core: &Core) -> Duration {
    core.said().ttl.unwrap_or(core.settings.record_ttl) / 2
}

fn sign(core: &Core, said: &Said, ttl: Duration, reach: Reach) -> Result<HostRecord, String> {
    let own = if said.addresses.is_empty() { core.network.addresses() } else { said.addresses.clone() };
    let addresses = AddressPolicy::new(core.network.me, reach).announceable(&own, reach);
    if addresses.is_empty() {
        let hint = "listen on another one in p2p.listen, or allow private ones with p2p.discovery.private";
        return Err(format!("this host has no address that its peers would dial; {hint}"));
    }
    let now = UnixMillis::now();
    let Offer { mut tools, capacity, free } = core.offer(&Caller::local());
    tools.truncate(crate::discovery::record::MAX_TOOLS);
    let sequence = {
        let mut last = core.sequence.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let next = next_sequence(*last, now);
        *last = Some(next);
        next
    };
    let metadata = said.metadata.clone();
    let announcement = Announcement { addresses, tools, capacity, free, metadata, sequence, issued_at: now, ttl };
    HostRecord::sign(&core.network.key, announcement).map_err(|error| error.to_string())
}

/// Writes a record to the registries that are on. Answers their names.
pub(crate) async fn publish(core: &Core, record: &HostRecord) -> Vec<&'static str> {
    let mut written = Vec::new();
    if let Some(directory) = &core.settings.registry {
        match FileRegistry::new(directory.clone()).publish(record).await {
            Ok(()) => written.push("file"),
            Err(error) => core.sources_note(REGISTRY, 0, Some(error.to_string())),
        }
    }
    let points = core.settings.network.rendezvous.iter().filter_map(peer_of);
    let points = points.filter(|peer| core.network.is_connected(peer));
    let registered = points.map(|peer| core.network.register_at(peer, super::DIAL));
    if futures::future::join_all(registered).await.iter().any(Result::is_ok) {
        written.push("rendezvous");
    }
    if let Some(registry) = core.github.clone() {
        let own = record.clone();
        let published = core.general.spawn(async move { registry.lock().await.publish(&own, UnixMillis::now()).await });
        match published
            .await
            .map_err(|error| error.to_string())
            .and_then(|done| done.map_err(|error| error.to_string()))
        {
            Ok(_) => {
                core.renewed("github");
                written.push("github");
            }
            Err(error) => core.sources_note("github", 0, Some(error)),
        }
    }
    #[cfg(feature = "dht")]
    if core.settings.network.dht.is_some() && core.network.dht_publish(record).await.is_ok() {
        written.push("dht");
    }
    written
}

/// Takes in what the GitHub registry has, and renews this host's record there when half of its time is over.
async fn read_github(core: &Core) -> Result<(), String> {
    let Some(registry) = core.github.clone() else { return Ok(()) };
    let own = match core.due("github", half_life(core)) {
        true => {
            renew(core, core.settings.network.reach).inspect_err(|error| tracing::warn!(error, "not announced")).ok()
        }
        false => None,
    };
    let announced = own.is_some();
    let asked = core.general.spawn(async move {
        let mut registry = registry.lock().await;
        let now = UnixMillis::now();
        if let Some(own) = own {
            registry.publish(&own, now).await.map_err(|error| error.to_string())?;
        }
        registry.list(now).await.map_err(|error| error.to_string())
    });
    let listing = asked.await.map_err(|error| error.to_string())??;
    if announced {
        core.renewed("github");
    }
    let nodes = take_in(core, listing.records, Source::Github);
    let bad = listing.bad.first().map(|bad| format!("comment {}: {}", bad.comment, bad.error));
    core.sources_note("github", nodes, bad);
    Ok(())
}

/// Offers records to the book; answers how many are believed.
pub(super) fn take_in(core: &Core, records: Vec<HostRecord>, source: Source) -> usize {
    let mut nodes = 0;
    for record in records {
        let peer = record.peer();
        if peer == core.network.me {
            continue;
        }
        let offered = core.book().offer(record, source, UnixMillis::now());
        match offered {
            Ok(()) => nodes += 1,
            // It is there already.
            Err(BookError::Record(RecordError::NotNewer { .. })) => {
                core.book().named(&peer, source);
                nodes += 1;
            }
            Err(error) => tracing::debug!(%error, "a record of a registry is refused"),
        }
    }
    nodes
}

/// Renews this host's own record and takes in those of others.
async fn read_registry(core: &Core) -> Result<(), String> {
    let Some(directory) = &core.settings.registry else { return Ok(()) };
    let registry = FileRegistry::new(directory.clone());
    if !core.network.listening().is_empty() {
        match renew(core, Reach::OPERATOR) {
            Ok(record) => registry.publish(&record).await.map_err(|error| error.to_string())?,
            Err(error) => tracing::warn!(error, "this host is not in the registry"),
        }
    }
    let found = registry.scan().await.map_err(|error| error.to_string())?;
    let nodes = take_in(core, found.records, Source::File);
    let bad = found.bad.first().map(|(file, error)| format!("{file}: {error}"));
    core.sources_note(REGISTRY, nodes, bad);
    Ok(())
}
