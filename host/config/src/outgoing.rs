//! `[http]`: outgoing HTTP of all plugins.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::{Check, Findings};

/// Most files of certificates: an organisation has a handful of authorities.
const MAX_FILES: usize = 64;

/// Outgoing HTTP of all plugins. What each may reach is in its grants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct OutgoingConfig {
    /// PEM files of certificate authorities that are trusted beside the public ones (Mozilla's list).
    pub authorities: Vec<String>,
}

impl Check for OutgoingConfig {
    fn check(&self, findings: &mut Findings) {
        findings.at_most("authorities", self.authorities.len(), MAX_FILES);
    }
}
