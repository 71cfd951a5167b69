//! `[telemetry]`: logs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::{Check, Findings};

/// Longest log filter, in bytes.
const MAX_FILTER: usize = 1_024;

/// The form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// `pretty` on a terminal, `json` elsewhere.
    #[default]
    Auto,
    /// For people.
    Pretty,
    /// For machines.
    Json,
}

/// Logging.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// What is logged: a level, or directives as `info,tandem_engine=debug`.
    pub log: String,
    /// The form of log lines.
    pub log_format: LogFormat,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self { log: "info".to_owned(), log_format: LogFormat::default() }
    }
}

impl Check for TelemetryConfig {
    fn check(&self, findings: &mut Findings) {
        findings.line("log", &self.log, MAX_FILTER);
        if self.log.trim().is_empty() {
            findings.report("log", "empty; write `off` to log nothing");
        }
    }
}
