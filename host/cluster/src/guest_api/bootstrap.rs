//! The tools of the first peers.

use std::{sync::Arc, time::Duration};

use libp2p::Multiaddr;
use serde_json::{Value, json};
use tandem_reactor::{discovery::nodes::node, trust::Source};
use tandem_types::Caller;

use super::{
    dial::{dial, multiaddr},
    document::{Answer, system_time},
};
use crate::{error::P2pError, format::without_nulls, peer_manager::PeerManager, peers::require_operator};

/// Nodes of one text. A longer list belongs in a registry.
const MAX_NODES: usize = 1_000;
/// Bytes of one text.
const MAX_TEXT: usize = 256 << 10;
/// Characters of a wrong entry that are shown.
const SHOWN: usize = 120;
/// How long all dials of one text may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// See the module.
pub(super) struct BootstrapApi {
    pub(super) manager: Arc<PeerManager>,
    /// Whether the operator lets public nodes be used.
    pub(super) public_nodes: bool,
}

impl BootstrapApi {
    pub(super) async fn bootstrap_text(&self, caller: &Caller, source: &str, text: &str, connect: bool) -> Answer {
        require_operator(caller, "whom this host dials is the operator's: addresses may be of his own network")?;
        let from = match source {
            "file" => Source::Config,
            "env" => Source::Env,
            other => return Err(P2pError::InvalidArgument(format!("`source` is file or env, not `{other}`"))),
        };
        let List { nodes, mut failed } =
            list(text).inspect_err(|error| self.manager.source_log.record(source, 0, Some(error.to_string())))?;
        let shown: Vec<_> = nodes.iter().map(ToString::to_string).collect();
        let connected = match connect {
            true => {
                let (connected, more) = dial(&self.manager, nodes, from, None, TIMEOUT).await;
                failed.extend(more);
                connected
            }
            false => {
                nodes.iter().for_each(|node| self.manager.add_hint(node, from));
                0
            }
        };
        let error = failed.last().and_then(|failed| failed["error"].as_str()).map(ToOwned::to_owned);
        self.manager.source_log.record(source, shown.len(), error);
        Ok(json!({"nodes": shown, "connected": connected, "failed": failed}))
    }

    pub(super) async fn bootstrap_public(&self, connect: bool) -> Answer {
        if !self.public_nodes {
            return Err(P2pError::Unauthorized(
                "public nodes are off; the operator turns them on with p2p.discovery.public-nodes".to_owned(),
            ));
        }
        let nodes = PUBLIC.iter().map(|text| multiaddr(text)).collect::<Result<Vec<_>, _>>()?;
        let (connected, failed) = match connect {
            true => dial(&self.manager, nodes, Source::Dht, None, TIMEOUT).await,
            false => (0, Vec::new()),
        };
        let error = failed.last().and_then(|failed| failed["error"].as_str()).map(ToOwned::to_owned);
        self.manager.source_log.record("public", PUBLIC.len(), error);
        Ok(json!({"nodes": PUBLIC, "connected": connected, "failed": failed}))
    }

    pub(super) fn sources(&self) -> Answer {
        let sources: Vec<_> = self
            .manager
            .source_log
            .all()
            .into_iter()
            .map(|(source, known)| {
                without_nulls(json!({
                    "source": source,
                    "nodes": known.nodes,
                    "last_used": known.last_used.map(system_time),
                    "last_error": known.last_error,
                }))
            })
            .collect();
        Ok(json!({"sources": sources}))
    }
}

/// What a list says: nodes, and what in it is none, each with the reason. One wrong line costs the others nothing.
struct List {
    nodes: Vec<Multiaddr>,
    failed: Vec<Value>,
}

/// A JSON array of multiaddrs, or one in each line; `#` begins a comment. Commas and spaces separate too.
fn list(text: &str) -> Result<List, P2pError> {
    if text.len() > MAX_TEXT {
        return Err(P2pError::LimitExceeded(format!("the text has {} bytes, at most {MAX_TEXT} are read", text.len())));
    }
    let texts: Vec<String> = match text.trim_start().starts_with('[') {
        true => serde_json::from_str(text)
            .map_err(|error| P2pError::InvalidArgument(format!("the list is not a JSON array of texts: {error}")))?,
        false => text
            .lines()
            .flat_map(|line| {
                let line = line.split('#').next().unwrap_or_default();
                line.split(|c: char| c == ',' || c.is_whitespace()).filter(|part| !part.is_empty())
            })
            .map(ToOwned::to_owned)
            .collect(),
    };
    if texts.len() > MAX_NODES {
        return Err(P2pError::LimitExceeded(format!("there are {} nodes, at most {MAX_NODES} are taken", texts.len())));
    }
    let (mut nodes, mut failed) = (Vec::new(), Vec::new());
    for text in texts {
        let shown: String = text.chars().take(SHOWN).collect();
        match node(&text) {
            Ok(node) => nodes.push(node.address),
            Err(error) => failed.push(json!({"address": shown, "error": error.to_string()})),
        }
    }
    Ok(List { nodes, failed })
}

/// The bootstrap nodes that the libp2p project runs for everybody, as its implementations list them.
const PUBLIC: [&str; 4] = [
    "/dnsaddr/bootstrap.libp2p.io/p2p/QmNnooDu7bfjPFoTZYxMNLWUQJyrVwtbZg5gBMjTezGAJN",
    "/dnsaddr/bootstrap.libp2p.io/p2p/QmQCU2EcMqAqQPR2i9bChDtGNJchTbq5TbXJJ16u19uLTa",
    "/dnsaddr/bootstrap.libp2p.io/p2p/QmbLHAnMoJPWSCR5Zhtx6BHJX9KiKNN6tpvbUcqanj75Nb",
    "/dnsaddr/bootstrap.libp2p.io/p2p/QmcZf59bWwK5XFi76CZX8cbJ4BhTzzA3gU1ZjYZcYW3dwt",
];
