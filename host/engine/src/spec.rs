//! What the engine is told about a plugin: its ceilings, how long its instances live, and who decides what it may touch.

use std::{sync::Arc, time::Duration};

use crate::{
    capability::{Capability, Limits},
    ports::Capabilities,
    wasi::DeterministicSources,
};

/// How long an instance lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstancePolicy {
    /// A fresh one for each call.
    PerCall,
    /// Reused by calls of one tenant, at most this often.
    Pooled {
        /// Calls that one instance serves.
        max_invocations: u32,
    },
}

/// What the engine needs to know about a plugin.
pub struct PluginSpec {
    /// The plugin's name: the namespace of its keys, and a label in logs and metrics.
    pub name: String,
    /// Ceilings of a call.
    pub limits: Limits,
    /// How long an instance lives.
    pub policy: InstancePolicy,
    /// What each tenant may touch.
    pub capabilities: Arc<dyn Capabilities>,
    /// Time and chance for tests of the plugin; none is the real ones.
    pub deterministic: Option<DeterministicSources>,
}

impl std::fmt::Debug for PluginSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PluginSpec").field("name", &self.name).field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl PluginSpec {
    /// For asking a component what it offers: small limits, and the given capability.
    pub(crate) fn ungranted(capability: Arc<Capability>) -> Self {
        Self {
            name: "describe".to_owned(),
            limits: Limits {
                memory: 256 << 20,
                deadline: Duration::from_secs(30),
                cpu: Duration::from_secs(10),
                output: 8 << 20,
                log: 16 << 10,
                concurrency: 1,
            },
            policy: InstancePolicy::PerCall,
            capabilities: Arc::new(capability),
            deterministic: None,
        }
    }
}
