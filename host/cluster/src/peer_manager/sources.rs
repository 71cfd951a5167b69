//! The registries and other places where hosts are looked for, and where this host's record goes.
//!
//! **Promises.** A record that is handed on leads nowhere that its readers refuse. What a source failed at, and the first record of it
//! that is refused, is told to whoever looks, logged when it changes, and shown by `tandem doctor`.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant, SystemTime},
};

use libp2p::{Multiaddr, PeerId};
use tandem_reactor::settings::peer_of;
use tandem_reactor::{
    discovery::{
        file::{FileRegistry, MAX_FILES},
        record::{Announcement, HostRecord, NAME, RecordError, next_sequence},
    },
    trust::{AddressPolicy, BookError, Reach, Source, UnixMillis},
};
use tandem_types::Caller;

use crate::{core::Core, queue::Offer};

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
    /// When an error of it was logged.
    pub(crate) logged: Option<Instant>,
}

/// What came of a look at a source.
#[derive(Debug, Default)]
pub(super) struct SourceResult {
    /// Hosts that it named and that are believed.
    pub(super) nodes: usize,
    /// The first thing that went wrong.
    pub(super) wrong: Option<String>,
}

impl SourceResult {
    /// Notes something else that went wrong.
    pub(super) fn or_wrong(self, wrong: Option<String>) -> Self {
        Self { wrong: self.wrong.or(wrong), ..self }
    }
}

/// The sources that failed when they were asked last, with why.
pub(crate) fn failing(core: &Core) -> BTreeMap<String, String> {
    let on: BTreeSet<_> = sources(core).iter().map(|name| noted(name).to_owned()).collect();
    let failed = core.sources().into_iter().filter(|(name, _)| on.contains(name));
    failed.filter_map(|(name, note)| Some((name, note.last_error?))).collect()
}

/// What a source is called in notes.
fn noted(name: &str) -> &str {
    if name == "file" { REGISTRY } else { name }
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
    let own = core.network.addresses();
    core.book().policy_mut().set_own_addresses(&own);
    let asked = sources.iter().map(|source| ask(core, *source, timeout));
    let (mut all, mut failed) = (BTreeMap::<_, SourceResult>::new(), Vec::new());
    for (name, looked) in futures::future::join_all(asked).await.into_iter().flatten() {
        let looked = looked.unwrap_or_else(|error| SourceResult { nodes: 0, wrong: Some(error) });
        failed.extend(looked.wrong.clone().map(|error| (name, error)));
        let known = all.entry(name).or_default();
        known.nodes += looked.nodes;
        known.wrong = known.wrong.take().or(looked.wrong);
    }
    for (name, looked) in all {
        core.sources_note(noted(name), looked.nodes, looked.wrong);
    }
    failed
}

/// What came of one source, with its name; of several places, each.
async fn ask(core: &Core, source: Source, timeout: Duration) -> Vec<(&'static str, Result<SourceResult, String>)> {
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
}

async fn within(
    timeout: Duration,
    work: impl Future<Output = Result<SourceResult, String>>,
) -> Result<SourceResult, String> {
    let late = |_| Err(format!("it did not answer within {} s", timeout.as_secs()));
    tokio::time::timeout(timeout, work).await.unwrap_or_else(late)
}

/// Registers at a rendezvous point and takes in whom it knows.
async fn meet(core: &Core, point: &Multiaddr, timeout: Duration) -> Result<SourceResult, String> {
    let peer = core.network.dial(point.clone(), timeout).await?;
    let look = async {
        let mut looked = SourceResult::default();
        for (peer, addresses) in core.network.ask_at(peer, timeout).await? {
            match core.book().hint(peer, addresses, Source::Rendezvous, UnixMillis::now()) {
                Ok(_) => looked.nodes += 1,
                Err(error) => looked = looked.or_wrong(refusal(peer, &error)),
            }
        }
        Ok::<_, String>(looked)
    };
    // A host that cannot be reached, and so cannot register, still looks for those that can, and keeps whom it found.
    let (registered, looked) = tokio::join!(core.network.register_at(peer, timeout), look);
    Ok(looked?.or_wrong(registered.err()))
}

/// What this host says of itself beside what follows from its state; the last registration sets it.
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnAnnouncement {
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
    let said = OwnAnnouncement { addresses, metadata, ttl: Some(ttl) };
    let record = sign(core, &said, ttl, directory_reach(core))?;
    *core.said() = said;
    Ok(record)
}

/// Signs a new record of this host for readers who believe what `reach` says.
pub(super) fn renew(core: &Core, reach: Reach) -> Result<HostRecord, String> {
    let said = core.said().clone();
    sign(core, &said, said.ttl.unwrap_or(core.settings.record_ttl), reach)
}

/// Where the readers of the directory let themselves be led.
fn directory_reach(core: &Core) -> Reach {
    Source::File.reach(core.settings.network.reach)
}

