//! The swarm: who is connected, how others are reached, and what they say about this host.
//!
//! **Promises.** Everything here happens on the reactor's thread. A question about the swarm is answered at once from what
//! its events told; a dial is answered when it ends.
//!
//! **Bounds.** 64 events before other work gets a turn; connections and streams by the behaviour, connections of one
//! address by [`accepts`], handshakes by [`handshake_slots`]; 64 addresses that others claim this host to have.
//!
//! A peer that answers no ping is disconnected (see [`PingSettings`](crate::settings::PingSettings)).
//!
//! **Refuses.** Peers that admission does not let in, before anything is said to them; dials to where the address policy
//! forbids, whoever wants them ([`gate`]).

mod accepts;
mod address;
mod api;
mod behaviour;
#[cfg(feature = "dht")]
mod dht;
mod error_text;
mod event;
mod events;
mod gate;
#[cfg(feature = "gossip")]
mod gossip;
mod handshake_slots;
mod handshakes;
mod identity;
mod limits;
mod lock;
#[cfg(feature = "nat")]
mod nat;
mod panic_boundary;
mod rendezvous;
mod request_error;
mod shared;
mod transport;

pub use address::direct_ip;
pub use behaviour::PROTOCOL;
pub use event::{Connected, NetworkEvent};
#[cfg(feature = "gossip")]
pub use gossip::Verdict;
pub use handshakes::FailedHandshake;
pub use request_error::RequestError;
pub use shared::Network;
