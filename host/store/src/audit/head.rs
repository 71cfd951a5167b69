//! The newest record of a log, as it is noted elsewhere.

use std::{fmt, str::FromStr};

use crate::error::StoreError;

/// A record by its number and hash. Whoever notes the newest one elsewhere can tell later that the log was not put back to an
/// older state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// Its number.
    pub sequence: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// A text is no [`AuditHead`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write NUMBER:HASH, as `tandem audit verify` prints it")]
pub struct HeadFormat;

impl fmt::Display for AuditHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.sequence, hex::encode(self.hash))
    }
}

impl FromStr for AuditHead {
    type Err = HeadFormat;

    fn from_str(text: &str) -> Result<Self, HeadFormat> {
        let (sequence, digits) = text.split_once(':').ok_or(HeadFormat)?;
        let mut hash = [0; 32];
        hex::decode_to_slice(digits, &mut hash).map_err(|_| HeadFormat)?;
        Ok(Self { sequence: sequence.parse().map_err(|_| HeadFormat)?, hash })
    }
}

/// Why a log does not continue the one whose newest record was noted.
#[derive(Debug, thiserror::Error)]
pub enum HeadMissing {
    /// Newer records are there, and say nothing about it.
    #[error("record {0} was dropped by rotation; pass a newer head")]
    Dropped(u64),
    /// Another record has its number, or none.
    #[error("record {0} differs from the one seen: the store was reset to an older state")]
    Differs(u64),
    /// The log could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}
