//! What one incarnation of the reactor is made of.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use libp2p::PeerId;
use serde_json::Value;
use tandem_queue::{DEFAULT_PRIORITY, Ended, MAX_PRIORITY, SqliteTasks};
use tandem_reactor::{
    authority::Operator,
    discovery::github::GithubRegistry,
    network::Network,
    rpc::{Links, RpcError},
    trust::{AddressPolicy, BookLimits, Conduct, PeerBook, UnixMillis, score::Verdict},
};
use tandem_store::Store;
use tandem_types::{Caller, OPERATE};
use tokio::sync::Notify;

use crate::error::P2pError;
use crate::{
    peer_manager::{OwnAnnouncement, SourceNote},
    queue::{Offer, Queue},
    settings::Settings,
    tools::Tools,
    workflow_runtime::Flows,
};

/// Between two lines of the log about a source of peers: what it fails at may be another host's choice each time.
const LOG_PAUSE: Duration = Duration::from_secs(15);

/// Refuses what concerns the whole host to callers without operator rights.
pub(crate) fn require_operator(caller: &Caller, why: &str) -> Result<(), P2pError> {
    if caller.operator {
        return Ok(());
    }
    Err(P2pError::Unauthorized(format!(
        "{why}; it takes the scope `{OPERATE}`, which requests of other hosts never have"
    )))
}

/// Who calls, and what there is to be called.
pub(crate) struct ClusterDeps {
    pub(crate) operator: Operator,
    pub(crate) tools: Arc<OnceLock<Arc<dyn Tools>>>,
}

/// Shared by everything on the thread.
pub(crate) struct Core {
    pub(crate) settings: Arc<Settings>,
    pub(crate) network: Arc<Network>,
    pub(crate) links: Links,
    pub(crate) queue: Queue,
    pub(crate) flows: Flows,
    pub(crate) operator: Operator,
    /// The sequence number of this host's newest record.
    pub(crate) sequence: Mutex<Option<u64>>,
    store: Store,
    tools: Arc<OnceLock<Arc<dyn Tools>>>,
    book: Mutex<PeerBook>,
    sources: Mutex<BTreeMap<String, SourceNote>>,
    /// Asked on the general lane: its answers are long.
    pub(crate) github: Option<Arc<tokio::sync::Mutex<GithubRegistry>>>,
    pub(crate) general: tokio::runtime::Handle,
    /// When this host's record was renewed in a registry, by the registry's name.
    renewed: Mutex<BTreeMap<&'static str, Instant>>,
    said: Mutex<OwnAnnouncement>,
    /// What this host says of itself changed, or somebody new listens to it.
    pub(crate) announce: Notify,
}

impl Core {
    pub(crate) fn new(
        settings: Arc<Settings>,
        network: Arc<Network>,
        (store, tasks): (Store, SqliteTasks),
        ClusterDeps { operator, tools }: ClusterDeps,
        general: tokio::runtime::Handle,
    ) -> Self {
        let limits = BookLimits { ttl: settings.record_ttl, ..BookLimits::default() };
        let mut book = PeerBook::new(AddressPolicy::new(network.me, settings.network.reach), limits);
        book.set_allowed(settings.network.allow.iter().copied());
        let github = settings.github.as_ref().and_then(|settings| {
            GithubRegistry::new(settings)
                .inspect_err(|error| tracing::error!(%error, "github registry failed to start"))
                .ok()
        });
        Self {
            github: github.map(|registry| Arc::new(tokio::sync::Mutex::new(registry))),
            general,
            renewed: Mutex::default(),
            said: Mutex::default(),
            announce: Notify::new(),
            links: Links::new(network.streams(), operator.clone()),
            queue: Queue::new(tasks, settings.workers),
            flows: Flows::default(),
            sequence: Mutex::default(),
            book: Mutex::new(book),
            sources: Mutex::default(),
            settings,
            network,
            store,
            operator,
            tools,
        }
    }

    /// The router, once it is there.
    pub(crate) fn tools(&self) -> Result<&Arc<dyn Tools>, RpcError> {
        self.tools.get().ok_or_else(|| RpcError::unavailable("this host is starting"))
    }

    /// The tools that a caller's tasks may call here.
    pub(crate) fn task_tools(&self, caller: &Caller) -> Vec<String> {
        let Some(tools) = self.tools.get() else { return Vec::new() };
        tools.list(caller).into_iter().filter(|tool| !tool.local).map(|tool| tool.name).collect()
    }

    /// Whether a peer may be given a tenant's tasks of this priority.
    pub(crate) fn may_lease_to(&self, peer: &PeerId, tenant: &str, priority: u8) -> bool {
        let peer = peer.to_string();
        let trusted = self.operator.max_priority(&self.operator.caller(&peer).tenant);
        priority <= trusted && self.operator.own_tenant(&peer).is_none_or(|own| own == tenant)
    }

    /// The priority of a tenant's tasks where nobody asks for another one.
    pub(crate) fn default_priority(&self, tenant: &str) -> u8 {
        self.operator.max_priority(tenant).min(DEFAULT_PRIORITY)
    }

