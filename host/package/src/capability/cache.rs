//! `cache`: a bounded cache in memory.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::Findings;
use tandem_types::ByteSize;

use super::port::{InternalCapability, Met, least};
use crate::{bounds::check_reason, grant::Party, plugin::Switch};

/// The cache lives in the host's memory, once per tenant.
const MAX_BYTES: ByteSize = ByteSize::mib(64);

/// The in-memory cache.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct CacheRequest {
    /// Its size, per tenant.
    pub max_bytes: ByteSize,
    /// Why it is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Default for CacheRequest {
    fn default() -> Self {
        Self { max_bytes: ByteSize::mib(16), reason: None }
    }
}

/// Bounds of the cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct CacheGrant {
    /// Its size, per tenant; none is what the manifest asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<ByteSize>,
}

/// The in-memory cache.
#[derive(Debug)]
pub struct Cache;

impl InternalCapability for Cache {
    const NAME: &'static str = "cache";
    const INTERFACE: &'static str = "tandem:host/cache";
    type Request = CacheRequest;
    type Bounds = CacheGrant;
    type Grant = Switch<CacheGrant>;
    type Granted = ByteSize;

    fn reason(request: &CacheRequest) -> Option<&String> {
        request.reason.as_ref()
    }

    fn describe(request: &CacheRequest) -> String {
        request.max_bytes.to_string()
    }

    fn check_request(request: &CacheRequest, findings: &mut Findings) {
        check_reason(request.reason.as_ref(), findings);
        Self::check_bounds(CacheGrant { max_bytes: Some(request.max_bytes) }, findings);
    }

    fn check_bounds(bounds: CacheGrant, findings: &mut Findings) {
        if let Some(bytes) = bounds.max_bytes {
            let why = "the cache is in the host's memory, once per tenant";
            findings.range("max-bytes", &bytes, &ByteSize::kib(1), &MAX_BYTES, why);
        }
    }

    fn meet(request: &CacheRequest, bounds: [Option<CacheGrant>; 2]) -> Met<ByteSize> {
        let (size, by) = least(request.max_bytes, bounds.map(|bounds| bounds?.max_bytes));
        Met { granted: size, text: size.to_string(), narrowed: by.map(Party::narrows) }
    }
}
