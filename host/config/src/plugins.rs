//! `[plugins]`: where plugins come from, whom they must be signed by, and how name collisions are resolved.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::{Check, Findings};
use tandem_package::Sha256Digest;
use tandem_types::{ByteSize, HumanDuration, Name, ToolName, is_kebab_case, name_type};

use super::{PluginOverride, ToolPrefix, tables::check_tables, values::check_path};

/// Most patterns of trust roots.
const MAX_PATTERNS: usize = 64;

/// Most aliases of one plugin: as many as it may have tools.
const MAX_ALIASES: usize = 1_000;

name_type!(
    /// A plugin's name, or `*` for all.
    PluginPattern,
    "plugin",
    is_plugin_pattern,
    "^(\\*|[a-z][a-z0-9]*(-[a-z0-9]+)*)$",
    "write a plugin's name, or `*` for all"
);

fn is_plugin_pattern(text: &str) -> bool {
    text == "*" || is_kebab_case(text)
}

impl PluginPattern {
    /// Whether it means this plugin.
    #[must_use]
    pub fn fits(&self, plugin: &str) -> bool {
        self.as_str() == "*" || self.as_str() == plugin
    }
}

/// Where plugins come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct PluginsConfig {
    /// The directory that plugins are loaded from.
    pub directory: String,
    /// The directory of everything that must survive a restart: the store, compiled plugins, the host's own keys. The path of
    /// the store is below it.
    pub data_directory: String,
    /// Where compiled code is kept; `compiled` below the data directory unless given. Hosts of one user may
    /// share it: what is in it is authenticated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compiled_directory: Option<String>,
    /// Whether changes in the directory are loaded at once (hot reload).
    pub watch: bool,
    /// Files of trusted public keys; `*` stands for any part of a file's name.
    pub trust_roots: Vec<String>,
    /// Files that list revoked keys and plugin files, each with the reason; `*` as for the trust roots. They are
    /// read anew whenever plugins are loaded, and one that cannot be read stops the loading.
    pub revoked: Vec<String>,
    /// The only files that these plugins may be, by their digests.
    pub pins: BTreeMap<Name, Sha256Digest>,
    /// Plugins whose version may go back; `*` is all.
    pub allow_downgrade: Vec<PluginPattern>,
    /// Plugins that another trusted key than before may have signed; `*` is all.
    pub allow_new_signer: Vec<PluginPattern>,
    /// Whether plugins without a signature are loaded. A signature that is there must be valid all the same.
    pub allow_unsigned: bool,
    /// What is put before the names of a plugin's tools, by plugin.
    pub prefixes: BTreeMap<Name, ToolPrefix>,
    /// Other names for single tools, by plugin and the tool's own name.
    pub aliases: BTreeMap<Name, BTreeMap<ToolName, ToolName>>,
    /// What the operator decides over a plugin's manifest, by plugin.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub overrides: BTreeMap<Name, PluginOverride>,
    /// CPU time that compiling a plugin may take. One that takes more is left out.
    pub compile_cpu: HumanDuration,
    /// Memory that compiling a plugin may take. One that takes more is left out.
    pub compile_memory: ByteSize,
    /// How long a change of the plugin directory waits for one of its plugins that is compiled, before it goes on in the background.
    /// The start waits for none.
    pub compile_patience: HumanDuration,
    /// How long calls of a version that was replaced may go on before they are ended.
    pub drain: HumanDuration,
    /// How new versions are tried on a share of the calls.
    pub canary: CanaryConfig,
}

/// A new version gets a share of the calls first, and all of them when it has proved itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct CanaryConfig {
    /// Percent of the calls that a new version gets, 0 to 50; 0 disables canaries: a new version serves at once.
    pub share: u8,
    /// How long a canary runs at least.
    pub duration: HumanDuration,
    /// Calls that a canary must have had before it is promoted.
    pub min_calls: u32,
    /// Percent of its calls that may fail; it is rolled back as soon as more do.
    pub max_errors: f64,
}

impl Default for CanaryConfig {
    fn default() -> Self {
        Self { share: 0, duration: HumanDuration::secs(600), min_calls: 100, max_errors: 1.0 }
    }
}

impl Check for CanaryConfig {
    fn check(&self, findings: &mut Findings) {
        findings.range("share", &self.share, &0, &50, "most calls stay with what is known to work");
        let (second, week) = (HumanDuration::secs(1), HumanDuration::secs(7 * 24 * 3_600));
        findings.range("duration", &self.duration, &second, &week, "both versions hold memory for so long");
        if !(0.0..=100.0).contains(&self.max_errors) {
            findings.report("max-errors", "write percent, 0 to 100");
        }
    }
}

impl Default for PluginsConfig {
    fn default() -> Self {
        Self {
            directory: "plugins".to_owned(),
            data_directory: "data".to_owned(),
            compiled_directory: None,
            watch: true,
            trust_roots: vec!["keys/*.pub".to_owned()],
            revoked: Vec::new(),
            pins: BTreeMap::new(),
            allow_downgrade: Vec::new(),
            allow_new_signer: Vec::new(),
            allow_unsigned: false,
            prefixes: BTreeMap::new(),
            aliases: BTreeMap::new(),
            overrides: BTreeMap::new(),
            compile_cpu: HumanDuration::secs(300),
            compile_memory: ByteSize::mib(4_096),
            compile_patience: HumanDuration::secs(10),
            drain: HumanDuration::secs(30),
            canary: CanaryConfig::default(),
        }
    }
}

impl Check for PluginsConfig {
    fn check(&self, findings: &mut Findings) {
        check_path("directory", &self.directory, findings);
        check_path("data-directory", &self.data_directory, findings);
        if let Some(directory) = &self.compiled_directory {
            check_path("compiled-directory", directory, findings);
        }
        check_patterns("trust-roots", &self.trust_roots, findings);
        check_patterns("revoked", &self.revoked, findings);
        let (none, hour) = (HumanDuration::millis(0), HumanDuration::secs(3_600));
        let (second, ten_minutes) = (HumanDuration::secs(1), HumanDuration::secs(600));
        findings.range("compile-cpu", &self.compile_cpu, &second, &hour, "an interpreter takes a minute");
        let (least, most) = (ByteSize::mib(64), ByteSize::mib(64 << 10));
        findings.range("compile-memory", &self.compile_memory, &least, &most, "an interpreter takes a gigabyte");
        let why = "a plugin is not served meanwhile, and neither are those behind it";
        findings.range("compile-patience", &self.compile_patience, &HumanDuration::millis(100), &ten_minutes, why);
        findings.range("drain", &self.drain, &none, &hour, "the old version holds its memory for so long");
        findings.within("canary", |findings| self.canary.check(findings));
        check_tables("overrides", &self.overrides, findings);
        findings.within("aliases", |findings| {
            for (plugin, aliases) in &self.aliases {
                findings.at_most(plugin.as_str(), aliases.len(), MAX_ALIASES);
            }
        });
    }
}

fn check_patterns(key: &str, patterns: &[String], findings: &mut Findings) {
    findings.at_most(key, patterns.len(), MAX_PATTERNS);
    findings.each(key, patterns, |findings, pattern| {
        check_path("", pattern, findings);
        if pattern.rsplit_once('/').is_some_and(|(directory, _)| directory.contains('*')) {
            findings.report("", "`*` stands for a part of a file's name only, not of a directory's");
        }
    });
}
