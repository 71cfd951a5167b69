//! What the tools answer.

use tandem_p2p_forms::Failed;
use tandem_sdk::prelude::*;

/// What became of a list of nodes.
#[data]
#[derive(Debug)]
pub struct Nodes {
    /// The nodes that were read, as multiaddrs.
    pub nodes: Vec<String>,
    /// How many of them are connected.
    pub connected: u64,
    /// Those that are no addresses, are not allowed, or were not reached.
    pub failed: Vec<Failed>,
}

/// Where nodes came from.
#[data]
#[derive(Debug)]
pub struct Source {
    /// `file`, `env` or `public`: lists of nodes. Or where records are kept and hosts are found: `registry`, `rendezvous`,
    /// `mdns`, `dht`, `github`, `exchange`.
    pub source: String,
    /// How many nodes it gave.
    pub nodes: u64,
    /// When it was used last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub last_used: Option<String>,
    /// What went wrong then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// All that nodes came from.
#[data]
#[derive(Debug)]
pub struct Sources {
    /// Each with its nodes.
    pub sources: Vec<Source>,
}
