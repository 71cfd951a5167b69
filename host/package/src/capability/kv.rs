//! `kv`: the durable key-value store.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::Findings;
use tandem_types::ByteSize;

use super::port::{InternalCapability, Met, least};
use crate::{bounds::check_reason, grant::Party, plugin::Switch};

/// The store is on the host's disk, once per tenant.
const MAX_BYTES: ByteSize = ByteSize::mib(1024);

/// More keys belong in a database.
const MAX_KEYS: u32 = 1_000_000;

/// The durable key-value store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct KvRequest {
    /// Keys and values together, per tenant.
    pub max_bytes: ByteSize,
    /// Keys, per tenant.
    pub max_keys: u32,
    /// Why it is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Default for KvRequest {
    fn default() -> Self {
        Self { max_bytes: ByteSize::mib(16), max_keys: 10_000, reason: None }
    }
}

/// Bounds of the key-value store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct KvGrant {
    /// Keys and values together, per tenant; none is what the manifest asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<ByteSize>,
    /// Keys, per tenant; none is what the manifest asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_keys: Option<u32>,
}

/// The bounds of a key-value store, per tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KvQuota {
    /// Keys and values together.
    pub max_bytes: ByteSize,
    /// Keys.
    pub max_keys: u32,
}

/// The durable key-value store.
#[derive(Debug)]
pub struct Kv;

impl InternalCapability for Kv {
    const NAME: &'static str = "kv";
    const INTERFACE: &'static str = "tandem:host/kv";
    type Request = KvRequest;
    type Bounds = KvGrant;
    type Grant = Switch<KvGrant>;
    type Granted = KvQuota;

    fn reason(request: &KvRequest) -> Option<&String> {
        request.reason.as_ref()
    }

    fn describe(request: &KvRequest) -> String {
        describe(request.max_bytes, request.max_keys)
    }

    fn check_request(request: &KvRequest, findings: &mut Findings) {
        check_reason(request.reason.as_ref(), findings);
        let bounds = KvGrant { max_bytes: Some(request.max_bytes), max_keys: Some(request.max_keys) };
        Self::check_bounds(bounds, findings);
    }

    fn check_bounds(bounds: KvGrant, findings: &mut Findings) {
        if let Some(bytes) = bounds.max_bytes {
            let why = "the store is on the host's disk, once per tenant";
            findings.range("max-bytes", &bytes, &ByteSize::kib(1), &MAX_BYTES, why);
        }
        if let Some(keys) = bounds.max_keys {
            findings.range("max-keys", &keys, &1, &MAX_KEYS, "more keys belong in a database");
        }
    }

    fn meet(request: &KvRequest, bounds: [Option<KvGrant>; 2]) -> Met<KvQuota> {
        let (max_bytes, by) = least(request.max_bytes, bounds.map(|bounds| bounds?.max_bytes));
        let (max_keys, also_by) = least(request.max_keys, bounds.map(|bounds| bounds?.max_keys));
        Met {
            granted: KvQuota { max_bytes, max_keys },
            text: describe(max_bytes, max_keys),
            narrowed: by.or(also_by).map(Party::narrows),
        }
    }
}

fn describe(bytes: ByteSize, keys: u32) -> String {
    format!("{bytes}, {keys} keys")
}
