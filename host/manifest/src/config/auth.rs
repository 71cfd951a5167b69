//! `[auth]`: the host as an OAuth 2.1 resource server (RFC 9728, RFC 8707).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::HttpUrl;
use crate::document::{Check, Findings};

/// Whose tokens are taken, and for what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AuthConfig {
    /// The authorization server.
    pub issuer: HttpUrl,
    /// What tokens must be meant for: this host's public MCP URL.
    pub audience: HttpUrl,
}

impl Check for AuthConfig {
    fn check(&self, findings: &mut Findings) {
        if !self.issuer.is_confidential() {
            findings
                .report("issuer", "keys that come over plain http can be anyone's; use https, or loopback in tests");
        }
    }
}
