//! What peers say they can run, and what this host says instead of all that it can.
//!
//! **Bounds.** [`PEERS`] peers with [`TOOLS`] tools each; each entry expires by itself, and so does this host's own.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use libp2p::PeerId;
use serde_json::{Map, Value};
use tandem_config::is_host_name;

/// Peers whose word is kept: more than may be connected.
const PEERS: usize = 1_024;
/// Tools of one peer.
const TOOLS: usize = 1_024;
/// Longest life of an announcement.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

/// What a peer said last.
#[derive(Clone, Debug)]
pub(crate) struct Advertisement {
    pub(crate) tools: Vec<String>,
    /// Those of the tools that may run again. A peer that does not say has none.
    pub(crate) repeatable: Vec<String>,
    pub(crate) capacity: u32,
    pub(crate) free: u32,
    /// What people call it, where it says so.
    pub(crate) name: Option<String>,
    /// It was told to take no tasks. A peer that does not say takes some.
    pub(crate) draining: bool,
    pub(crate) at: std::time::SystemTime,
    until: Instant,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Announced(Mutex<HashMap<PeerId, Advertisement>>);

impl Announced {
    pub(crate) fn note(&self, peer: PeerId, offer: Offer, ttl: Duration) {
        let Offer { name, mut tools, mut repeatable, capacity, free, draining } = offer;
        // Whoever names himself stands in tables and in the log.
        let name = name.filter(|name| is_host_name(name));
        for names in [&mut tools, &mut repeatable] {
            names.truncate(TOOLS);
            names.retain(|tool| tool.len() <= 64);
        }
        let now = Instant::now();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= PEERS && !known.contains_key(&peer) {
            known.retain(|_, entry| entry.until > now);
            if known.len() >= PEERS {
                return;
            }
        }
        let at = std::time::SystemTime::now();
        let until = now + ttl.min(LONGEST);
        known.insert(peer, Advertisement { name, tools, repeatable, capacity, free, draining, at, until });
    }

    /// Who has a tool, with how many tasks each runs at a time.
    pub(crate) fn with_tool(&self, tool: &str) -> Vec<(PeerId, u32)> {
        let (known, now) = (self.0.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
        let has = |entry: &Advertisement| entry.until > now && entry.tools.iter().any(|name| name == tool);
        known.iter().filter(|(_, entry)| has(entry)).map(|(peer, entry)| (*peer, entry.capacity)).collect()
    }

    /// Whether somebody has a tool, and all who have it say that it may run again.
    pub(crate) fn is_repeatable(&self, tool: &str) -> bool {
        let (known, now) = (self.0.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
        let mut with = known.values().filter(|entry| entry.until > now && entry.tools.iter().any(|name| name == tool));
        let says = |entry: &Advertisement| entry.repeatable.iter().any(|name| name == tool);
        with.next().is_some_and(says) && with.all(says)
    }

    pub(crate) fn of(&self, peer: &PeerId) -> Option<Advertisement> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(peer).filter(|entry| entry.until > Instant::now()).cloned()
    }
}

/// What a host offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offer {
    /// What people call the host.
    pub(crate) name: Option<String>,
    pub(crate) tools: Vec<String>,
    /// Those of the tools that may run again.
    pub(crate) repeatable: Vec<String>,
    /// Tasks that it runs at a time.
    pub(crate) capacity: u32,
    /// How many more it would take now.
    pub(crate) free: u32,
    /// Whether it was told to take none.
    pub(crate) draining: bool,
}

impl Offer {
    /// As peers are told, whether or not they asked.
    pub(crate) fn said(self) -> Map<String, Value> {
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
}

/// What an announcement leaves of an offer.
#[derive(Debug)]
struct CapacityOverride {
    tools: Option<Vec<String>>,
    capacity: Option<u32>,
    until: Instant,
}

/// The announcement that holds, if one does.
#[derive(Default)]
pub(crate) struct OwnCapacity(Mutex<Option<CapacityOverride>>);

impl OwnCapacity {
    /// From now on, until its time is over or another one comes, only these tools and no more than this capacity are offered.
    pub(crate) fn set(&self, tools: Option<Vec<String>>, capacity: Option<u32>, ttl: Duration) {
        let less = CapacityOverride { tools, capacity, until: Instant::now() + ttl.min(LONGEST) };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(less);
    }

    /// What is offered of what there is.
    pub(crate) fn of(&self, mut all: Offer) -> Offer {
        let mut less = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        less.take_if(|less| less.until <= Instant::now());
        let Some(less) = &*less else { return all };
        if let Some(tools) = &less.tools {
            all.tools.retain(|tool| tools.contains(tool));
            all.repeatable.retain(|tool| tools.contains(tool));
        }
        all.capacity = less.capacity.unwrap_or(u32::MAX).min(all.capacity);
        all.free = all.free.min(all.capacity);
        all
    }
}
