//! `[results]`: results of tools that are too large for a message, and how much of them is kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::{Check, Findings};
use tandem_types::{ByteSize, HumanDuration};

/// Results that reach their client as handles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct ResultsConfig {
    /// Bytes of a result that a client of MCP gets in one message; a larger one is kept, and the client gets a handle of it. A
    /// client may name another number in `_meta` (`tandem/inline-limit`).
    pub inline_limit: ByteSize,
    /// Retention of a result.
    pub keep: HumanDuration,
    /// Bytes of the results that are kept of one tenant; above it the oldest go.
    pub bytes_per_tenant: ByteSize,
    /// Results that are kept of one tenant; above it the oldest go.
    pub count_per_tenant: u32,
}

impl Default for ResultsConfig {
    fn default() -> Self {
        Self {
            inline_limit: ByteSize::mib(1),
            keep: HumanDuration::secs(3_600),
            bytes_per_tenant: ByteSize::mib(256),
            count_per_tenant: 1_000,
        }
    }
}

impl Check for ResultsConfig {
    fn check(&self, findings: &mut Findings) {
        let (least, most) = (ByteSize::kib(8), ByteSize::mib(64));
        let why = "a preview has some kilobytes, and no result is larger than 64MiB";
        findings.range("inline-limit", &self.inline_limit, &least, &most, why);
        let (minute, month) = (HumanDuration::secs(60), HumanDuration::secs(30 * 24 * 3_600));
        findings.range("keep", &self.keep, &minute, &month, "a model needs time to read it, and a disk is finite");
        let why = "the largest result must find room";
        findings.range("bytes-per-tenant", &self.bytes_per_tenant, &ByteSize::mib(65), &ByteSize::MAX, why);
        let why = "each is a file, and all are looked at when one is added";
        findings.range("count-per-tenant", &self.count_per_tenant, &1, &10_000, why);
    }
}
