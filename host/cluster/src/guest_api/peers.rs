//! The tools of peers: what is known of them, finding them, and what they know of this host.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tandem_reactor::settings::peer_of;
use tandem_reactor::trust::{PeerQuery, PeerState, PeerView, Sort, Source, UnixMillis, book::MAX_PAGE};
use tandem_types::Caller;

use super::{
    dial::{dial, multiaddr},
    document::{Answer, in_future, read},
};
use crate::{
    error::P2pError,
    format::{rfc3339, without_nulls},
    peer_manager::{PeerManager, source_by_name},
    peers::{PeerDirectory, require_operator},
};

/// Peers of a page.
const PAGE: usize = 100;
/// What callers without operator rights learn of a failed dial: the reason would tell open ports of this host's network from
/// closed ones.
const NOT_REACHED: &str = "no connection";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    state: Option<PeerState>,
    sort: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// See the module.
pub(super) struct PeerApi {
    pub(super) peers: Arc<PeerDirectory>,
    pub(super) manager: Arc<PeerManager>,
}

impl PeerApi {
    pub(super) async fn list(&self, text: &str) -> Answer {
        let asked: Listing = read(text)?;
        let sort = match asked.sort.as_deref() {
            None | Some("last_seen") => Sort::LastSeen,
            Some("rtt") => Sort::Rtt,
            Some("score") => Sort::Score,
            Some(other) => {
                return Err(P2pError::InvalidArgument(format!("`sort` is last_seen, rtt or score, not `{other}`")));
            }
        };
        // The tool says connected where it says nothing; the page is of all that are known only when it asks for them.
        let query = PeerQuery {
            state: Some(asked.state.unwrap_or(PeerState::Connected)),
            sort,
            limit: asked.limit.unwrap_or(PAGE),
            cursor: asked.cursor,
            ..PeerQuery::default()
        };
        let page = self.peers.book().list(&query, UnixMillis::now());
        let page = page.map_err(|error| P2pError::InvalidArgument(error.to_string()))?;
        let peers: Vec<_> = page.peers.iter().map(|peer| self.shown(peer)).collect();
        Ok(without_nulls(json!({"peers": peers, "total": page.total, "next_cursor": page.next_cursor})))
    }

    /// What a peer signed, with what it said since it is connected.
    fn shown(&self, peer: &PeerView) -> Value {
        let announced = self.peers.advertisements.get(&peer.peer);
        let name = announced.as_ref().and_then(|known| known.worker.name.clone()).or_else(|| peer.name.clone());
        let tools = announced.map_or_else(|| peer.tools.clone(), |known| known.worker.tools);
        let addresses: Vec<_> = peer.addresses.iter().map(ToString::to_string).collect();
        without_nulls(json!({
            "peer_id": peer.peer.to_string(),
            "name": name,
            "addresses": addresses,
            "state": peer.state,
            "rtt_ms": peer.rtt.map(|rtt| rtt.as_secs_f64() * 1e3),
            "score": peer.score,
            "tools": tools,
            "first_seen": moment(peer.first_seen),
            "last_seen": moment(peer.last_seen),
            "source": peer.source,
            "banned_until": peer.banned_until.map(moment),
        }))
    }

    pub(super) async fn register(
        &self,
        caller: &Caller,
        addresses: &[String],
        ttl_s: u32,
        metadata: Option<String>,
    ) -> Answer {
        require_operator(caller, "what this host says of itself is the operator's")?;
        if !self.manager.sources.keeps_records() {
            return Err(P2pError::Unavailable(
                "no registry is on; turn one on in p2p.discovery: file, rendezvous, dht or github".to_owned(),
            ));
        }
        let addresses = addresses.iter().map(|text| multiaddr(text)).collect::<Result<Vec<_>, _>>()?;
        let metadata: Map<String, Value> = metadata.as_deref().map(read).transpose()?.unwrap_or_default();
        let metadata = metadata
            .into_iter()
            .map(|(key, value)| match value {
                Value::String(text) => (key, text),
                other => (key, other.to_string()),
            })
            .collect::<BTreeMap<_, _>>();
        let ttl = Duration::from_secs(ttl_s.into());
        let registered = self.manager.register(addresses, ttl, metadata).await;
        let (record, registries) = registered.map_err(|error| P2pError::InvalidArgument(error.to_string()))?;
        let document: Value = serde_json::from_str(record.text()).unwrap_or_default();
        Ok(json!({
            "peer_id": self.peers.network.me.to_string(),
            "record": document,
            "registries": registries,
            "expires_at": in_future(ttl),
        }))
    }

