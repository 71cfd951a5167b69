//! What the tools answer.

use std::collections::BTreeMap;

use tandem_p2p_forms::Failed;
use tandem_sdk::prelude::*;
use tandem_sdk::serde_json::{Map, Number};

/// What a host is to this one.
#[data]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// There is a connection.
    Connected,
    /// There was one, or a record of it was found.
    Known,
    /// It is not let in.
    Banned,
}

/// A record that was published.
#[data]
#[derive(Debug)]
pub struct Registered {
    /// This host's id.
    pub peer_id: String,
    /// The record, signed with the key of the id.
    pub record: Value,
    /// The registries that it was written to.
    pub registries: Vec<String>,
}

/// A host that was found.
#[data]
#[derive(Debug)]
pub struct Candidate {
    /// Its id.
    pub peer_id: String,
    /// Where it is reached.
    pub addresses: Vec<String>,
    /// What else the host says of it: where it was found, its tools and when its record expires.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// A source that failed.
#[data]
#[derive(Debug)]
pub struct SourceError {
    /// The source.
    pub source: String,
    /// Why.
    pub error: String,
}

/// What was found.
#[data]
#[derive(Debug)]
pub struct Found {
    /// The hosts.
    pub peers: Vec<Candidate>,
    /// How many each source gave.
    pub by_source: BTreeMap<String, u64>,
    /// The sources that failed.
    pub errors: Vec<SourceError>,
}

/// What became of connecting.
#[data]
#[derive(Debug)]
pub struct Connected {
    /// How many connections there are.
    pub connected: u64,
    /// The addresses that were not reached.
    pub failed: Vec<Failed>,
    /// Whether there are as many as asked for.
    pub ready: bool,
}

/// Who was forgotten.
#[data]
#[derive(Debug)]
pub struct Cleaned {
    /// The ids of the hosts that were forgotten, or would be with `dry_run`.
    pub removed: Vec<String>,
    /// How many are still known.
    pub kept: u64,
}

/// An address of this host, as others see it.
#[data]
#[derive(Debug)]
pub struct Address {
    /// The IP address.
    pub ip: String,
    /// The port, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// How it was found: `identify`, `autonat` or `http`.
    pub method: String,
    /// How many others said so.
    pub confirmations: u64,
}

/// How others see this host.
#[data]
#[derive(Debug)]
pub struct Addresses {
    /// By which addresses.
    pub addresses: Vec<Address>,
    /// Whether they reach it: `public`, `private` or `unknown`.
    pub reachability: String,
}

/// A host of the network.
#[data]
#[derive(Debug)]
pub struct Peer {
    /// Its id.
    pub peer_id: String,
    /// What people call it, as it says itself: anybody may say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it is reached.
    pub addresses: Vec<String>,
    /// What it is to this host.
    pub state: State,
    /// Milliseconds to it and back, where they were measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtt_ms: Option<Number>,
    /// From -100 to 100: what it did for this host, and to it.
    pub score: Number,
    /// The tools that it says it has.
    pub tools: Vec<String>,
    /// When it was heard of first.
    #[schemars(extend("format" = "date-time"))]
    pub first_seen: String,
    /// When it was heard of last.
    #[schemars(extend("format" = "date-time"))]
    pub last_seen: String,
    /// Where it was found.
    pub source: String,
}

/// One page of hosts.
#[data]
#[derive(Debug)]
pub struct Page {
    /// The hosts.
    pub peers: Vec<Peer>,
    /// How many there are on all pages.
    pub total: u64,
    /// Pass it as `cursor` to get the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
