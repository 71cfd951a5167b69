//! API keys.

use std::time::Duration;

use serde_json::{Value, json};
use tandem_package::Sha256Digest;
use tandem_store::StoredKey;

use crate::config::millis;

/// Longest name of a key, in bytes: it stands in records and logs.
pub(super) const MAX_KEY_NAME: usize = 64;
/// What API keys begin with, so that scanners for leaked keys know them.
const KEY_PREFIX: &str = "tdm_";
/// Characters of a key, after the prefix, that are kept to know it again: 48 of its 256 bits.
const KEY_START: usize = 8;

/// A key of 256 random bits, and what is kept of it.
pub(super) fn new_key(tenant: String, name: String, expires_ms: Option<u64>) -> anyhow::Result<(String, StoredKey)> {
    use base64::Engine as _;
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("the system gave no random bytes: {error}"))?;
    let key = format!("{KEY_PREFIX}{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes));
    let created = std::time::SystemTime::now();
    let stored = StoredKey {
        tenant,
        name,
        start: key.chars().take(KEY_PREFIX.len() + KEY_START).collect(),
        hash: *Sha256Digest::of(key.as_bytes()).as_bytes(),
        created,
        expires: expires_ms.and_then(|ms| created.checked_add(Duration::from_millis(ms))),
    };
    Ok((key, stored))
}

pub(super) fn shown_key(key: &StoredKey) -> Value {
    json!({
        "tenant": key.tenant, "name": key.name, "start": key.start, "created_ms": millis(key.created),
        "expires_ms": key.expires.map(millis),
        "expired": key.expires.is_some_and(|expires| expires <= std::time::SystemTime::now()),
    })
}
