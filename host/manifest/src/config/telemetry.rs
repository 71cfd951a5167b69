//! `[telemetry]`: logs, traces, metrics.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::HttpUrl;
use crate::document::{Check, Findings};

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

/// Logs, traces, metrics.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// What is logged: a level, or directives as `info,tandem_engine=debug`.
    pub log: String,
    /// The form of log lines.
    pub log_format: LogFormat,
    /// Where traces are sent, as `http://localhost:4318`; empty is nowhere.
    #[serde(deserialize_with = "endpoint", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub otlp_endpoint: Option<HttpUrl>,
    /// Whether `/metrics` is served.
    pub metrics: bool,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self { log: "info".to_owned(), log_format: LogFormat::default(), otlp_endpoint: None, metrics: true }
    }
}

fn endpoint<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<HttpUrl>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(serde::de::Error::custom) }
}

impl Check for TelemetryConfig {
    fn check(&self, findings: &mut Findings) {
        findings.line("log", &self.log, MAX_FILTER);
        if self.log.trim().is_empty() {
            findings.report("log", "empty; write `off` to log nothing");
        }
    }
}
