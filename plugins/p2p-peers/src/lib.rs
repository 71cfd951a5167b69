//! The category of peers: the other hosts of the network, how they are found and how they are reached.
//!
//! **Promises.** What a tool takes is checked, made complete with its defaults and passed to the host once; what the host
//! answers is passed on as the tool's schema says. Nothing is kept here: records, scores and connections are the host's.
//!
//! **Bounds.** Those of the schemas. A wait ends before the call does, so that it answers rather than times out.
//!
//! **Refuses.** Unknown arguments, by their name. Whether an address may be used and a record is to be trusted is the
//! host's to say.

pub mod answers;

use tandem_p2p_forms::{AtMost, Multiaddr, ToolName, answer, document, within};
use tandem_sdk::p2p::peers;
use tandem_sdk::prelude::*;
use tandem_sdk::serde_json::Map;

use crate::answers::{Addresses, Cleaned, Connected, Found, Page, Registered, State};

/// Most addresses of a record: what other hosts accept of one.
const MAX_ADDRESSES: usize = 8;

/// Most nodes to connect to in one call: the host paces its dials.
const MAX_NODES: usize = 64;

/// Longest life of a record: a day, in seconds. Other hosts refuse what lives longer.
const MAX_TTL_S: u32 = 24 * 3_600;

/// Longest age to clean up by: a year, in seconds.
const MAX_AGE_S: u32 = 366 * 24 * 3_600;

/// The category.
#[derive(Debug)]
pub struct Peers;

/// Where peers are looked for.
#[data]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Source {
    /// A directory that hosts share.
    File,
    /// The local network.
    Mdns,
    /// The distributed hash table.
    Dht,
    /// Meeting points.
    Rendezvous,
    /// An issue on GitHub.
    Github,
}

/// How public addresses are found.
#[data]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Method {
    /// What connected peers see.
    Identify,
    /// What peers reach when they dial back.
    Autonat,
    /// What a web service sees.
    Http,
}

/// The order of a list.
#[data]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Sort {
    /// Seen last first.
    LastSeen,
    /// Nearest first.
    Rtt,
    /// Best score first.
    Score,
}

/// The names of a choice, as the host takes them.
fn words<T: tandem_sdk::serde::Serialize>(choices: Option<Vec<T>>) -> Vec<String> {
    let word = |choice: T| json!(choice).as_str().map(str::to_owned);
    choices.into_iter().flatten().filter_map(word).collect()
}

fn texts(addresses: Option<Vec<Multiaddr>>) -> Vec<String> {
    addresses.into_iter().flatten().map(|address| address.0).collect()
}

#[tools]
impl Peers {
    /// Signs a record of this host, with its addresses, and writes it to all registries that are on, so that others find it.
    /// The host renews it in time until it is registered otherwise. Errors: `unavailable` (no registry is on),
    /// `unauthorized` (callers who sign in need the scope `tandem:operate`).
    #[tool(idempotent, open_world, title = "Register this host")]
    fn p2p_peer_register(
        /// Where this host is reached, at most 8 multiaddrs; where it listens unless given.
        addresses: Option<AtMost<MAX_ADDRESSES, Multiaddr>>,
        /// Seconds until others forget it, at most a day.
        #[arg(default = 1_800, min = 1, max = MAX_TTL_S)]
        ttl_s: u32,
        /// Anything to publish with it; everybody can read it.
        metadata: Option<Map<String, Value>>,
    ) -> Result<Registered> {
        let metadata = metadata.map(|metadata| Value::Object(metadata).to_string());
        let addresses = texts(addresses.map(|addresses| addresses.0));
        answer("peers.register", peers::register(&addresses, ttl_s, metadata.as_deref()))
    }

