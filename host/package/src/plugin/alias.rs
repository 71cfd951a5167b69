//! `[tools.NAME] aliases`: other names of a tool, for callers that know it by an older one.
//!
//! An alias may be called and searched for, and is not listed. Where its parameters had other names, `rename` maps them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::{Check, Findings};
use tandem_types::ToolName;

use crate::{bounds::MAX_LINE, descriptor::ToolDescriptor};

/// Most aliases of one tool. They are names of the whole host, which others cannot have then.
pub(super) const MAX_ALIASES: usize = 16;
/// Most renamed parameters of one alias; few tools have as many parameters.
const MAX_RENAMES: usize = 64;

/// Another name of a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolAlias {
    /// The name.
    pub name: ToolName,
    /// Parameters that have another name under this one: the tool's name of each, by the name here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rename: BTreeMap<String, String>,
}

impl ToolAlias {
    /// Why it is none of this tool, if it is not: a parameter is renamed to one that the tool does not have, or from one that it
    /// has.
    pub(crate) fn misfit(&self, tool: &ToolDescriptor) -> Option<String> {
        if self.name.as_str() == tool.name {
            return Some("it is the tool's own name".to_owned());
        }
        let parameters = tool.input_schema.get("properties");
        let has = |name: &str| parameters.is_some_and(|parameters| parameters.get(name).is_some());
        self.rename.iter().find_map(|(here, there)| {
            if !has(there) {
                return Some(format!("`{here}` is renamed to `{there}`, which is not a parameter of the tool"));
            }
            has(here).then(|| format!("`{here}` is renamed, but is a parameter of the tool itself"))
        })
    }
}

impl Check for ToolAlias {
    fn check(&self, findings: &mut Findings) {
        findings.at_most("rename", self.rename.len(), MAX_RENAMES);
        let mut taken = std::collections::BTreeSet::new();
        for (here, there) in &self.rename {
            findings.line("rename", here, MAX_LINE);
            findings.line("rename", there, MAX_LINE);
            if !taken.insert(there) {
                findings.report("rename", format!("two parameters are renamed to `{there}`"));
            }
        }
    }
}
