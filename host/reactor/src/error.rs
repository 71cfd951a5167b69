//! Why the network does not start.

use std::path::PathBuf;

/// Why there is no reactor.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No thread is to be had.
    #[error("cannot start the reactor's thread")]
    Thread(#[source] std::io::Error),
    /// An address of `p2p.listen` cannot be listened on.
    #[error(
        "p2p network failed to start: listen on {address}: {reason}; stop the process that uses the address, or set p2p.listen"
    )]
    Listen {
        /// As configured.
        address: libp2p::Multiaddr,
        /// The system's or the transport's words.
        reason: String,
    },
    /// The host's key or the transport cannot be used.
    #[error("p2p network failed to start: {0}")]
    Network(NetworkError),
}

/// What keeps the network from starting. Reasons are in the words of the system or of the library.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// Others may read the host's key.
    #[error("others may read {path}; run: chmod 600 {path}", path = .0.display())]
    KeyIsReadable(PathBuf),
    /// The host's key cannot be read or made.
    #[error("{what} {path}: {reason}", path = .path.display())]
    Key {
        /// What failed.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The transport cannot be built.
    #[error("cannot build the transport: {0}")]
    Transport(String),
    /// Multicast DNS cannot be used.
    #[error("cannot look for peers by mdns: {0}")]
    Mdns(String),
    /// Gossip cannot be used.
    #[error("cannot take part in gossip: {0}")]
    Gossip(String),
    /// The reactor's thread ended before the network was up.
    #[error("its thread ended")]
    Ended,
}
