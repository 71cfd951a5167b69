//! What an operator does: bans of peers, the tools that a peer offers, and calls of them.
//!
//! **Promises.** A call of a peer's tool is sent once: whether it was done is not known when no answer comes, and the error says so.
//!
//! **Bounds.** [`PAGES`] pages of a peer's tools; a call waits as long as the caller says, at most [`LONGEST`].

use std::{sync::Arc, time::Duration};

use libp2p::{PeerId, multihash::Multihash};
use serde_json::{Map, Value};
use tandem_config::PeerIdText;
use tandem_reactor::{
    rpc::{PeerRpc as _, REQUEST, RpcError},
    trust::UnixMillis,
};

use crate::{
    error::P2pError,
    handle::ClusterHandle,
    limits::ADVERTISEMENT_TTL,
    peers::PeerDirectory,
    settings::{self, Settings, SettingsError},
};

/// Pages of a peer's tools, each of which it fills as it likes.
const PAGES: usize = 64;
/// The longest wait for a peer's answer.
const LONGEST: Duration = Duration::from_secs(300);

impl ClusterHandle {
    /// The tools that a connected peer lets this host call, as in MCP's `tools/list`.
    ///
    /// # Errors
    /// `invalid_argument` for what is not a peer id, `not_found` where the peer is not connected, and what it refuses.
    pub async fn peer_tools(&self, peer: &str) -> Result<Vec<Value>, P2pError> {
        let peer = id(peer)?;
        self.run(move |cluster| async move {
            check_connected(&cluster.peers, &peer)?;
            let (mut tools, mut params) = (Vec::new(), Map::new());
            for _ in 0..PAGES {
                let mut page = cluster.peers.links.ask(peer, "tools/list", params, REQUEST).await.map_err(refused)?;
                match page.get_mut("tools").map(Value::take) {
                    Some(Value::Array(more)) => tools.extend(more),
                    _ => return Err(P2pError::Other("invalid response of the peer: not a list of tools".to_owned())),
                }
                match page.get_mut("nextCursor").map(Value::take) {
                    Some(cursor @ Value::String(_)) => params = Map::from_iter([("cursor".to_owned(), cursor)]),
                    _ => return Ok(tools),
                }
            }
            Err(P2pError::LimitExceeded(format!("the peer has more than {PAGES} pages of tools")))
        })
        .await
    }

    /// Calls a tool of a connected peer, as the tenant that this host is to it; the answer is as in MCP's `tools/call`.
    ///
    /// # Errors
    /// As [`peer_tools`](Self::peer_tools), and `timeout` where it is not known whether the call was done.
    pub async fn peer_call(
        &self,
        peer: &str,
        tool: &str,
        arguments: Map<String, Value>,
        wait: Duration,
    ) -> Result<Value, P2pError> {
        let (peer, wait) = (id(peer)?, wait.min(LONGEST));
        let params = [("name".to_owned(), tool.into()), ("arguments".to_owned(), arguments.into())];
        self.run(move |cluster| async move {
            check_connected(&cluster.peers, &peer)?;
            cluster.peers.links.ask(peer, "tools/call", Map::from_iter(params), wait).await.map_err(refused)
        })
        .await
    }

    /// Takes other lists of peers that may connect and that may not (`p2p.allow`, `p2p.block`). Whom they do not let in any more is
    /// disconnected; all others are asked to claim tasks again, as what they are trusted with may have changed too.
    ///
    /// # Errors
    /// `invalid_argument` for what is not a peer id, `unavailable` while the lane is down; then they count from its next start on.
    pub async fn policy_changed(&self, allow: &[PeerIdText], block: &[PeerIdText]) -> Result<(), P2pError> {
        let wrong = |error: SettingsError| P2pError::InvalidArgument(error.to_string());
        let allow = settings::peers("p2p.allow", allow).map_err(wrong)?;
        let block = settings::peers("p2p.block", block).map_err(wrong)?;
        let mut next = Settings::clone(&self.settings().load());
        next.network.allow.clone_from(&allow);
        next.network.block.clone_from(&block);
        self.settings().store(Arc::new(next));
        self.run(move |cluster| async move {
            cluster.peers.book().set_allowed(allow.iter().copied());
            cluster.peers.network.set_lists(&allow, &block);
            cluster.queue.policy_changed();
            Ok(())
        })
        .await
    }

