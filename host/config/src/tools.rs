//! `[tools]`: which tools are served at all.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::{Check, Findings};

use crate::tenant::{CategoryPattern, MAX_CATEGORIES};

/// Which tools are served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct ToolsConfig {
    /// The categories that are served; `*` is all. Plugins of others stay in the directory and are not loaded.
    pub enabled_categories: Vec<CategoryPattern>,
}

impl Default for ToolsConfig {
    fn default() -> Self {
        Self { enabled_categories: "*".parse().into_iter().collect() }
    }
}

impl Check for ToolsConfig {
    fn check(&self, findings: &mut Findings) {
        findings.at_most("enabled-categories", self.enabled_categories.len(), MAX_CATEGORIES);
    }
}
