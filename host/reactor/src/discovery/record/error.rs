//! Why a record is refused.

use libp2p_core::Multiaddr;
use libp2p_identity::PeerId;

use super::{MAX_ADDRESSES, MAX_RECORD};
use crate::trust::addresses::AddressError;

/// Why a record is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// More bytes than [`MAX_RECORD`].
    #[error("the record has more than {MAX_RECORD} bytes; name fewer tools or metadata")]
    TooLarge,
    /// It is not the document that is described above.
    #[error("this is not a record of a host: {0}")]
    Form(String),
    /// A signature does not fit: the record's own, or the one of the peer record inside.
    #[error("the signature of the record is wrong; it was changed, or made with another key")]
    BadSignature,
    /// It is signed by another host than it names.
    #[error("the record names {named}, but {signer} signed it")]
    PeerMismatch {
        /// Whom it speaks of.
        named: Box<PeerId>,
        /// Who signed.
        signer: Box<PeerId>,
    },
    /// Too many addresses.
    #[error("the record has more than {MAX_ADDRESSES} addresses")]
    TooManyAddresses,
    /// An address is refused.
    #[error("the record's address {address} is refused: {reason}")]
    Address {
        /// The address.
        address: Multiaddr,
        /// Why.
        reason: AddressError,
    },
    /// It is an old one that was played again, or the host was rolled back.
    #[error("the record has sequence {sequence}, but {known} is known already")]
    NotNewer {
        /// Of the record.
        sequence: u64,
        /// The highest one known.
        known: u64,
    },
    /// Its time is over.
    #[error("the record has expired; its host must renew it")]
    Expired,
    /// It wants to be believed for too long.
    #[error("the record expires more than 24 hours ahead")]
    ExpiryTooFar,
    /// It was made in the future.
    #[error("the record is dated more than 5 minutes ahead; compare the clocks of both hosts")]
    FutureDated,
    /// The key cannot sign.
    #[error("the host's key cannot sign: {0}")]
    Key(String),
}
