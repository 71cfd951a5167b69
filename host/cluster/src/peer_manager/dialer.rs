//! Dials of known peers.
//!
//! **Bounds.** [`DIALS`] at once in a round.

use std::time::Duration;

use libp2p::{Multiaddr, PeerId, multiaddr::Protocol};
use tandem_reactor::{
    settings::peer_of,
    trust::{PeerQuery, Source, UnixMillis},
};

use super::intake::add_hint;
use crate::{limits::PEER_TIMEOUT, peers::PeerDirectory};

/// Dials of one round.
pub(super) const DIALS: usize = 20;

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
                    Err(error) => tracing::debug!(%address, error, "dial failed"),
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
) -> Result<PeerId, String> {
    add_hint(peers, &address, source);
    let peer = peer_of(&address).ok_or("the address names no peer; end it with /p2p/ID")?;
    peers.book().may_connect(&peer, UnixMillis::now()).map_err(|error| error.to_string())?;
    if peers.network.is_shut_out(&peer) {
        return Err("the peer is in p2p.block".to_owned());
    }
    if !peers.network.admits(&peer) {
        return Err("admission is closed and the peer is not in p2p.allow".to_owned());
    }
    peers.network.dial(address, timeout).await
}

/// Addresses of known peers that are not connected.
pub(super) fn candidates(peers: &PeerDirectory) -> Vec<Multiaddr> {
    let query = PeerQuery { limit: 1_000, ..PeerQuery::default() };
    let page = peers.book().list(&query, UnixMillis::now()).unwrap_or_default();
    let away = page.peers.into_iter().filter(|known| !peers.network.is_connected(&known.peer));
    away.filter_map(|known| Some(with_peer(known.addresses.into_iter().next()?, known.peer))).collect()
}
