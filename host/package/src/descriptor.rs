//! What a plugin says that it offers: the content of the `tandem:descriptors` section.
//!
//! Descriptors are made once, when a plugin is packed, from the answers of its `describe` functions; the
//! host lists tools from them without running the plugin.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tandem_types::{ContentId, canonical_json};

/// Everything that one plugin offers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Descriptors {
    /// The tools, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<ToolDescriptor>,
    /// The listed resources, sorted by URI.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<ResourceDescriptor>,
    /// The resource templates, sorted by URI template.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_templates: Vec<ResourceTemplate>,
    /// The prompts, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prompts: Vec<PromptDescriptor>,
}

impl Descriptors {
    /// Puts everything in the order that a package has it in.
    pub fn sort(&mut self) {
        self.tools.sort_by(|a, b| a.name.cmp(&b.name));
        self.resources.sort_by(|a, b| a.uri.cmp(&b.uri));
        self.resource_templates.sort_by(|a, b| a.uri_template.cmp(&b.uri_template));
        self.prompts.sort_by(|a, b| a.name.cmp(&b.name));
    }

    /// What a caller of the tool depends on, as one name: the [`tandem_types::ContentId`] (a CIDv1) of the canonical JSON of the tool's
    /// name, schemas and annotations. Descriptions may change without changing it.
    #[must_use]
    pub fn tool_digest(&self, name: &str) -> Option<String> {
        self.tools.iter().find(|tool| tool.name == name).map(ToolDescriptor::digest)
    }
}

/// One tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolDescriptor {
    /// `[A-Za-z0-9_.-]{1,64}`, unique in the host.
    pub name: String,
    /// A short name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it does and when to use it.
    pub description: String,
    /// JSON Schema 2020-12 of the arguments.
    pub input_schema: Value,
    /// JSON Schema 2020-12 of the structured result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Value>,
    /// What the tool does to the world.
    pub annotations: Annotations,
    /// Further `_meta` for clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Value>,
}

/// Whether a call of a tool that takes long may go on as a task (MCP's tasks extension, SEP-2663), which the client asks
/// for its result later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TaskSupport {
    /// Each call is answered with its result.
    #[default]
    Forbidden,
    /// A call becomes one where the client knows tasks.
    Optional,
    /// As `optional`; a client that does not know tasks is refused.
    Required,
}

impl TaskSupport {
    /// The key of a tool's `_meta` that says it.
    pub const KEY: &str = "tandem/task";

    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }
}

impl ToolDescriptor {
    /// What the tool's `_meta` says under [`TaskSupport::KEY`].
    #[must_use]
    pub fn task(&self) -> Option<TaskSupport> {
        let said = self.meta.as_ref()?.get(TaskSupport::KEY)?.as_str()?;
        [TaskSupport::Forbidden, TaskSupport::Optional, TaskSupport::Required].into_iter().find(|t| t.as_str() == said)
    }

    /// As [`Descriptors::tool_digest`].
    #[must_use]
    pub fn digest(&self) -> String {
        let interface = json!({
            "name": self.name,
            "input_schema": self.input_schema,
            "output_schema": self.output_schema,
            "annotations": self.annotations,
        });
        ContentId::of_bytes(&canonical_json(&interface)).to_string()
    }
}

/// What a tool does to the world (MCP tool annotations).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Annotations {
    /// It changes nothing.
    pub read_only: bool,
    /// It may destroy something.
    pub destructive: bool,
    /// Twice is the same as once.
    pub idempotent: bool,
    /// It reaches things outside the host.
    pub open_world: bool,
}

/// One resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceDescriptor {
    /// Its URI.
    pub uri: String,
    /// Its name.
    pub name: String,
    /// A short name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
}

/// A family of resources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceTemplate {
    /// Its URIs, as a template of RFC 6570 level 1.
    pub uri_template: String,
    /// Its name.
    pub name: String,
    /// A short name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What its resources are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Their media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
}

/// One prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptDescriptor {
    /// Its name, unique in the host.
    pub name: String,
    /// A short name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<PromptArgument>,
}

/// One argument of a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptArgument {
    /// Its name.
    pub name: String,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether it must be given.
    pub required: bool,
}
