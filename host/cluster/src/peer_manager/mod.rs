//! Getting to know peers: registries and rendezvous points are asked, found peers are dialled, and what is learnt is kept.
//!
//! **Promises.** What strangers say is checked before it is believed: records by their signature, addresses by the policy. The
//! book survives a restart.
//!
//! **Bounds.** A round of dials is twenty; a round of registries is every fifteen seconds; the book bounds itself.

mod advertiser;
#[cfg(feature = "dht")]
mod dht;
mod dialer;
mod exchange;
mod github;
#[cfg(feature = "gossip")]
mod gossip;
mod intake;
mod manager;
mod own_record;
mod persistence;
mod renewal;
mod source_error;
mod source_log;
mod sources;

pub(crate) use manager::{ManagerDeps, PeerManager};
pub(crate) use sources::source_by_name;
