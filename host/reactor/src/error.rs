//! Why the network does not start.

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
    Network(String),
}
