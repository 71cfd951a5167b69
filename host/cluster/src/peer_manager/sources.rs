//! The sources in which peers are looked for, and where this host's record goes.
//!
//! **Promises.** What a source failed at, and the first record of it that is refused, is answered to whoever asked, logged when it
//! changes, and shown by `tandem doctor`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use libp2p::Multiaddr;
use tandem_reactor::{
    discovery::{
        file::{FileRegistry, MAX_FILES},
        record::HostRecord,
    },
    settings::peer_of,
    trust::{Source, UnixMillis},
};
use tokio::runtime::Handle;

#[cfg(feature = "dht")]
use super::dht::DhtSource;
use super::{
    github::GithubSource,
    intake::{SourceResult, add_records, not_announced},
    own_record::OwnRecord,
    source_error::SourceError,
    source_log::SourceLog,
};
use crate::{limits::PEER_TIMEOUT, peers::PeerDirectory, settings::Settings};

/// What the file registry is called among the sources of nodes, where `file` is a list of them.
const REGISTRY: &str = "registry";

/// See the module.
pub(crate) struct Sources {
    settings: Arc<Settings>,
    peers: Arc<PeerDirectory>,
    record: Arc<OwnRecord>,
    log: Arc<SourceLog>,
    github: Option<GithubSource>,
    #[cfg(feature = "dht")]
    dht: DhtSource,
}

/// A source by the name that the tools use.
pub(crate) fn source_by_name(name: &str) -> Option<Source> {
    Some(match name {
        "file" => Source::File,
        "mdns" => Source::Mdns,
        "dht" => Source::Dht,
        "rendezvous" => Source::Rendezvous,
        "github" => Source::Github,
        _ => return None,
    })
}

/// What a source is called in the log of sources.
fn log_name(name: &str) -> &str {
    if name == "file" { REGISTRY } else { name }
}

impl Sources {
    pub(super) fn new(
        settings: Arc<Settings>,
        peers: Arc<PeerDirectory>,
        record: Arc<OwnRecord>,
        log: Arc<SourceLog>,
        general: Handle,
    ) -> Self {
        let github = settings.github.as_ref().and_then(|settings| GithubSource::new(settings, general));
        Self {
            settings,
            peers,
            record,
            log,
            github,
            #[cfg(feature = "dht")]
            dht: DhtSource::default(),
        }
    }

    /// The sources that failed when they were asked last, with why.
    pub(super) fn failing(&self) -> BTreeMap<String, String> {
        let enabled: BTreeSet<_> = self.enabled().iter().map(|name| log_name(name).to_owned()).collect();
        let failed = self.log.all().into_iter().filter(|(name, _)| enabled.contains(name));
        failed.filter_map(|(name, status)| Some((name, status.last_error?))).collect()
    }

    /// The sources that are on, by the names that the tools use.
    pub(crate) fn enabled(&self) -> Vec<String> {
        let network = &self.settings.network;
        let all = [
            ("file", self.settings.registry.is_some()),
            ("mdns", network.mdns),
            ("dht", network.dht.is_some()),
            ("rendezvous", !network.rendezvous.is_empty()),
            ("github", self.github.is_some()),
        ];
        all.into_iter().filter(|(_, on)| *on).map(|(name, _)| name.to_owned()).collect()
    }

    /// Whether a source is on that keeps records of hosts.
    pub(crate) fn keeps_records(&self) -> bool {
        self.enabled().iter().any(|name| name != "mdns")
    }

    /// Asks sources, all at once, each for so long at most. What they answer in time is in the book then. Answers what failed.
    pub(crate) async fn query(&self, sources: &BTreeSet<Source>, timeout: Duration) -> Vec<(&'static str, String)> {
        let own = self.peers.network.addresses();
        self.peers.book().policy_mut().set_own_addresses(&own);
        let asked = sources.iter().map(|source| self.query_one(*source, timeout));
        let (mut all, mut failed) = (BTreeMap::<_, SourceResult>::new(), Vec::new());
        for (name, result) in futures::future::join_all(asked).await.into_iter().flatten() {
            let result = result.unwrap_or_else(|error| SourceResult { nodes: 0, error: Some(error.to_string()) });
            failed.extend(result.error.clone().map(|error| (name, error)));
            let known = all.entry(name).or_default();
            known.nodes += result.nodes;
            known.error = known.error.take().or(result.error);
        }
        for (name, result) in all {
            self.log.record(log_name(name), result.nodes, result.error);
        }
        failed
    }

