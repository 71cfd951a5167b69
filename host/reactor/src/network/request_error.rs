//! Why what was asked of the network came to nothing.

use std::time::Duration;

use super::limits::RENDEZVOUS_WAITERS;

/// Why a dial, or a question to the hash table, gossip or a rendezvous point, failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The thread that would answer is ending.
    #[error("the reactor is stopping")]
    Stopping,
    /// An address without the peer's id cannot be checked against who answers there.
    #[error("the address has no peer id; end it with /p2p/ID")]
    NoPeerId,
    /// The address has this host's own id.
    #[error("this is the host itself")]
    OwnAddress,
    /// The dial failed, in the words of the transport.
    #[error("{0}")]
    Dial(String),
    /// The dial did not end in time.
    #[error("no connection within {} s", .0.as_secs())]
    DialTimeout(Duration),
    /// The operator did not turn it on.
    #[error("{protocol} is disabled; set {key}")]
    Off {
        /// For people.
        protocol: &'static str,
        /// The configuration key.
        key: &'static str,
    },
    /// As many questions to the hash table as are allowed are open.
    #[error("too many dht queries are in flight")]
    DhtBusy,
    /// There is nobody to ask.
    #[error("no dht peer is known yet")]
    DhtEmpty,
    /// The hash table did not take the record, in the library's words.
    #[error("{0}")]
    Dht(String),
    /// The announcement was not sent, in the library's words.
    #[error("{0}")]
    Gossip(String),
    /// As many callers as are allowed wait for the point.
    #[error("{RENDEZVOUS_WAITERS} callers wait for this rendezvous point already")]
    RendezvousBusy,
    /// The point is silent.
    #[error("the rendezvous point did not answer within {} s", .0.as_secs())]
    RendezvousTimeout(Duration),
    /// The library did not send the registration.
    #[error("{0}")]
    NotRegistered(String),
    /// The point refused the registration.
    #[error("rendezvous registration failed: {0}")]
    RegistrationRefused(&'static str),
    /// The point refused to answer.
    #[error("rendezvous discovery failed: {0}")]
    DiscoveryRefused(&'static str),
}