    /// Looks for other hosts. A source that does not answer is named in `errors`, and the others count.
    #[tool(idempotent, open_world, title = "Find peers")]
    fn p2p_peer_discover(
        ctx: &Ctx,
        /// Where to look: a shared directory (`file`), the local network (`mdns`), the distributed hash table (`dht`), meeting
        /// points (`rendezvous`), an issue on GitHub (`github`). All that are on unless given.
        sources: Option<AtMost<5, Source>>,
        /// How many hosts to give at most.
        #[arg(default = 10, min = 1, max = 1_000)]
        max_peers: u32,
        /// Seconds to look.
        #[arg(default = 5, min = 1, max = 60)]
        timeout_s: u32,
        /// Only hosts that say that they have this tool.
        tool: Option<ToolName>,
    ) -> Result<Found> {
        let sources = words(sources.map(|sources| sources.0));
        let tool = tool.as_ref().map(ToolName::as_str);
        answer("peers.discover", peers::discover(&sources, max_peers, within(ctx, timeout_s), tool))
    }

    /// Connects this host to others, until it has `min_connections` or the time is over. `ready` says whether it has as many.
    /// Errors: `unauthorized` (with `nodes`, callers who sign in need the scope `tandem:operate`).
    #[tool(idempotent, open_world, title = "Connect to peers")]
    fn p2p_peer_bootstrap(
        ctx: &Ctx,
        /// Whom to connect to, at most 64 multiaddrs that end in `/p2p/PEER-ID`; the hosts that are known unless given.
        nodes: Option<AtMost<MAX_NODES, Multiaddr>>,
        /// How many connections are enough.
        #[arg(default = 1, min = 1, max = 64)]
        min_connections: u32,
        /// Seconds to try.
        #[arg(default = 30, min = 1, max = 300)]
        timeout_s: u32,
    ) -> Result<Connected> {
        let nodes = texts(nodes.map(|nodes| nodes.0));
        answer("peers.connect", peers::connect(&nodes, min_connections, within(ctx, timeout_s)))
    }

    /// Forgets hosts that were not seen for long. `dry_run` only tells which.
    #[tool(destructive, idempotent, title = "Forget old peers")]
    fn p2p_peer_cleanup(
        /// Seconds since a host was seen last, at most a year; when its own record expires unless given.
        #[arg(max = MAX_AGE_S)]
        older_than_s: Option<u32>,
        /// Whether only to tell whom it would forget.
        #[arg(default = false)]
        dry_run: bool,
    ) -> Result<Cleaned> {
        answer("peers.cleanup", peers::cleanup(older_than_s, dry_run))
    }

    /// Tells by which addresses others see this host, and whether they reach it.
    #[tool(read_only, idempotent, open_world, title = "Public addresses of this host")]
    fn p2p_peer_get_public_ip(
        ctx: &Ctx,
        /// How to find out: from what connected peers see (`identify`), from what they reach when they dial back (`autonat`), from
        /// a web service (`http`). All that are on unless given.
        methods: Option<AtMost<3, Method>>,
        /// Seconds to wait for answers.
        #[arg(default = 5, min = 1, max = 60)]
        timeout_s: u32,
    ) -> Result<Addresses> {
        let methods = words(methods.map(|methods| methods.0));
        answer("peers.public-addresses", peers::public_addresses(&methods, within(ctx, timeout_s)))
    }

    /// Lists the hosts that this one knows, in pages, with their scores and what they offer.
    #[tool(read_only, idempotent, title = "List peers")]
    fn p2p_peer_list(
        /// Hosts that are `connected`, `known` but not connected, or `banned`; `connected` unless given.
        state: Option<State>,
        /// `last_seen` gives those seen last first, `rtt` the nearest, `score` those with the best score.
        #[arg(default = Sort::LastSeen)]
        sort: Sort,
        /// How many a page has at most.
        #[arg(default = 100, min = 1, max = 1_000)]
        limit: u32,
        /// The `next_cursor` of the page before.
        #[arg(min_length = 1, max_length = 1_024)]
        cursor: Option<String>,
    ) -> Result<Page> {
        let filter = json!({ "state": state, "sort": sort, "limit": limit, "cursor": cursor });
        answer("peers.list-peers", peers::list_peers(&document(filter)))
    }
}

tandem_sdk::export!(Peers);
