//! `[tenants.NAME]`: who may call what, how much, and with which grants.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::check_tables;
use crate::{
    Sha256Digest,
    document::{Check, Findings},
    grant::Grants,
    names::{Name, name_type},
    secret::{reference_only, reference_schema},
    text::REDACTED,
    units::HumanDuration,
};

/// Most keys of one tenant: two while they are changed, and some for its machines.
const MAX_KEYS: usize = 64;

/// Most categories in a list; `*` is all of them.
const MAX_CATEGORIES: usize = 1_000;

/// The SHA-256 of an API key, as 64 hexadecimal digits: the host never holds the key itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// The hash, for comparing with that of a presented key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The hash of a key.
    #[must_use]
    pub fn of(key: &str) -> Self {
        Self(*Sha256Digest::of(key.as_bytes()).as_bytes())
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl Serialize for KeyHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}

impl<'de> Deserialize<'de> for KeyHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = reference_only(deserializer)?;
        let mut hash = [0; 32];
        let message = "no hash of a key; store the sha-256 of the api key as 64 hexadecimal digits";
        hex::decode_to_slice(text.trim(), &mut hash).map_err(|_| de::Error::custom(message))?;
        Ok(Self(hash))
    }
}

impl JsonSchema for KeyHash {
    fn schema_name() -> Cow<'static, str> {
        "KeyHash".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        reference_schema("The SHA-256 of an API key, as `${env:NAME}` or `${file:/path}`.")
    }
}

name_type!(
    /// A category's name, or `*` for all.
    CategoryPattern,
    "category",
    is_category_pattern,
    "^(\\*|[A-Za-z0-9_.-]{1,64})$",
    "write a category's name, or `*` for all"
);

fn is_category_pattern(text: &str) -> bool {
    text == "*" || crate::names::is_tool_name(text)
}

/// How many calls a tenant may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Rate {
    /// Calls a second, in the long run.
    pub per_second: u32,
    /// Calls at once after a pause.
    pub burst: u32,
}

impl Default for Rate {
    fn default() -> Self {
        Self { per_second: 50, burst: 100 }
    }
}

/// One tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct TenantConfig {
    /// The hashes of its API keys.
    pub keys: Vec<KeyHash>,
    /// The categories that it may use.
    pub categories: Vec<CategoryPattern>,
    /// How many calls it may make.
    pub rate: Rate,
    /// Calls at a time.
    pub concurrency: u32,
    /// Guest execution time in any minute.
    pub cpu_per_minute: HumanDuration,
    /// What its grants leave of the operator's, by plugin.
    pub grants: BTreeMap<Name, Grants>,
}

impl Default for TenantConfig {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            categories: "*".parse().into_iter().collect(),
            rate: Rate::default(),
            concurrency: 32,
            cpu_per_minute: HumanDuration::secs(60),
            grants: BTreeMap::new(),
        }
    }
}

impl TenantConfig {
    /// Whether the tenant may use a category.
    #[must_use]
    pub fn allows_category(&self, category: &str) -> bool {
        self.categories.iter().any(|pattern| matches!(pattern.as_str(), "*") || pattern.as_str() == category)
    }
}

impl Check for TenantConfig {
    fn check(&self, findings: &mut Findings) {
        findings.at_most("keys", self.keys.len(), MAX_KEYS);
        findings.at_most("categories", self.categories.len(), MAX_CATEGORIES);
        findings.within("rate", |findings| {
            findings.range("per-second", &self.rate.per_second, &1, &1_000_000, "0 would shut the tenant out");
            findings.range("burst", &self.rate.burst, &1, &1_000_000, "0 would shut the tenant out");
        });
        findings.range("concurrency", &self.concurrency, &1, &100_000, "0 would shut the tenant out");
        let (min, max) = (HumanDuration::millis(100), HumanDuration::secs(24 * 3_600));
        findings.range("cpu-per-minute", &self.cpu_per_minute, &min, &max, "one core has 60s of it");
        check_tables("grants", &self.grants, findings);
    }
}

/// Reports a key that two tenants share: nothing would tell whose call it is.
pub(super) fn check_keys_differ(tenants: &BTreeMap<Name, TenantConfig>, findings: &mut Findings) {
    let mut owners = BTreeMap::new();
    for (name, tenant) in tenants {
        for key in &tenant.keys {
            if let Some(other) = owners.insert(*key, name) {
                let message = format!("a key of this tenant is also one of `{other}`; give each tenant its own");
                findings.within("tenants", |findings| {
                    findings.within(name.as_str(), |findings| findings.report("keys", message));
                });
            }
        }
    }
}
