//! `[auth]`: the host as an OAuth 2.1 resource server (RFC 9728, RFC 8707).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::{Check, Findings};
use tandem_types::{ToolName, name_type};

use super::{CategoryPattern, HttpUrl};

/// Most scopes that a configuration gives a meaning, and most entries of each list: the metadata names all scopes.
const MAX_SCOPES: usize = 256;

name_type!(
    /// An OAuth scope.
    ScopeName,
    "scope",
    is_scope,
    "^[!#-\\[\\]-~]{1,128}$",
    "write 1 to 128 printable characters without spaces, `\"` and `\\`"
);

/// RFC 6749 section 3.3, with a bound.
fn is_scope(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

name_type!(
    /// The name of a claim in a token.
    ClaimName,
    "claim",
    is_claim,
    "^[!-~]{1,128}$",
    "write 1 to 128 printable characters without spaces, as `tenant` or `https://example.com/tenant`"
);

fn is_claim(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl Default for ClaimName {
    fn default() -> Self {
        Self("tenant".to_owned())
    }
}

/// Whose tokens are taken, and for what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AuthConfig {
    /// The authorization server.
    pub issuer: HttpUrl,
    /// The audience that tokens must have: this host's public MCP URL.
    pub audience: HttpUrl,
    /// The claim that names the tenant.
    #[serde(default)]
    pub tenant_claim: ClaimName,
    /// What the authorization server's own scopes allow. `tandem`, `tandem:category:NAME` and `tandem:tool:NAME` have
    /// their meaning without being listed.
    #[serde(default)]
    pub scopes: BTreeMap<ScopeName, ScopeConfig>,
}

/// What a scope allows, within what its tenant has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct ScopeConfig {
    /// Whole categories, `*` for all.
    pub categories: Vec<CategoryPattern>,
    /// Single tools.
    pub tools: Vec<ToolName>,
}

impl Check for AuthConfig {
    fn check(&self, findings: &mut Findings) {
        if !self.issuer.is_confidential() {
            findings
                .report("issuer", "keys that come over plain http can be anyone's; use https, or loopback in tests");
        }
        findings.at_most("scopes", self.scopes.len(), MAX_SCOPES);
        findings.within("scopes", |findings| {
            for (name, scope) in &self.scopes {
                findings.within(name.as_str(), |findings| scope.check_as(name, findings));
            }
        });
    }
}

impl ScopeConfig {
    fn check_as(&self, name: &ScopeName, findings: &mut Findings) {
        if name.as_str() == "tandem" || name.as_str().starts_with("tandem:") {
            findings.report("", "scopes that start with `tandem` have their meaning already; choose another name");
        } else if self.categories.is_empty() && self.tools.is_empty() {
            findings.report("", "it allows nothing; list `categories`, `tools` or both, or leave it out");
        }
        findings.at_most("categories", self.categories.len(), MAX_SCOPES);
        findings.at_most("tools", self.tools.len(), MAX_SCOPES);
    }
}
