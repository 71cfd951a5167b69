//! `[tenants.NAME]`: who may call what, how much, and with which grants.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::{Check, Findings};
use tandem_package::Grants;
use tandem_types::{ByteSize, HumanDuration, MAX_PRIORITY, Name, name_type};

use super::{key::KeyConfig, tables::check_tables};

/// Most keys of one tenant: two while they are changed, and some for its machines.
const MAX_KEYS: usize = 64;

/// Most categories in a list; `*` is all of them.
pub(crate) const MAX_CATEGORIES: usize = 1_000;

name_type!(
    /// A category's name, or `*` for all.
    CategoryPattern,
    "category",
    is_category_pattern,
    "^(\\*|[A-Za-z0-9_.-]{1,64})$",
    "write a category's name, or `*` for all"
);

impl CategoryPattern {
    /// Whether a category is meant.
    #[must_use]
    pub fn matches(&self, category: &str) -> bool {
        self.as_str() == "*" || self.as_str() == category
    }
}

fn is_category_pattern(text: &str) -> bool {
    text == "*" || tandem_types::is_tool_name(text)
}

/// How many calls a tenant may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Rate {
    /// Sustained calls per second.
    pub per_second: u32,
    /// Burst: calls at once after a pause.
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
    /// Its API keys: the hash alone, or with a name and an expiry.
    pub keys: Vec<KeyConfig>,
    /// The categories that it may use.
    pub categories: Vec<CategoryPattern>,
    /// How many calls it may make.
    pub rate: Rate,
    /// Concurrent calls.
    pub concurrency: u32,
    /// CPU quota: guest execution time in any minute.
    pub cpu_per_minute: HumanDuration,
    /// Memory of its running guests together.
    pub memory: ByteSize,
    /// Log quota: bytes of log lines of its guests in any minute; more are dropped and counted.
    pub log_per_minute: ByteSize,
    /// Egress quota: bytes of outgoing HTTP in any minute, both directions.
    pub egress_per_minute: ByteSize,
    /// Files, directories and connections that are open for its guests at a time. A quarter of what the process may have open
    /// by default.
    pub open_files: Option<u32>,
    /// The highest priority of the tasks that it submits, and of those that peers are given who speak for it: 0 to 10.
    pub max_priority: u8,
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
            memory: ByteSize::mib(2_048),
            log_per_minute: ByteSize::mib(16),
            egress_per_minute: ByteSize::mib(256),
            open_files: None,
            max_priority: MAX_PRIORITY,
            grants: BTreeMap::new(),
        }
    }
}

impl TenantConfig {
    /// Whether the tenant may use a category.
    #[must_use]
    pub fn allows_category(&self, category: &str) -> bool {
        self.categories.iter().any(|pattern| pattern.matches(category))
    }
}

impl Check for TenantConfig {
    fn check(&self, findings: &mut Findings) {
        findings.at_most("keys", self.keys.len(), MAX_KEYS);
        let mut names = BTreeSet::new();
        if let Some(name) = self.keys.iter().filter_map(|key| key.name.as_ref()).find(|name| !names.insert(*name)) {
            findings.report("keys", format!("two keys are called `{name}`; calls are attributed by the key's name"));
        }
        findings.at_most("categories", self.categories.len(), MAX_CATEGORIES);
        findings.within("rate", |findings| {
            findings.range("per-second", &self.rate.per_second, &1, &1_000_000, "0 would shut the tenant out");
            findings.range("burst", &self.rate.burst, &1, &1_000_000, "0 would shut the tenant out");
        });
        findings.range("concurrency", &self.concurrency, &1, &100_000, "0 would shut the tenant out");
        let (min, max) = (HumanDuration::millis(100), HumanDuration::secs(24 * 3_600));
        findings.range("cpu-per-minute", &self.cpu_per_minute, &min, &max, "one core has 60s of it");
        let (least, most) = (ByteSize::mib(1), ByteSize::mib(4 << 20));
        findings.range("memory", &self.memory, &least, &most, "a guest begins with a megabyte");
        findings.range(
            "log-per-minute",
            &self.log_per_minute,
            &least,
            &most,
            "a plugin without a log cannot be mended",
        );
        findings.range("egress-per-minute", &self.egress_per_minute, &least, &most, "grant no `http` to forbid it");
        if let Some(open) = &self.open_files {
            findings.range("open-files", open, &1, &1_000_000, "grant no `fs` and no `http` to forbid them");
        }
        findings.range("max-priority", &self.max_priority, &0, &MAX_PRIORITY, "10 goes first, and 5 is usual");
        check_tables("grants", &self.grants, findings);
    }
}

/// Reports a key that two tenants share: nothing would tell whose call it is.
pub(super) fn check_keys_differ(tenants: &BTreeMap<Name, TenantConfig>, findings: &mut Findings) {
    let mut owners = BTreeMap::new();
    for (name, tenant) in tenants {
        for key in &tenant.keys {
            if let Some(other) = owners.insert(key.hash, name) {
                let message = format!("a key of this tenant is also one of `{other}`; give each tenant its own");
                findings.within("tenants", |findings| {
                    findings.within(name.as_str(), |findings| findings.report("keys", message));
                });
            }
        }
    }
}