    /// What one source answered, with its name; of several rendezvous points, each.
    async fn query_one(
        &self,
        source: Source,
        timeout: Duration,
    ) -> Vec<(&'static str, Result<SourceResult, SourceError>)> {
        match source {
            Source::File => vec![("file", within(timeout, self.read_registry()).await)],
            Source::Rendezvous => {
                let points = self.settings.network.rendezvous.iter();
                let asked = points.map(async |point| {
                    let met = within(timeout, self.query_rendezvous(point, timeout)).await;
                    let of = |error| SourceError::Point { point: point.clone(), error: Box::new(error) };
                    ("rendezvous", met.map_err(of))
                });
                futures::future::join_all(asked).await
            }
            Source::Github => match &self.github {
                Some(github) => vec![("github", within(timeout, github.read(&self.peers, &self.record)).await)],
                None => Vec::new(),
            },
            #[cfg(feature = "dht")]
            Source::Dht => vec![("dht", within(timeout, self.dht.read(&self.peers, &self.record)).await)],
            _ => Vec::new(),
        }
    }

    /// Registers at a rendezvous point and takes in whom it knows.
    async fn query_rendezvous(&self, point: &Multiaddr, timeout: Duration) -> Result<SourceResult, SourceError> {
        let network = &self.peers.network;
        let peer = network.dial(point.clone(), timeout).await?;
        let discover = async {
            let mut result = SourceResult::default();
            for (peer, addresses) in network.ask_at(peer, timeout).await? {
                let added = self.peers.book().hint(peer, addresses, Source::Rendezvous, UnixMillis::now());
                result.add(peer, added.map(drop));
            }
            Ok::<_, SourceError>(result)
        };
        // A host that cannot be reached, and so cannot register, still looks for those that can, and keeps whom it found.
        let (registered, result) = tokio::join!(network.register_at(peer, timeout), discover);
        Ok(result?.or_error(registered.err().map(|error| error.to_string())))
    }

    /// Renews this host's own record in the directory and takes in those of others.
    async fn read_registry(&self) -> Result<SourceResult, SourceError> {
        let Some(directory) = &self.settings.registry else { return Ok(SourceResult::default()) };
        let registry = FileRegistry::new(directory.clone());
        let mut error = None;
        if !self.peers.network.listening().is_empty() {
            match self.record.renew_for_directory() {
                // Those that cannot write there may still read.
                Ok(record) => {
                    error = registry.publish(&record).await.err().map(|error| not_announced(&error));
                }
                // Nobody else looks into a directory of this host's own.
                Err(why) => error = self.settings.shares_registry.then(|| not_announced(&why)),
            }
        }
        let found = registry.scan().await?;
        let bad = found.bad.first().map(|(file, error)| format!("{file}: {error}"));
        let full = found.truncated.then(|| format!("more than {MAX_FILES} files; the others are not read"));
        Ok(add_records(&self.peers, found.records, Source::File).or_error(error).or_error(bad).or_error(full))
    }

    /// Writes a record to the registries that are on. Answers their names.
    pub(super) async fn publish(&self, record: &HostRecord) -> Vec<&'static str> {
        let (network, mut written) = (&self.peers.network, Vec::new());
        if let Some(directory) = &self.settings.registry {
            match FileRegistry::new(directory.clone()).publish(record).await {
                Ok(()) => written.push("file"),
                Err(error) => self.log.record(REGISTRY, 0, Some(error.to_string())),
            }
        }
        let registered = self.rendezvous_points().map(|point| network.register_at(point, PEER_TIMEOUT));
        if futures::future::join_all(registered).await.iter().any(Result::is_ok) {
            written.push("rendezvous");
        }
        if let Some(github) = &self.github {
            match github.publish(record).await {
                Ok(()) => written.push("github"),
                Err(error) => self.log.record("github", 0, Some(error.to_string())),
            }
        }
        #[cfg(feature = "dht")]
        if self.settings.network.dht.is_some() && network.dht_publish(record).await.is_ok() {
            written.push("dht");
        }
        written
    }

    /// Takes this host's record back from where others look for it. The hash table and the GitHub registry keep it until it expires.
    pub(super) async fn withdraw(&self) {
        if let Some(directory) = &self.settings.registry
            && let Err(error) = FileRegistry::new(directory.clone()).withdraw(&self.peers.me()).await
        {
            tracing::warn!(%error, "cannot withdraw this host's record from the directory");
        }
        self.rendezvous_points().for_each(|point| self.peers.network.unregister_at(point));
    }

    /// Rendezvous points that are connected.
    fn rendezvous_points(&self) -> impl Iterator<Item = libp2p::PeerId> {
        let points = self.settings.network.rendezvous.iter().filter_map(peer_of);
        points.filter(|point| self.peers.network.is_connected(point))
    }
}

async fn within(
    timeout: Duration,
    work: impl Future<Output = Result<SourceResult, SourceError>>,
) -> Result<SourceResult, SourceError> {
    let late = |_| Err(SourceError::Timeout(timeout));
    tokio::time::timeout(timeout, work).await.unwrap_or_else(late)
}
