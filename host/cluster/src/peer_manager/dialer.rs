//! Dials of known peers.
//!
//! **Bounds.** [`DIALS`] at once in a round.

use std::time::Duration;

use libp2p::{Multiaddr, PeerId, multiaddr::Protocol};
use tandem_reactor::{
    network::RequestError,
    settings::peer_of,
    trust::{BookError, PeerQuery, Source, UnixMillis},
};

use super::intake::add_hint;
use crate::{limits::PEER_TIMEOUT, peers::PeerDirectory};

/// Dials of one round.
pub(super) const DIALS: usize = 20;

/// Why an address that a caller named is not connected to.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum DialError {
    /// The dial failed, or cannot begin.
    #[error(transparent)]
    Network(#[from] RequestError),
    /// The peer is banned for a time.
    #[error(transparent)]
    KeptOut(#[from] BookError),
    #[error("the peer is in p2p.block")]
    Blocked,
    #[error("admission is closed and the peer is not in p2p.allow")]
    NotAllowed,
}

/// An address that ends with its peer.
fn with_peer(address: Multiaddr, peer: PeerId) -> Multiaddr {
    if peer_of(&address).is_some() { address } else { address.with(Protocol::P2p(peer)) }
}

/// Dials peers that admission would let in and that are due.
pub(super) async fn dial_due(peers: &PeerDirectory) {
    let due = peers.book().dialable(DIALS, UnixMillis::now());
    let dials = due
        .into_iter()
        .filter(|due| peers.network.admits(&due.peer) && !peers.network.is_connected(&due.peer))
        .map(|due| async move {
            peers.book().dial_started(&due.peer, UnixMillis::now());
            for address in due.addresses {
                let address = with_peer(address, due.peer);
                match peers.network.dial(address.clone(), PEER_TIMEOUT).await {
                    Ok(_) => return,
                    Err(error) => tracing::debug!(%address, %error, "dial failed"),
                }
            }
            peers.book().dial_failed(&due.peer, UnixMillis::now());
        });
    futures::future::join_all(dials).await;
}

/// Dials one address and keeps it where that succeeds, or where an operator named it.
pub(super) async fn dial(
    peers: &PeerDirectory,
    address: Multiaddr,
    source: Source,
    timeout: Duration,
) -> Result<PeerId, DialError> {
    add_hint(peers, &address, source);
    let peer = peer_of(&address).ok_or(RequestError::NoPeerId)?;
    peers.book().may_connect(&peer, UnixMillis::now())?;
    if peers.network.is_shut_out(&peer) {
        return Err(DialError::Blocked);
    }
    if !peers.network.admits(&peer) {
        return Err(DialError::NotAllowed);
    }
    Ok(peers.network.dial(address, timeout).await?)
}

/// Addresses of known peers that are not connected.
pub(super) fn candidates(peers: &PeerDirectory) -> Vec<Multiaddr> {
    let query = PeerQuery { limit: 1_000, ..PeerQuery::default() };
    let page = peers.book().list(&query, UnixMillis::now()).unwrap_or_default();
    let away = page.peers.into_iter().filter(|known| !peers.network.is_connected(&known.peer));
    away.filter_map(|known| Some(with_peer(known.addresses.into_iter().next()?, known.peer))).collect()
}
