//! `[plugins]`: where plugins come from, whom they must be signed by, and how name collisions are resolved.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ToolPrefix, values::check_path};
use crate::{
    document::{Check, Findings},
    names::{Name, ToolName},
};

/// Most patterns of trust roots.
const MAX_PATTERNS: usize = 64;

/// Most aliases of one plugin: as many as it may have tools.
const MAX_ALIASES: usize = 1_000;

/// Where plugins come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct PluginsConfig {
    /// The directory that plugins are loaded from.
    pub directory: String,
    /// The directory of everything that must survive a restart: the store, compiled plugins, tenants' files,
    /// the host's own keys. Relative paths of grants and of the store are below it.
    pub data_directory: String,
    /// Where compiled code is kept; `compiled` below the data directory unless given. Hosts of one user may
    /// share it: what is in it is authenticated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compiled_directory: Option<String>,
    /// Whether changes in the directory are taken over at once.
    pub watch: bool,
    /// Files of trusted public keys; `*` stands for any part of a file's name.
    pub trust_roots: Vec<String>,
    /// Whether plugins without a signature are loaded. A signature that is there must be valid all the same.
    pub allow_unsigned: bool,
    /// What is put before the names of a plugin's tools, by plugin.
    pub prefixes: BTreeMap<Name, ToolPrefix>,
    /// Other names for single tools, by plugin and the tool's own name.
    pub aliases: BTreeMap<Name, BTreeMap<ToolName, ToolName>>,
}

impl Default for PluginsConfig {
    fn default() -> Self {
        Self {
            directory: "plugins".to_owned(),
            data_directory: "data".to_owned(),
            compiled_directory: None,
            watch: true,
            trust_roots: vec!["keys/*.pub".to_owned()],
            allow_unsigned: false,
            prefixes: BTreeMap::new(),
            aliases: BTreeMap::new(),
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
        findings.at_most("trust-roots", self.trust_roots.len(), MAX_PATTERNS);
        findings.each("trust-roots", &self.trust_roots, |findings, pattern| {
            check_path("", pattern, findings);
            if pattern.rsplit_once('/').is_some_and(|(directory, _)| directory.contains('*')) {
                findings.report("", "`*` stands for a part of a file's name only, not of a directory's");
            }
        });
        findings.within("aliases", |findings| {
            for (plugin, aliases) in &self.aliases {
                findings.at_most(plugin.as_str(), aliases.len(), MAX_ALIASES);
            }
        });
    }
}
