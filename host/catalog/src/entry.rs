//! What the catalog holds: categories and their tools.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde_json::Value;
use tandem_package::{
    Affinity, Installed, PromptDescriptor, ResourceDescriptor, ResourceTemplate, Retry, TaskSupport, ToolAlias,
    ToolDescriptor,
};

use crate::{
    backend::Backend,
    schema::{Effort, Schema, Unfit},
};

/// Ceilings of one tool's calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolLimits {
    /// Wall clock.
    pub deadline: Duration,
    /// Bytes over all memories and tables.
    pub memory: u64,
    /// Guest execution time.
    pub cpu: Duration,
    /// Bytes of one answer.
    pub output: u64,
    /// Calls of the plugin that may run at once.
    pub concurrency: u32,
}

/// One tool.
#[derive(Debug)]
pub struct Tool {
    /// What clients see.
    pub descriptor: ToolDescriptor,
    /// The name in the plugin's code; another one where its manifest or the operator renamed it.
    pub own_name: String,
    /// Other names under which it may be called, as they are here. They are not listed.
    pub aliases: Vec<Arc<ToolAlias>>,
    /// Its category.
    pub category: Arc<str>,
    /// Which lane it asks for, by the operator or its manifest.
    pub affinity: Affinity,
    /// 0..10, 10 first.
    pub priority: u8,
    /// Content id of name, schemas and annotations: a CIDv1, `bafkrei…`.
    pub digest: String,
    /// Ceilings.
    pub limits: ToolLimits,
    /// Whether a call may be suspended to ask the client.
    pub uses_client: bool,
    /// Whether and how it is tried again. Only idempotent tools are.
    pub retry: Retry,
    /// How long results may be reused. Only read-only idempotent tools have one.
    pub cache_ttl: Option<Duration>,
    /// Whether a call that takes long may become a task.
    pub task: TaskSupport,
    /// What runs it.
    pub backend: Backend,
    /// What arguments are checked against.
    pub input: Schema,
    /// What structured results are checked against.
    pub output: Option<Schema>,
}

impl Tool {
    /// Checks arguments against the input schema.
    ///
    /// # Errors
    ///
    /// They do not fit, or the effort did not suffice to tell.
    pub fn check_arguments(&self, arguments: &Value, effort: Effort) -> Result<(), Unfit> {
        self.input.check(&self.descriptor.input_schema, arguments, effort)
    }

    /// Checks a structured result against the output schema, if there is one.
    ///
    /// # Errors
    ///
    /// As [`Tool::check_arguments`].
    pub fn check_output(&self, structured: &Value, effort: Effort) -> Result<(), Unfit> {
        match (&self.output, &self.descriptor.output_schema) {
            (Some(schema), Some(source)) => schema.check(source, structured, effort),
            _ => Ok(()),
        }
    }

    /// Whether running it again does nothing that was not done: it is read-only or idempotent.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.descriptor.annotations.read_only || self.descriptor.annotations.idempotent
    }

    /// Whether the tool has an output schema.
    #[must_use]
    pub fn has_output_schema(&self) -> bool {
        self.output.is_some()
    }
}

/// One category: a loaded plugin, or a mounted MCP server, with what it offers.
#[derive(Debug)]
pub struct Category {
    /// The name of its file in the plugin directory; of a mounted server, its name in the configuration.
    pub file: String,
    /// When it was loaded.
    pub loaded_at: SystemTime,
    /// Its name.
    pub name: Arc<str>,
    /// The plugin's name; most often the same.
    pub plugin_name: Arc<str>,
    /// A short name for people.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// The plugin's version.
    pub version: String,
    /// Which lane it asks for.
    pub affinity: Affinity,
    /// Whether tools that leave the lane open run in the reactor lane while it is up.
    pub prefers_reactor: bool,
    /// Whether it needs the peer-to-peer network.
    pub requires_p2p: bool,
    /// 0..10, 10 first.
    pub priority: u8,
    /// SHA-256 of the plugin's file, or of a mounted server's definitions: `sha256:…`.
    pub digest: String,
    /// Which file of whom this is; of a mounted server, what it says of itself and the digest of its definitions.
    pub installed: Installed,
    /// Its tools, sorted by name.
    pub tools: Vec<Arc<Tool>>,
    /// Its prompts, sorted by name.
    pub prompts: Vec<PromptDescriptor>,
    /// Its listed resources, sorted by URI.
    pub resources: Vec<ResourceDescriptor>,
    /// Its resource templates.
    pub resource_templates: Vec<ResourceTemplate>,
    /// What runs it.
    pub backend: Backend,
}
