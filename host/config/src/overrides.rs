//! `[plugins.overrides.NAME]`: what an operator decides over a plugin's manifest.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::{Check, Findings};
use tandem_package::Affinity;
use tandem_types::{HumanDuration, MAX_PRIORITY, ToolName};

/// Most tools of one plugin with settings: as many as it may have tools.
const MAX_TOOLS: usize = 1_024;

/// What the operator decides over a plugin's manifest. What is not given is the manifest's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct PluginOverride {
    /// The lane of its tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affinity: Option<Affinity>,
    /// Who goes first when calls wait: 0 to 10, 10 first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<u8>,
    /// The deadline of its calls, longer or shorter than the manifest's; `limits.deadline` stays the ceiling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<HumanDuration>,
    /// The same for single tools, by the tool's own name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tools: BTreeMap<ToolName, ToolOverride>,
}

/// What the operator decides over the manifest for one tool. What is not given is the plugin's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct ToolOverride {
    /// Its lane.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affinity: Option<Affinity>,
    /// Who goes first when calls wait: 0 to 10, 10 first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<u8>,
    /// The deadline of its calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<HumanDuration>,
}

fn check(priority: Option<u8>, deadline: Option<HumanDuration>, findings: &mut Findings) {
    if let Some(priority) = &priority {
        findings.range("priority", priority, &0, &MAX_PRIORITY, "10 goes first");
    }
    if let Some(deadline) = &deadline {
        let why = "the clock ticks in milliseconds, and what takes over an hour belongs in the task queue";
        findings.range("deadline", deadline, &HumanDuration::millis(10), &HumanDuration::secs(3_600), why);
    }
}

impl Check for PluginOverride {
    fn check(&self, findings: &mut Findings) {
        check(self.priority, self.deadline, findings);
        findings.at_most("tools", self.tools.len(), MAX_TOOLS);
        findings.within("tools", |findings| {
            for (name, tool) in &self.tools {
                findings.within(name.as_str(), |findings| check(tool.priority, tool.deadline, findings));
            }
        });
    }
}
