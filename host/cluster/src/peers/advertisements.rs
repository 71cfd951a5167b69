//! What peers advertise that they can run.
//!
//! **Bounds.** [`PEERS`] peers with [`TOOLS`] tools each; each entry expires by itself.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use libp2p::PeerId;
use serde_json::{Map, Value};
use tandem_config::is_host_name;

/// Peers whose advertisement is kept: more than may be connected.
const PEERS: usize = 1_024;
/// Tools of one peer.
const TOOLS: usize = 1_024;
/// Longest life of an advertisement.
pub(crate) const MAX_TTL: Duration = Duration::from_secs(24 * 3_600);

/// What a host can run as tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Capabilities {
    /// What people call the host.
    pub(crate) name: Option<String>,
    pub(crate) tools: Vec<String>,
    /// Those of the tools that may run again. A peer that does not say has none.
    pub(crate) repeatable: Vec<String>,
    /// Tasks that it runs at a time.
    pub(crate) capacity: u32,
    /// How many more it would take now.
    pub(crate) free: u32,
    /// It is draining. A peer that does not say takes some.
    pub(crate) draining: bool,
}

impl Capabilities {
    pub(crate) fn has_tool(&self, tool: &str) -> bool {
        self.tools.iter().any(|name| name == tool)
    }

    /// As messages between hosts have it.
    pub(crate) fn into_params(self) -> Map<String, Value> {
        let parts: [(&str, Value); 5] = [
            ("tools", self.tools.into()),
            ("repeatable", self.repeatable.into()),
            ("capacity", self.capacity.into()),
            ("free", self.free.into()),
            ("draining", self.draining.into()),
        ];
        let name = self.name.map(|name| ("name", name.into()));
        parts.into_iter().chain(name).map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// Reads the same; what is missing or of another type is as if it were not said.
    pub(crate) fn of_message(message: &Value) -> Self {
        let names = |key: &str| {
            let names = message[key].as_array().into_iter().flatten();
            names.filter_map(|tool| tool.as_str().map(ToOwned::to_owned)).collect()
        };
        let number = |key: &str| message[key].as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or(0);
        Self {
            name: message["name"].as_str().map(ToOwned::to_owned),
            tools: names("tools"),
            repeatable: names("repeatable"),
            capacity: number("capacity"),
            free: number("free"),
            draining: message["draining"] == true,
        }
    }

    /// The same within the bounds of what is kept of a peer.
    fn bounded(mut self) -> Self {
        // Whoever names himself stands in tables and in the log.
        self.name = self.name.filter(|name| is_host_name(name));
        for names in [&mut self.tools, &mut self.repeatable] {
            names.truncate(TOOLS);
            names.retain(|tool| tool.len() <= 64);
        }
        self
    }
}

/// What a peer said last.
#[derive(Clone, Debug)]
pub(crate) struct Advertisement {
    pub(crate) worker: Capabilities,
    pub(crate) at: SystemTime,
    until: Instant,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Advertisements(Mutex<HashMap<PeerId, Advertisement>>);

impl Advertisements {
    fn all(&self) -> MutexGuard<'_, HashMap<PeerId, Advertisement>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn record(&self, peer: PeerId, worker: Capabilities, ttl: Duration) {
        let (worker, now, mut all) = (worker.bounded(), Instant::now(), self.all());
        if all.len() >= PEERS && !all.contains_key(&peer) {
            all.retain(|_, entry| entry.until > now);
            if all.len() >= PEERS {
                return;
            }
        }
        all.insert(peer, Advertisement { worker, at: SystemTime::now(), until: now + ttl.min(MAX_TTL) });
    }

    pub(crate) fn get(&self, peer: &PeerId) -> Option<Advertisement> {
        self.all().get(peer).filter(|entry| entry.until > Instant::now()).cloned()
    }

    /// Who has a tool, with how many tasks each runs at a time.
    pub(crate) fn with_tool(&self, tool: &str) -> Vec<(PeerId, u32)> {
        let (all, now) = (self.all(), Instant::now());
        let has = |entry: &Advertisement| entry.until > now && entry.worker.has_tool(tool);
        all.iter().filter(|(_, entry)| has(entry)).map(|(peer, entry)| (*peer, entry.worker.capacity)).collect()
    }

    /// Who advertised a tool and workers for it when it was last heard of, also where that is no longer believed.
    pub(crate) fn last_with_tool(&self, tool: &str) -> Vec<PeerId> {
        let all = self.all();
        let had = |entry: &Advertisement| entry.worker.capacity > 0 && entry.worker.has_tool(tool);
        all.iter().filter(|(_, entry)| had(entry)).map(|(peer, _)| *peer).collect()
    }

    /// Whether somebody has a tool, and all who have it say that it may run again.
    pub(crate) fn is_repeatable(&self, tool: &str) -> bool {
        let (all, now) = (self.all(), Instant::now());
        let mut with = all.values().filter(|entry| entry.until > now && entry.worker.has_tool(tool));
        let says = |entry: &Advertisement| entry.worker.repeatable.iter().any(|name| name == tool);
        with.next().is_some_and(says) && with.all(says)
    }
}
