//! Announcements over several hops: this host's own record goes out, those of others are judged.
//!
//! **Bounds.** The own record is announced every [`RENEW`], and [`QUIET`] after the last time when it changed or somebody new
//! listens; where nobody listens, that is found out again [`SOON`]. Of each author one announcement in [`RATE`] is passed on.

use std::time::Duration;

use libp2p::PeerId;
use tandem_reactor::{
    discovery::record::{HostRecord, RecordError},
    network::{Network, Verdict},
    trust::{BookError, Source, UnixMillis},
};

use super::{own_record::OwnRecord, source_error::SourceError};
use crate::peers::PeerDirectory;

/// Between two announcements of the same.
const RENEW: Duration = Duration::from_secs(60);
/// Between any two announcements: what changes at once goes out at once.
const QUIET: Duration = Duration::from_secs(5);
/// After an announcement that nobody took.
const SOON: Duration = Duration::from_millis(500);
/// What one author's announcements have to be apart, by its own clock, to be passed on.
const RATE: Duration = Duration::from_secs(2);

/// Announces until it is dropped.
pub(super) async fn announce(network: &Network, record: &OwnRecord) {
    loop {
        // Nothing is wrong when the time is over: then it is a renewal.
        let _changed = tokio::time::timeout(RENEW.min(record.half_life()), record.changed.notified()).await;
        let sent = record.renew().map_err(SourceError::from).and_then(|record| Ok(network.gossip(&record)?));
        let pause = match sent {
            Ok(()) => QUIET,
            Err(error) => {
                tracing::debug!(%error, "gossip publish failed");
                SOON
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// Judges an announcement, whoever passed it on. An author may only speak of itself.
pub(super) fn evaluate(peers: &PeerDirectory, author: PeerId, data: &[u8]) -> Verdict {
    let record = match HostRecord::decode(data) {
        Ok(record) if record.peer() == author => record,
        Ok(_) | Err(_) => return Verdict::Reject,
    };
    if author == peers.me() {
        return Verdict::Ignore;
    }
    let now = UnixMillis::now();
    let mut book = peers.book();
    if book.issued_at(&author).is_some_and(|before| record.issued_at().since(before) < RATE) {
        return Verdict::Ignore;
    }
    match book.offer(record, Source::Gossip, now) {
        Ok(()) => Verdict::Accept,
        // What time, address policy and memory decide differs between hosts: nobody is to blame for passing it on.
        Err(BookError::Record(RecordError::BadSignature | RecordError::PeerMismatch { .. })) => Verdict::Reject,
        Err(error) => {
            tracing::debug!(%author, %error, "announcement ignored");
            Verdict::Ignore
        }
    }
}
