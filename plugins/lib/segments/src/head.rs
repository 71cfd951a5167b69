//! The head of a collection: what it is and which segments it has.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::bits::Bits;
use crate::error::{Error, Result};

/// Goes first in every stored structure; a reader refuses any other.
const FORMAT: u8 = 1;

/// What a collection is: its settings and the segments that hold its rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head<T> {
    /// Names this life of the collection: one that is deleted and made again has another.
    pub incarnation: String,
    /// How often the collection was changed.
    pub revision: u64,
    /// What its owner wants to know of it.
    pub settings: T,
    /// Where its rows are. A row's id is live in at most one of them.
    pub segments: Vec<SegmentRef>,
}

/// A segment, as the head knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentRef {
    /// Names it; see [`crate::segment`].
    pub id: String,
    /// How many rows were written.
    pub rows: u32,
    /// What it weighs with all its rows, in parts of [`crate::policy::FULL`].
    pub weight: u32,
    /// The rows that were deleted or replaced since.
    pub dead: Bits,
}

impl SegmentRef {
    /// How many rows are live.
    pub fn live(&self) -> u32 {
        self.rows.saturating_sub(self.dead.count())
    }

    /// The rows that are live.
    pub fn live_rows(&self) -> Bits {
        let mut live = Bits::full(self.rows);
        for row in self.dead.iter() {
            live.remove(row);
        }
        live
    }
}

impl<T> Head<T> {
    /// How many rows are live.
    pub fn live(&self) -> u64 {
        self.segments.iter().map(|segment| u64::from(segment.live())).sum()
    }
}

/// Stored form of any structure of ours.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    let bytes = postcard::to_extend(value, vec![FORMAT]);
    bytes.map_err(|error| Error::corrupt(format!("a structure does not encode: {error}")))
}

/// The structure that `bytes` hold.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    match bytes.split_first() {
        Some((&FORMAT, body)) => {
            postcard::from_bytes(body).map_err(|error| Error::corrupt(format!("a structure does not decode: {error}")))
        }
        Some((format, _)) => Err(Error::corrupt(format!("format {format}, this version reads {FORMAT}"))),
        None => Err(Error::corrupt("an empty value")),
    }
}
