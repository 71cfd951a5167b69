//! Everything that this host knows of its peers, and the way to them.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use libp2p::PeerId;
use serde_json::Map;
use tandem_reactor::{
    network::{Connected, Network},
    rpc::{Links, PeerRpc as _, RpcError},
    trust::{Conduct, PeerBook, UnixMillis, score::Verdict},
};

use super::advertisements::{Advertisements, Capabilities};
use crate::limits::ADVERTISEMENT_TTL;

/// See the module.
pub(crate) struct PeerDirectory {
    pub(crate) network: Arc<Network>,
    pub(crate) links: Links,
    pub(crate) advertisements: Advertisements,
    book: Mutex<PeerBook>,
    /// What people call this host.
    pub(crate) name: Option<String>,
}

impl PeerDirectory {
    pub(crate) fn new(network: Arc<Network>, links: Links, book: PeerBook, name: Option<String>) -> Self {
        Self { network, links, advertisements: Advertisements::default(), book: Mutex::new(book), name }
    }

    /// This host among its peers.
    pub(crate) fn me(&self) -> PeerId {
        self.network.me
    }

    /// The peer book. Nothing is awaited while it is locked.
    pub(crate) fn book(&self) -> MutexGuard<'_, PeerBook> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Connected peers that speak the protocol between hosts.
    pub(crate) fn speaking(&self) -> impl Iterator<Item = (PeerId, Connected)> {
        self.network.connected().into_iter().filter(|(_, connected)| connected.speaks == Some(true))
    }

    /// Asks a peer what it can run, and records that.
    pub(crate) async fn ask_capabilities(&self, peer: PeerId, timeout: Duration) -> Result<(), RpcError> {
        let answer = self.links.ask(peer, "tandem/info", Map::new(), timeout).await?;
        self.advertisements.record(peer, Capabilities::of_message(&answer), ADVERTISEMENT_TTL);
        Ok(())
    }

    /// Asks connected peers, at most so many, whose advertisement is older than `age`.
    pub(crate) async fn refresh_advertisements(&self, age: Duration, peers: usize, timeout: Duration) {
        let stale = self.speaking().filter(|(peer, _)| {
            let known = self.advertisements.get(peer);
            known.is_none_or(|known| known.at.elapsed().is_ok_and(|elapsed| elapsed > age))
        });
        // Who does not answer is asked again in the next round.
        let asks = stale.take(peers).map(|(peer, _)| self.ask_capabilities(peer, timeout));
        drop(futures::future::join_all(asks).await);
    }

    /// Whether a connected peer advertises a tool.
    pub(crate) fn any_has_tool(&self, tool: &str) -> bool {
        self.network.connected().iter().any(|(peer, _)| self.advertises(peer, tool))
    }

    /// Whether this peer is connected and advertises a tool.
    pub(crate) fn has_tool(&self, peer: &PeerId, tool: &str) -> bool {
        self.network.is_connected(peer) && self.advertises(peer, tool)
    }

    fn advertises(&self, peer: &PeerId, tool: &str) -> bool {
        self.advertisements.get(peer).is_some_and(|known| known.worker.has_tool(tool))
    }

    /// What people call a host, as it says itself: for people, beside its id, and for no decision.
    pub(crate) fn name_of(&self, peer: &PeerId) -> Option<String> {
        if *peer == self.me() {
            return self.name.clone();
        }
        let advertised = self.advertisements.get(peer).and_then(|known| known.worker.name);
        advertised.or_else(|| self.book().get(peer, UnixMillis::now())?.name)
    }

    /// The same of a text, where that is a peer's id.
    pub(crate) fn name_of_text(&self, peer: Option<&str>) -> Option<String> {
        self.name_of(&peer?.parse().ok()?)
    }

    /// A host as texts name it.
    pub(crate) fn describe(&self, peer: &PeerId) -> String {
        self.name_of(peer).map_or_else(|| format!("host {peer}"), |name| format!("host {name} ({peer})"))
    }

    /// A peer broke the rules of a protocol.
    pub(crate) fn report_violation(&self, peer: PeerId, what: &str) {
        tracing::warn!(%peer, what, "peer violated the protocol");
        self.report(peer, Conduct::Violation);
    }

    /// Counts what a peer did, and disconnects it where that is too much.
    pub(crate) fn report(&self, peer: PeerId, conduct: Conduct) {
        let verdict = self.book().report(&peer, conduct, UnixMillis::now());
        tracing::debug!(%peer, ?conduct, ?verdict, "peer score changed");
        if let Verdict::Disconnect(until) | Verdict::Ban(until) = verdict {
            self.network.block(peer, until.since(UnixMillis::now()));
        }
    }
}
