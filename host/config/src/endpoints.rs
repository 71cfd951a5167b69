//! `[endpoints.NAME]`: a chosen part of the tools, as `/mcp/e/NAME`.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tandem_document::{Check, Findings};
use tandem_types::{ToolName, name_type};

use super::Exposure;

/// Most patterns in one list, pinned tools, and tools that are changed: each is compared with each tool.
const MAX_PATTERNS: usize = 256;
/// Longest description of a tool: models read all of it.
const MAX_DESCRIPTION: usize = 8 << 10;
/// What begins the names of the host's own tools.
const RESERVED: &str = "tools_";

name_type!(
    /// Names of categories, tools or tenants: `*` stands for any characters.
    NamePattern,
    "pattern of names",
    is_name_pattern,
    "^[A-Za-z0-9_.*-]{1,64}$",
    "write a name; `*` stands for any characters of it"
);

fn is_name_pattern(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'*'))
}

/// One tool as an endpoint shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct EndpointToolConfig {
    /// Its name here, by which alone it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<ToolName>,
    /// Its description here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Arguments that every call has. They are no parameters here.
    pub arguments: BTreeMap<String, Value>,
}

/// A chosen part of the tools. It only narrows what a caller has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct EndpointConfig {
    /// The tenants that have it.
    pub tenants: Vec<NamePattern>,
    /// The categories of its tools.
    pub categories: Vec<NamePattern>,
    /// Its tools, of these categories.
    pub include: Vec<NamePattern>,
    /// Those of them that it does not have.
    pub exclude: Vec<NamePattern>,
    /// Whether it has those alone that say of themselves that they only read.
    pub read_only: bool,
    /// What it lists: the meta-tools and the pinned tools, or all of its tools.
    pub exposure: Exposure,
    /// Tools that are listed beside the meta-tools.
    pub pinned: Vec<ToolName>,
    /// Tools that it shows in another form, by their names.
    pub tools: BTreeMap<ToolName, EndpointToolConfig>,
}

impl Default for EndpointConfig {
    fn default() -> Self {
        let all: Vec<NamePattern> = "*".parse().into_iter().collect();
        Self {
            tenants: all.clone(),
            categories: all.clone(),
            include: all,
            exclude: Vec::new(),
            read_only: false,
            exposure: Exposure::default(),
            pinned: Vec::new(),
            tools: BTreeMap::new(),
        }
    }
}

impl Check for EndpointConfig {
    fn check(&self, findings: &mut Findings) {
        for (key, length) in [
            ("tenants", self.tenants.len()),
            ("categories", self.categories.len()),
            ("include", self.include.len()),
            ("exclude", self.exclude.len()),
            ("pinned", self.pinned.len()),
            ("tools", self.tools.len()),
        ] {
            findings.at_most(key, length, MAX_PATTERNS);
        }
        let mut names = BTreeSet::new();
        findings.within("tools", |findings| {
            for (own, tool) in &self.tools {
                findings.within(own.as_str(), |findings| {
                    if let Some(name) = &tool.name {
                        if name.as_str().starts_with(RESERVED) {
                            findings
                                .report("name", format!("`{RESERVED}…` are the host's own tools; take another name"));
                        } else if !names.insert(name) {
                            findings.report("name", format!("two tools are called `{name}` here"));
                        }
                    }
                    let length = tool.description.as_ref().map_or(0, String::len);
                    findings.at_most("description", length, MAX_DESCRIPTION);
                });
            }
        });
    }
}
