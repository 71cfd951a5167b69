//! What an operator shows to see figures of all tenants.

use std::fmt;

use http::HeaderMap;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::gate::{Presented, presented};

/// The operator's token, kept as its hash.
#[derive(Clone)]
pub struct OperatorToken([u8; 32]);

impl OperatorToken {
    /// Takes a token.
    #[must_use]
    pub fn new(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// Whether the headers show it, as `Authorization: Bearer …`.
    pub(crate) fn is_shown(&self, headers: &HeaderMap) -> bool {
        let shown: [u8; 32] = match presented(headers) {
            Ok(Some(Presented { text, bearer: true })) => Sha256::digest(text).into(),
            _ => return false,
        };
        shown.ct_eq(&self.0).into()
    }
}

impl fmt::Debug for OperatorToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OperatorToken(..)")
    }
}
