//! What the catalog holds: categories and their tools.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;
use tandem_engine::Plugin;
use tandem_manifest::{
    Affinity, Installed, PromptDescriptor, ResourceDescriptor, ResourceTemplate, Retry, TaskSupport, ToolDescriptor,
};

/// Places named in one validation error. A value that is wrong everywhere needs no longer answer.
const MAX_VIOLATIONS: usize = 16;
/// Bytes that one compiled pattern of a schema may take. Stops a schema from holding gigabytes of automata.
const PATTERN_SIZE: usize = 1 << 20;

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
    /// The name that the plugin itself knows it by; another one where the operator renamed it.
    pub own_name: String,
    /// Its category.
    pub category: Arc<str>,
    /// Content digest of name, schemas and annotations: `sha256:…`.
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
    pub plugin: Arc<Plugin>,
    pub(crate) input: Validator,
    pub(crate) output: Option<Validator>,
}

/// Where a value breaks its schema: JSON Pointer and message.
pub type Violations = Vec<(String, String)>;

impl Tool {
    /// Checks arguments against the input schema.
    pub fn check_arguments(&self, arguments: &Value) -> Result<(), Violations> {
        check(&self.input, arguments)
    }

    /// Checks a structured result against the output schema, if there is one.
    pub fn check_output(&self, structured: &Value) -> Result<(), Violations> {
        self.output.as_ref().map_or(Ok(()), |validator| check(validator, structured))
    }

    /// Whether the tool has an output schema.
    #[must_use]
    pub fn has_output_schema(&self) -> bool {
        self.output.is_some()
    }
}

fn check(validator: &Validator, value: &Value) -> Result<(), Violations> {
    if validator.is_valid(value) {
        return Ok(());
    }
    Err(validator
        .iter_errors(value)
        .take(MAX_VIOLATIONS)
        .map(|error| (error.instance_path().to_string(), error.masked_with("the value").to_string()))
        .collect())
}

/// Compiles a schema. It reaches neither network nor files, and its patterns run in linear time: a schema is
/// a stranger's input too.
pub(crate) fn validator(schema: &Value) -> Result<Validator, String> {
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex().size_limit(PATTERN_SIZE))
        .build(schema)
        .map_err(|error| error.to_string())
}

/// One category: a loaded plugin with what it offers.
#[derive(Debug)]
pub struct Category {
    /// The name of its file in the plugin directory.
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
    /// Whether it needs the peer-to-peer network.
    pub requires_p2p: bool,
    /// 0..10, 10 first.
    pub priority: u8,
    /// SHA-256 of the plugin's file: `sha256:…`.
    pub digest: String,
    /// Which file of whom this is.
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
    pub plugin: Arc<Plugin>,
}
