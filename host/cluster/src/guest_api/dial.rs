//! Addresses that a caller gives, and their dials.

use std::time::Duration;

use futures::{StreamExt as _, stream::FuturesUnordered};
use libp2p::Multiaddr;
use serde_json::{Value, json};
use tandem_reactor::trust::Source;

use crate::{error::P2pError, peer_manager::PeerManager};

/// Dials at once: more than that, and the own network becomes what is slow.
const DIALS: usize = 20;

pub(super) fn multiaddr(text: &str) -> Result<Multiaddr, P2pError> {
    text.parse().map_err(|error| P2pError::InvalidArgument(format!("`{text}` is not a multiaddr: {error}")))
}

/// Dials these addresses, paced, until enough are connected or the time is over.
pub(super) async fn dial(
    manager: &PeerManager,
    nodes: Vec<Multiaddr>,
    source: Source,
    enough: Option<usize>,
    timeout: Duration,
) -> (usize, Vec<Value>) {
    let end = tokio::time::Instant::now() + timeout;
    let (mut connected, mut failed) = (0, Vec::new());
    let mut waiting = nodes.into_iter();
    let mut dials = FuturesUnordered::new();
    loop {
        while dials.len() < DIALS && enough.is_none_or(|enough| connected + dials.len() < enough) {
            let Some(address) = waiting.next() else { break };
            let left = end.saturating_duration_since(tokio::time::Instant::now());
            dials.push(async move { (manager.dial(address.clone(), source, left).await, address) });
        }
        match tokio::time::timeout_at(end, dials.next()).await {
            Ok(Some((Ok(_), _))) => connected += 1,
            Ok(Some((Err(error), address))) => {
                failed.push(json!({"address": address.to_string(), "error": error.to_string()}));
            }
            Ok(None) => break,
            Err(_) => {
                failed.extend(
                    waiting.map(
                        |address| json!({"address": address.to_string(), "error": "there was no time left for it"}),
                    ),
                );
                break;
            }
        }
    }
    (connected, failed)
}
