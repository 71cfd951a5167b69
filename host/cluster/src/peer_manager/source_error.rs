//! Why a source of peers answers nothing, or this host is not announced there.

use std::time::Duration;

use libp2p::Multiaddr;
use tandem_reactor::{
    discovery::{file::FileError, github::GithubError, record::RecordError},
    network::RequestError,
};
use tokio::task::JoinError;

/// Why this host has no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OwnRecordError {
    /// No address of it is one that readers of the record dial.
    #[error(
        "this host has no address that its peers would dial; listen on another one in p2p.listen, or allow private ones with \
         p2p.discovery.private and, for hosts on one machine, p2p.discovery.loopback"
    )]
    NoAddress,
    /// Readers would refuse it.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// Why a source answers nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum SourceError {
    #[error(transparent)]
    Network(#[from] RequestError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Github(#[from] GithubError),
    #[error(transparent)]
    Own(#[from] OwnRecordError),
    /// The work on the general lane came to no end.
    #[error(transparent)]
    General(#[from] JoinError),
    #[error("it did not answer within {} s", .0.as_secs())]
    Timeout(Duration),
    /// Of several rendezvous points, this one.
    #[error("{point}: {error}")]
    Point { point: Multiaddr, error: Box<SourceError> },
}
