//! What sources say of peers goes into the peer book, where it is checked.

use libp2p::{Multiaddr, PeerId};
use tandem_reactor::{
    discovery::record::{HostRecord, RecordError},
    settings::peer_of,
    trust::{BookError, Source, UnixMillis},
};

use crate::peers::PeerDirectory;

/// What one source answered.
#[derive(Debug, Default)]
pub(super) struct SourceResult {
    /// Hosts that it named and that are believed.
    pub(super) nodes: usize,
    /// The first thing that went wrong.
    pub(super) error: Option<String>,
}

impl SourceResult {
    /// Adds something else that went wrong.
    pub(super) fn or_error(self, error: Option<String>) -> Self {
        Self { error: self.error.or(error), ..self }
    }

    /// Counts a host that the source named, or why it is not believed.
    pub(super) fn add(&mut self, peer: PeerId, added: Result<(), BookError>) {
        match added {
            Ok(()) => self.nodes += 1,
            // That its record is over, or that it is banned, is nobody's fault.
            Err(BookError::KeptOut(_) | BookError::Record(RecordError::Expired)) => {}
            Err(error) => self.error = self.error.take().or_else(|| Some(format!("{peer}: {error}"))),
        }
    }
}

/// Why this host's record is not where others look for it.
pub(super) fn not_announced(error: &impl std::fmt::Display) -> String {
    format!("this host is not announced: {error}")
}

/// Offers records to the book; answers how many are believed.
pub(super) fn add_records(peers: &PeerDirectory, records: Vec<HostRecord>, source: Source) -> SourceResult {
    let mut result = SourceResult::default();
    for record in records.into_iter().filter(|record| record.peer() != peers.me()) {
        let peer = record.peer();
        let added = peers.book().offer(record, source, UnixMillis::now());
        let added = match added {
            // It is there already.
            Err(BookError::Record(RecordError::NotNewer { .. })) => {
                peers.book().named(&peer, source);
                Ok(())
            }
            added => added,
        };
        result.add(peer, added);
    }
    result
}

/// Takes in a node that somebody named without a record.
pub(super) fn add_hint(peers: &PeerDirectory, address: &Multiaddr, source: Source) {
    if let Some(peer) = peer_of(address) {
        let added = peers.book().hint(peer, [address.clone()], source, UnixMillis::now());
        if let Err(error) = added {
            tracing::warn!(%address, %error, "invalid bootstrap node");
        }
    }
}
