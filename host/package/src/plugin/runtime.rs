//! `[runtime]`: which lane a plugin runs in, and how long an instance lives.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::{Check, Findings, Step, Tree, Value};

/// Calls of a pooled instance before it is replaced, where the manifest does not say: a leak stays small and
/// the start is paid rarely.
const DEFAULT_INVOCATIONS: u32 = 1_000;

/// More calls than any leaking guest survives.
const MAX_INVOCATIONS: u32 = 1_000_000;

/// The highest priority.
const MAX_PRIORITY: u8 = 10;

/// The lane that a plugin asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Affinity {
    /// The general lane.
    General,
    /// The reactor's thread, next to the network.
    Reactor,
    /// The reactor where P2P is required or the tools' names say so, else the general lane.
    #[default]
    Auto,
}

/// How long an instance lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Instance {
    /// One call: nothing is left for the next one.
    #[default]
    PerCall,
    /// Many calls of one tenant, up to `max-invocations`.
    Pooled,
}

/// Says of an instance per client session, of which there is none, that it is not offered.
pub(super) fn refuse_sessions(tree: &mut Tree) {
    let way = ["runtime", "instance"].map(|step| Step::Key(step.to_owned()));
    if tree.root.get(&way).is_some_and(|node| node.value == Value::Text("per-session".to_owned())) {
        let message = "`per-session` is not offered by this host".to_owned();
        tree.refuse(
            &way,
            message,
            "write `per-call` or `pooled`, and keep what a session needs in the key-value store".to_owned(),
        );
    }
}

/// Where and how a plugin runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Runtime {
    /// The lane.
    pub affinity: Affinity,
    /// The plugin is of no use without the P2P network.
    pub requires_p2p: bool,
    /// How long an instance lives.
    pub instance: Instance,
    /// Calls of a pooled instance before it is replaced (1 to 1000000; 1000 where it is not given).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_invocations: Option<u32>,
    /// Who goes first when calls wait: 0 to 10, 10 first.
    #[schemars(range(max = 10))]
    pub priority: u8,
}

impl Default for Runtime {
    fn default() -> Self {
        Self {
            affinity: Affinity::default(),
            requires_p2p: false,
            instance: Instance::default(),
            max_invocations: None,
            priority: 5,
        }
    }
}

impl Runtime {
    /// Calls that one instance serves.
    #[must_use]
    pub fn invocations(&self) -> u32 {
        match self.instance {
            Instance::PerCall => 1,
            Instance::Pooled => self.max_invocations.unwrap_or(DEFAULT_INVOCATIONS),
        }
    }
}

impl Check for Runtime {
    fn check(&self, findings: &mut Findings) {
        if self.requires_p2p && self.affinity == Affinity::General {
            findings.report("affinity", "the general lane has no p2p; use `reactor` or `auto`, or drop requires-p2p");
        }
        findings.range("priority", &self.priority, &0, &MAX_PRIORITY, "10 goes first");
        if let Some(calls) = self.max_invocations {
            findings.range(
                "max-invocations",
                &calls,
                &1,
                &MAX_INVOCATIONS,
                "a pooled instance must be replaced some time",
            );
            if self.instance != Instance::Pooled {
                findings.report(
                    "max-invocations",
                    "only a pooled instance counts its calls; set instance = \"pooled\" or drop the key",
                );
            }
        }
    }
}