    /// Disconnects and bans a peer for so long, also over a restart.
    ///
    /// # Errors
    /// `invalid_argument` for what is not a peer id, and for this host's own; `conflict` for one that the configuration allows.
    pub async fn block_peer(&self, peer: &str, time: Duration) -> Result<(), P2pError> {
        let peer = id(peer)?;
        self.run(move |cluster| async move {
            if peer == cluster.peers.network.me {
                return Err(P2pError::InvalidArgument("this is the host itself".to_owned()));
            }
            if cluster.peers.book().is_allowed(&peer) {
                return Err(P2pError::Conflict(format!("{peer} is in p2p.allow; take it out there")));
            }
            let now = UnixMillis::now();
            let known = cluster.peers.book().block(peer, now.after(time), now);
            known.map_err(|error| P2pError::LimitExceeded(error.to_string()))?;
            cluster.peers.network.block(peer, time);
            cluster.manager.save().await;
            Ok(())
        })
        .await
    }

    /// Lifts the ban of a peer and resets its score. Answers whether it was banned.
    ///
    /// # Errors
    /// `invalid_argument` for what is not a peer id, `conflict` for one that the configuration blocks.
    pub async fn unblock_peer(&self, peer: &str) -> Result<bool, P2pError> {
        let peer = id(peer)?;
        self.run(move |cluster| async move {
            if cluster.peers.network.is_shut_out(&peer) {
                return Err(P2pError::Conflict(format!("{peer} is in p2p.block; take it out there")));
            }
            let kept_out = cluster.peers.book().may_connect(&peer, UnixMillis::now()).is_err();
            cluster.peers.book().forgive(&peer);
            let blocked = cluster.peers.network.forgive(&peer);
            cluster.manager.save().await;
            Ok(kept_out || blocked)
        })
        .await
    }

    /// Takes tasks again after `p2p_taskqueue_shutdown`. Answers whether it took none.
    ///
    /// # Errors
    /// `unavailable` while the lane is down.
    pub async fn take_tasks(&self) -> Result<bool, P2pError> {
        self.run(|cluster| async move {
            let drained = cluster.worker.slots.resume();
            cluster.manager.advertise(ADVERTISEMENT_TTL);
            Ok(drained)
        })
        .await
    }
}

fn id(peer: &str) -> Result<PeerId, P2pError> {
    let wrong = |why: &dyn std::fmt::Display| P2pError::InvalidArgument(format!("`{peer}` is not a peer id: {why}"));
    let id: PeerId = peer.parse().map_err(|error| wrong(&error))?;
    match is_key(id.as_ref()) {
        true => Ok(id),
        false => Err(wrong(&"it holds neither a key nor the hash of one")),
    }
}

/// Whether a multihash is one of a public key. Short keys stand in the id as they are (the libp2p peer id specification): those
/// of ed25519 in 36 bytes and those of secp256k1 in 37; longer ones by their SHA-256.
fn is_key(hash: &Multihash<64>) -> bool {
    /// Multicodec `identity` and `sha2-256`.
    const IDENTITY: u64 = 0x00;
    const SHA_256: u64 = 0x12;
    match (hash.code(), hash.digest()) {
        (IDENTITY, [0x08, 0x01, 0x12, 0x20, key @ ..]) => key.len() == 0x20,
        (IDENTITY, [0x08, 0x02, 0x12, 0x21, key @ ..]) => key.len() == 0x21,
        (SHA_256, digest) => digest.len() == 32,
        _ => false,
    }
}

fn check_connected(peers: &PeerDirectory, peer: &PeerId) -> Result<(), P2pError> {
    match peers.network.is_connected(peer) {
        true => Ok(()),
        false => Err(P2pError::NotFound(format!("{peer} is not connected; `tandem peer list` lists those that are"))),
    }
}

/// What a peer answers instead of a result.
fn refused(error: RpcError) -> P2pError {
    let text = error.message;
    match error.reason.as_deref() {
        Some("invalid_argument" | "invalid_request") => P2pError::InvalidArgument(text),
        Some("not_found" | "unknown_method") => P2pError::NotFound(text),
        Some("limit_exceeded") => P2pError::LimitExceeded(text),
        Some("unauthorized") => P2pError::Unauthorized(text),
        Some("unavailable") => P2pError::Unavailable(text),
        Some("timeout") => P2pError::Timeout(text),
        _ => P2pError::Other(text),
    }
}
