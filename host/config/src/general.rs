//! `[general]`: the general lane's threads.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::{Check, Findings};

/// The general lane's threads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct GeneralConfig {
    /// Threads that run calls; 0 is one per core.
    pub workers: u16,
    /// Plugins that are compiled at a time. Compiling takes whole cores from the calls.
    pub compile_workers: u16,
}

impl Default for GeneralConfig {
    fn default() -> Self {
        Self { workers: 0, compile_workers: 1 }
    }
}

impl Check for GeneralConfig {
    fn check(&self, findings: &mut Findings) {
        findings.range("workers", &self.workers, &0, &1_024, "more threads than cores only take turns");
        findings.range(
            "compile-workers",
            &self.compile_workers,
            &1,
            &64,
            "every compilation takes hundreds of megabytes",
        );
    }
}
