//! What an operator grants to a plugin that is loaded.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tandem_config::PluginOverride;
use tandem_engine::{Capabilities, DeterministicSources, Limits};

/// What an operator grants to a plugin.
pub struct Granted {
    /// Ceilings of a call.
    pub limits: Limits,
    /// The longest deadline that a tool may set for itself.
    pub max_deadline: Duration,
    /// What is put before the names of its tools.
    pub prefix: String,
    /// Other names for single tools, by their own names; they win over the prefix.
    pub aliases: BTreeMap<String, String>,
    /// What the operator decides over the manifest.
    pub overrides: PluginOverride,
    /// Whether tools that leave the lane open run in the reactor lane while it is up.
    pub prefers_reactor: bool,
    /// What each tenant's calls may touch.
    pub capabilities: Arc<dyn Capabilities>,
    /// Time and chance for tests of the plugin; none is the real ones.
    pub deterministic: Option<DeterministicSources>,
}

impl std::fmt::Debug for Granted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Granted").field("limits", &self.limits).finish_non_exhaustive()
    }
}
