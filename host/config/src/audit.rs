//! `[audit]`: what is recorded of calls, and how long records are kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::{Check, Findings};
use tandem_types::{ByteSize, HumanDuration};

/// Which calls are recorded. Events of the host always are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AuditCalls {
    /// All where there are tenants or authentication, else those that failed.
    #[default]
    Auto,
    /// All.
    All,
    /// Those that failed, hit a limit or were denied something.
    Failures,
    /// None.
    None,
}

/// The audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct AuditConfig {
    /// Which calls are recorded.
    pub calls: AuditCalls,
    /// Whether a call is refused while its record could not be written, and answered only once its record is on disk. Default:
    /// `true` where there are tenants or authentication.
    pub required: Option<bool>,
    /// How long records are kept. A time in which nothing was recorded counts as a day at most, so that a wrong clock drops nothing.
    pub keep: HumanDuration,
    /// How much is kept; beyond it the oldest records are dropped, however young.
    pub max_bytes: ByteSize,
}

impl Default for AuditConfig {
    fn default() -> Self {
        Self {
            calls: AuditCalls::default(),
            required: None,
            keep: HumanDuration::secs(90 * 24 * 3_600),
            max_bytes: ByteSize::mib(1_024),
        }
    }
}

impl Check for AuditConfig {
    fn check(&self, findings: &mut Findings) {
        let why = "a log that is dropped at once proves nothing";
        findings.range("keep", &self.keep, &HumanDuration::secs(3_600), &HumanDuration::MAX, why);
        findings.range("max-bytes", &self.max_bytes, &ByteSize::mib(1), &ByteSize::MAX, why);
    }
}
