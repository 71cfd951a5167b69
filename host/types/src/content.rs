//! The name of a content: CIDv1 (raw codec, sha2-256, base32) over canonical JSON.
//!
//! The canonical form is RFC 8785's for text, for integers within ±2⁵³ and for fractions in plain notation. Larger
//! integers keep all their digits, where the RFC would round them: two results that differ never share a name.

use std::{fmt, str::FromStr};

use cid::{Cid, Version};
use multihash::Multihash;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest as _, Sha256};

/// Codec `raw` and hash `sha2-256` of the multicodec table: what Kubo gives to a block of JSON text (`bafkrei…`).
const RAW: u64 = 0x55;
const SHA2_256: u64 = 0x12;

/// The hash of a JSON value, written as a CIDv1 of 59 characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentId([u8; 32]);

/// A text that is no content id of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a content id; write a CIDv1 of codec raw and hash sha2-256 in lower-case base32, as `bafkrei…`")]
pub struct ContentError;

impl ContentId {
    /// The id of a value's canonical JSON.
    #[must_use]
    pub fn of(value: &impl Serialize) -> Self {
        Self::of_bytes(&crate::canonical_json(value))
    }

    /// The id of these bytes.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The sha2-256 digest within the id.
    #[must_use]
    pub fn digest(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hash = Multihash::<64>::wrap(SHA2_256, &self.0).map_err(|_| fmt::Error)?;
        Cid::new_v1(RAW, hash).fmt(f)
    }
}

impl FromStr for ContentId {
    type Err = ContentError;

    fn from_str(text: &str) -> Result<Self, ContentError> {
        let cid = Cid::try_from(text).map_err(|_| ContentError)?;
        let ours = cid.version() == Version::V1 && cid.codec() == RAW && cid.hash().code() == SHA2_256;
        let id = Self(cid.hash().digest().try_into().map_err(|_| ContentError)?);
        // Other bases and cases write the same id: one name has one text.
        if ours && id.to_string() == text { Ok(id) } else { Err(ContentError) }
    }
}

impl Serialize for ContentId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ContentId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_is_what_kubo_gives_to_the_same_bytes() {
        // `printf 'hello world' | ipfs add --cid-version 1 --raw-leaves`
        let known = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";
        assert_eq!(ContentId::of_bytes(b"hello world").to_string(), known);
        assert_eq!(known.parse(), Ok(ContentId::of_bytes(b"hello world")));
        assert_eq!(ContentId::of(&json!({"b": 1, "a": [true]})), ContentId::of_bytes(br#"{"a":[true],"b":1}"#));
    }

    #[test]
    fn integers_that_a_double_would_round_keep_their_own_names() {
        assert_ne!(ContentId::of(&9_007_199_254_740_993_u64), ContentId::of(&9_007_199_254_740_992_u64));
    }

    #[test]
    fn another_form_of_an_id_is_refused() {
        for text in [
            "",
            "bafkrei",
            "BAFKREIFZJUT3TE2NHYEKKLSS27NH3K72YSCO7Y32KOAO5EEI66WOF36N5E",
            // The same hash as dag-pb, and as version 0.
            "bafybeifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e",
            "QmaozNR7DZHQK1ZcU9p7QdrshMvXqWK6gpu5rmrkPdT3L4",
        ] {
            assert_eq!(text.parse::<ContentId>(), Err(ContentError), "{text}");
        }
    }
}
