//! Why a peer is not taken into the book or let in.

use std::time::Duration;

use super::MAX_BANS;
use crate::{
    discovery::record::RecordError,
    trust::addresses::{AddressError, Subnet},
};

/// Why a peer is not taken into the book or let in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    /// Its record is refused.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// It is blocked or banned.
    #[error("the peer is banned for {} more seconds", .0.as_secs())]
    KeptOut(Duration),
    /// No address of it may be dialled.
    #[error("no address of the peer may be dialled: {0}")]
    Addresses(AddressError),
    /// Nobody can be evicted for it.
    #[error("the peer book is full, and none of its peers may be evicted; remove some")]
    Full,
    /// The operator has banned as many as may be.
    #[error(
        "{MAX_BANS} peers are banned by the operator; lift a ban with `tandem peer unblock`, or name the peer in p2p.block"
    )]
    TooManyBans,
    /// Too many untrusted peers of its network are connected.
    #[error("too many untrusted peers of {0:?} are connected; the operator can name the peer in p2p.allow")]
    Crowded(Subnet),
}