    pub(super) async fn discover(
        &self,
        sources: &[String],
        max_peers: u32,
        timeout_s: u32,
        tool: Option<&str>,
    ) -> Answer {
        let on = self.manager.sources.enabled();
        let mut errors = Vec::new();
        let mut asked = BTreeSet::new();
        for name in if sources.is_empty() { on.clone() } else { sources.to_vec() } {
            match source_by_name(&name) {
                Some(source) if on.contains(&name) => drop(asked.insert(source)),
                Some(_) => errors.push(json!({"source": name, "error": "it is off; set it in p2p.discovery"})),
                None => return Err(P2pError::InvalidArgument(format!("there is no source `{name}`"))),
            }
        }
        let timeout = Duration::from_secs(timeout_s.clamp(1, 60).into());
        errors.extend(
            self.manager
                .sources
                .query(&asked, timeout)
                .await
                .into_iter()
                .map(|(source, error)| json!({"source": source, "error": error})),
        );
        let found = self.known(&asked, tool, max_peers as usize);
        let mut by_source: BTreeMap<String, usize> = BTreeMap::new();
        for source in found.iter().flat_map(|(peer, _)| peer.sources.intersection(&asked)) {
            let name = serde_json::to_value(source).ok().and_then(|name| name.as_str().map(ToOwned::to_owned));
            *by_source.entry(name.unwrap_or_default()).or_default() += 1;
        }
        let peers: Vec<_> = found.into_iter().map(|(_, shown)| shown).collect();
        Ok(json!({"peers": peers, "by_source": by_source, "errors": errors}))
    }

    /// The first peers that these sources named, with what is shown of them. A tool may be one that a peer signed, or has said
    /// since it is connected.
    fn known(&self, sources: &BTreeSet<Source>, tool: Option<&str>, most: usize) -> Vec<(PeerView, Value)> {
        let (mut found, mut cursor) = (Vec::new(), None);
        while found.len() < most && !sources.is_empty() {
            let sources = sources.iter().copied().collect();
            let query = PeerQuery { sources, limit: MAX_PAGE, cursor, ..PeerQuery::default() };
            let page = self.peers.book().list(&query, UnixMillis::now()).unwrap_or_default();
            found.extend(page.peers.into_iter().filter_map(|peer| {
                let shown = self.shown(&peer);
                let has = |tool: &str| all_tools(&shown).iter().any(|name| name == tool);
                tool.is_none_or(has).then_some((peer, shown))
            }));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        found.truncate(most);
        found
    }

    pub(super) async fn connect(
        &self,
        caller: &Caller,
        nodes: &[String],
        min_connections: u32,
        timeout_s: u32,
    ) -> Answer {
        if !nodes.is_empty() {
            require_operator(caller, "whom this host dials is the operator's: addresses may be of his own network")?;
        }
        let mut addresses = nodes.iter().map(|text| multiaddr(text)).collect::<Result<Vec<_>, _>>()?;
        if let Some(wrong) = addresses.iter().find(|address| peer_of(address).is_none()) {
            return Err(P2pError::InvalidArgument(format!("`{wrong}` has no peer id; end it with /p2p/ID")));
        }
        let enough = nodes.is_empty().then_some(min_connections as usize);
        if nodes.is_empty() {
            addresses = self.manager.candidates();
        }
        let timeout = Duration::from_secs(timeout_s.max(1).into());
        let (connected, mut failed) = dial(&self.manager, addresses, Source::Config, enough, timeout).await;
        if !caller.operator {
            failed.iter_mut().for_each(|failed| failed["error"] = NOT_REACHED.into());
        }
        let now = self.peers.network.connected().len();
        Ok(json!({"connected": connected, "failed": failed, "ready": now >= min_connections as usize}))
    }

    pub(super) async fn cleanup(&self, caller: &Caller, older_than_s: Option<u32>, dry_run: bool) -> Answer {
        if !dry_run {
            require_operator(caller, "the peer book is the host's")?;
        }
        let age = older_than_s.map(|seconds| Duration::from_secs(seconds.into()));
        let done = self.peers.book().cleanup(age, dry_run, UnixMillis::now());
        if !dry_run {
            self.manager.save().await;
        }
        let removed: Vec<_> = done.removed.iter().map(ToString::to_string).collect();
        Ok(json!({"removed": removed, "kept": done.kept}))
    }
}

fn moment(at: UnixMillis) -> String {
    rfc3339(tandem_queue::Timestamp::from_millis(at.0))
}

fn all_tools(shown: &Value) -> &[Value] {
    shown.get("tools").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