/// How often this host's record is renewed where it is kept.
pub(super) fn half_life(core: &Core) -> Duration {
    core.said().ttl.unwrap_or(core.settings.record_ttl) / 2
}

fn sign(core: &Core, said: &OwnAnnouncement, ttl: Duration, reach: Reach) -> Result<HostRecord, String> {
    let own = if said.addresses.is_empty() { core.network.addresses() } else { said.addresses.clone() };
    let addresses = AddressPolicy::new(core.network.me, reach).announceable(&own, reach);
    if addresses.is_empty() {
        let hint = "listen on another one in p2p.listen, or allow private ones with p2p.discovery.private and, for hosts on \
            one machine, p2p.discovery.loopback";
        return Err(format!("this host has no address that its peers would dial; {hint}"));
    }
    let now = UnixMillis::now();
    let Offer { mut tools, capacity, free, .. } = core.offer(&Caller::local());
    tools.truncate(tandem_reactor::discovery::record::MAX_TOOLS);
    let sequence = {
        let mut last = core.sequence.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let next = next_sequence(*last, now);
        *last = Some(next);
        next
    };
    let mut metadata = said.metadata.clone();
    if let Some(name) = &core.settings.network.name {
        metadata.entry(NAME.to_owned()).or_insert_with(|| name.clone());
    }
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

/// Takes this host's record back from where others look for it. The hash table and the GitHub registry keep it until it expires.
pub(crate) async fn withdraw(core: &Core) {
    if let Some(directory) = &core.settings.registry
        && let Err(error) = FileRegistry::new(directory.clone()).withdraw(&core.network.me).await
    {
        tracing::warn!(%error, "cannot withdraw this host's record from the directory");
    }
    let points = core.settings.network.rendezvous.iter().filter_map(peer_of);
    points.filter(|peer| core.network.is_connected(peer)).for_each(|peer| core.network.unregister_at(peer));
}

/// Takes in what the GitHub registry has, and renews this host's record there when half of its time is over.
async fn read_github(core: &Core) -> Result<SourceResult, String> {
    let Some(registry) = core.github.clone() else { return Ok(SourceResult::default()) };
    let own = core.due("github", half_life(core)).then(|| renew(core, core.settings.network.reach)).transpose();
    let (own, wrong) = own.map_or_else(|error| (None, Some(not_announced(&error))), |own| (own, None));
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
    let bad = listing.bad.first().map(|bad| format!("comment {}: {}", bad.comment, bad.error));
    Ok(take_in(core, listing.records, Source::Github).or_wrong(bad).or_wrong(wrong))
}

pub(super) fn not_announced(error: &str) -> String {
    format!("this host is not announced: {error}")
}

/// Why a host that a source named is not believed. That its record is over, or that it is kept out, is nobody's fault.
fn refusal(peer: PeerId, error: &BookError) -> Option<String> {
    match error {
        BookError::KeptOut(_) | BookError::Record(RecordError::Expired) => None,
        error => Some(format!("{peer}: {error}")),
    }
}

/// Offers records to the book; answers how many are believed.
pub(super) fn take_in(core: &Core, records: Vec<HostRecord>, source: Source) -> SourceResult {
    let mut looked = SourceResult::default();
    for record in records {
        let peer = record.peer();
        if peer == core.network.me {
            continue;
        }
        let offered = core.book().offer(record, source, UnixMillis::now());
        match offered {
            Ok(()) => looked.nodes += 1,
            // It is there already.
            Err(BookError::Record(RecordError::NotNewer { .. })) => {
                core.book().named(&peer, source);
                looked.nodes += 1;
            }
            Err(error) => looked = looked.or_wrong(refusal(peer, &error)),
        }
    }
    looked
}

/// Renews this host's own record and takes in those of others.
async fn read_registry(core: &Core) -> Result<SourceResult, String> {
    let Some(directory) = &core.settings.registry else { return Ok(SourceResult::default()) };
    let registry = FileRegistry::new(directory.clone());
    let mut wrong = None;
    if !core.network.listening().is_empty() {
        match renew(core, directory_reach(core)) {
            // Those that cannot write there may still read.
            Ok(record) => wrong = registry.publish(&record).await.err().map(|error| not_announced(&error.to_string())),
            // Nobody else looks into a directory of this host's own.
            Err(error) => wrong = core.settings.shares_registry.then(|| not_announced(&error)),
        }
    }
    let found = registry.scan().await.map_err(|error| error.to_string())?;
    let bad = found.bad.first().map(|(file, error)| format!("{file}: {error}"));
    let full = found.truncated.then(|| format!("more than {MAX_FILES} files; the others are not read"));
    Ok(take_in(core, found.records, Source::File).or_wrong(wrong).or_wrong(bad).or_wrong(full))
}
