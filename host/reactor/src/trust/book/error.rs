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
    #[error("the peer is kept out for {} more seconds", .0.as_secs())]
    KeptOut(Duration),
    /// No address of it may be dialled.
    #[error("no address of the peer may be dialled: {0}")]
    Addresses(AddressError),
    /// Nobody can be pushed out for it.
    #[error("the peer book is full of peers that may not be pushed out; remove some or raise its limit")]
    Full,
    /// The operator keeps as many out as may be.
    #[error("{MAX_BANS} peers are kept out by order; let one of them in again, or name it in p2p.block")]
    Orders,
    /// Too many strangers of its network are connected.
    #[error("too many strangers of {0:?} are connected; let the operator allow the peer by its id")]
    Crowded(Subnet),
}
