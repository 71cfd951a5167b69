//! What the rest of the process asks of the network, by protocol.

mod bans;
#[cfg(feature = "dht")]
mod dht;
#[cfg(feature = "gossip")]
mod gossip;
#[cfg(feature = "nat")]
mod nat;
mod rendezvous;