    /// What a tenant asks for, if its tasks may be as urgent as that.
    pub(crate) fn priority(&self, tenant: &str, asked: Option<u8>) -> Result<Option<u8>, P2pError> {
        let most = self.operator.max_priority(tenant);
        match asked.filter(|asked| *asked > most) {
            // What is no priority at all is the store's to say.
            Some(asked) if asked <= MAX_PRIORITY => Err(P2pError::Unauthorized(format!(
                "tasks of tenant `{tenant}` have a priority of at most {most}, not {asked}; the operator sets `max-priority` of \
                 [tenants.{tenant}]"
            ))),
            _ => Ok(asked),
        }
    }

    /// What this host offers to run for a caller.
    pub(crate) fn offer(&self, caller: &Caller) -> Offer {
        let (capacity, free) = self.places();
        let infos = self.tools.get().map(|tools| tools.list(caller)).unwrap_or_default();
        let (name, draining) = (self.settings.network.name.clone(), self.queue.is_draining());
        let mut offer = Offer { name, capacity, free, draining, ..Offer::default() };
        for info in infos.into_iter().filter(|info| !info.local) {
            if info.repeatable {
                offer.repeatable.push(info.name.clone());
            }
            offer.tools.push(info.name);
        }
        self.queue.own.of(offer)
    }

    /// Tasks that this host runs at a time, and how many more it would take now.
    pub(crate) fn places(&self) -> (u32, u32) {
        self.queue.places()
    }

    /// What people call a host, as it says itself: for people, beside its id, and for no decision.
    pub(crate) fn name_of(&self, peer: &PeerId) -> Option<String> {
        if *peer == self.network.me {
            return self.settings.network.name.clone();
        }
        let said = self.queue.announced.of(peer).and_then(|known| known.name);
        said.or_else(|| self.book().get(peer, UnixMillis::now())?.name)
    }

    /// The same of a text, where that is a peer's id.
    pub(crate) fn name_of_text(&self, peer: Option<&str>) -> Option<String> {
        self.name_of(&peer?.parse().ok()?)
    }

    /// A host as texts name it.
    pub(crate) fn called(&self, peer: &PeerId) -> String {
        self.name_of(peer).map_or_else(|| format!("host {peer}"), |name| format!("host {name} ({peer})"))
    }

    /// The peer book. Nothing is awaited while it is held.
    pub(crate) fn book(&self) -> MutexGuard<'_, PeerBook> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what a peer says it can run.
    pub(crate) fn note_info(&self, peer: PeerId, said: &Value, ttl: Duration) {
        let names = |key: &str| {
            let names = said[key].as_array().into_iter().flatten();
            names.filter_map(|tool| tool.as_str().map(ToOwned::to_owned)).collect()
        };
        let number = |key: &str| said[key].as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or(0);
        let offer = Offer {
            name: said["name"].as_str().map(ToOwned::to_owned),
            tools: names("tools"),
            repeatable: names("repeatable"),
            capacity: number("capacity"),
            free: number("free"),
            draining: said["draining"] == true,
        };
        self.queue.announced.note(peer, offer, ttl);
    }

    /// Notes how a source of nodes was used.
    pub(crate) fn sources_note(&self, source: &str, nodes: usize, error: Option<String>) {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let known = sources.entry(source.to_owned()).or_default();
        let silent = known.logged.is_some_and(|logged| logged.elapsed() < LOG_PAUSE);
        if known.last_error != error && !silent {
            match &error {
                Some(error) => tracing::warn!(source, error, "peer discovery source failed"),
                None => tracing::info!(source, nodes, "peer discovery source works again"),
            }
            known.logged = Some(Instant::now());
        }
        (known.nodes, known.last_used, known.last_error) = (nodes, Some(SystemTime::now()), error);
    }

    /// How each source of nodes was used, by its name.
    pub(crate) fn sources(&self) -> BTreeMap<String, SourceNote> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn flow_ended(&self, ended: &Ended) {
        self.flows.ended(ended);
    }

    pub(crate) fn flow_missed(&self) {
        self.flows.missed();
    }

    /// Whether this host's record is to be renewed in a registry, which it is `every` so often.
    pub(crate) fn due(&self, registry: &str, every: Duration) -> bool {
        let renewed = self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        renewed.get(registry).is_none_or(|at| at.elapsed() > every) && !self.network.listening().is_empty()
    }

    /// Notes that it was.
    pub(crate) fn renewed(&self, registry: &'static str) {
        self.renewed.lock().unwrap_or_else(PoisonError::into_inner).insert(registry, Instant::now());
    }

    /// What this host says of itself.
    pub(crate) fn said(&self) -> MutexGuard<'_, OwnAnnouncement> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A peer broke the rules of a protocol.
    pub(crate) fn fault(&self, peer: PeerId, what: &str) {
        tracing::warn!(%peer, what, "peer violated the protocol");
        self.report(peer, Conduct::Violation);
    }

    /// Counts what a peer did, and parts from it where that is too much.
    pub(crate) fn report(&self, peer: PeerId, conduct: Conduct) {
        let verdict = self.book().report(&peer, conduct, UnixMillis::now());
        tracing::debug!(%peer, ?conduct, ?verdict, "a peer's score changed");
        if let Verdict::Disconnect(until) | Verdict::Ban(until) = verdict {
            self.network.block(peer, until.since(UnixMillis::now()));
        }
    }

    /// The store, for what is kept of peers.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }
}
