//! The authorization server whose tokens are taken.

use std::{collections::BTreeMap, time::Duration};

use tandem_types::Allow;

/// Whose tokens are taken, what for, and how the issuer's keys are kept.
#[derive(Clone, Debug)]
pub struct OAuthConfig {
    /// The authorization server, exactly as it stands in `iss`.
    pub issuer: String,
    /// This host's public MCP URL, exactly as it stands in `aud`.
    pub audience: String,
    /// The claim that names the tenant. Default: `tenant`.
    pub tenant_claim: String,
    /// What other scopes than the built-in ones allow. Default: nothing.
    pub scopes: BTreeMap<String, Vec<Allow>>,
    /// How often the keys are fetched anew. Default: 5 minutes.
    pub refresh: Duration,
    /// The least time between two attempts to fetch them, whatever tokens come. Default: 10 seconds.
    pub min_refetch: Duration,
    /// For how long the last keys count while the issuer does not answer. Default: 24 hours.
    pub max_stale: Duration,
    /// How long one request to the issuer may take. Default: 5 seconds.
    pub timeout: Duration,
}

impl OAuthConfig {
    /// Takes tokens of `issuer` for `audience`.
    #[must_use]
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audience: audience.into(),
            tenant_claim: "tenant".to_owned(),
            scopes: BTreeMap::new(),
            refresh: Duration::from_secs(300),
            min_refetch: Duration::from_secs(10),
            max_stale: Duration::from_secs(24 * 3600),
            timeout: Duration::from_secs(5),
        }
    }
}
