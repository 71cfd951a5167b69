//! The rules of descriptors. They come from a guest, and clients and models read them: all of it is bounded.

use serde_json::Value;
use tandem_types::{MAX_NAME, canonical_json, is_tool_name, text::shown};

use crate::{Descriptors, PromptDescriptor, TaskSupport, ToolDescriptor};

/// Most tools of a package.
pub const MAX_TOOLS: usize = 1_000;

/// Most resources, templates or prompts of a package.
pub const MAX_DESCRIPTORS: usize = 1_000;

/// Largest schema or `_meta`, in bytes of canonical JSON: a client sends all of them to a model.
pub const MAX_SCHEMA: usize = 64 << 10;

/// Longest description, in bytes.
pub const MAX_DESCRIPTION: usize = 16 << 10;

/// Longest URI or template, in bytes.
pub const MAX_URI: usize = 2 << 10;

/// Most arguments of a prompt.
pub const MAX_PROMPT_ARGUMENTS: usize = 64;

/// Longest title, name of a resource, or media type, in bytes.
const MAX_TITLE: usize = 256;

/// A descriptor that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} `{name}`: {problem}")]
pub struct DescriptorError {
    /// `tool`, `resource`, `resource template` or `prompt`.
    pub kind: &'static str,
    /// Its name or URI.
    pub name: String,
    /// What is wrong.
    pub problem: String,
}

/// One descriptor under examination.
struct Subject<'d> {
    kind: &'static str,
    name: &'d str,
}

impl Subject<'_> {
    fn refuse(&self, problem: impl Into<String>) -> DescriptorError {
        DescriptorError { kind: self.kind, name: shown(self.name), problem: problem.into() }
    }

    fn require(&self, holds: bool, problem: impl FnOnce() -> String) -> Result<(), DescriptorError> {
        if holds { Ok(()) } else { Err(self.refuse(problem())) }
    }

    fn text(&self, what: &str, text: &str, max: usize) -> Result<(), DescriptorError> {
        self.require(text.len() <= max, || format!("its {what} has {} bytes; the limit is {max}", text.len()))
    }

    fn option(&self, what: &str, text: Option<&String>, max: usize) -> Result<(), DescriptorError> {
        text.map_or(Ok(()), |text| self.text(what, text, max))
    }

    fn json(&self, what: &str, value: &Value) -> Result<(), DescriptorError> {
        let size = canonical_json(value).len();
        self.require(size <= MAX_SCHEMA, || format!("its {what} has {size} bytes; the limit is {MAX_SCHEMA}"))
    }

    /// A schema of objects: MCP has no other arguments and no other structured results.
    fn schema(&self, what: &str, schema: &Value) -> Result<(), DescriptorError> {
        let object = schema.get("type").and_then(Value::as_str) == Some("object");
        self.require(object, || format!("its {what} must be a JSON Schema with \"type\": \"object\""))?;
        self.json(what, schema)
    }

    fn tool_name(&self) -> Result<(), DescriptorError> {
        let rule = || format!("the name must be 1 to {MAX_NAME} of the characters A-Z a-z 0-9 _ . -");
        self.require(is_tool_name(self.name), rule)
    }

    fn uri(&self) -> Result<(), DescriptorError> {
        let plain = !self.name.chars().any(|c| c.is_control() || c.is_whitespace());
        let right = plain && self.name.contains(':') && self.name.len() <= MAX_URI;
        self.require(right, || format!("a URI has a scheme, no spaces and at most {MAX_URI} bytes"))
    }
}

/// Checks everything that a plugin offers.
pub(super) fn check(descriptors: &Descriptors) -> Result<(), DescriptorError> {
    count("tool", descriptors.tools.len(), MAX_TOOLS)?;
    count("resource", descriptors.resources.len(), MAX_DESCRIPTORS)?;
    count("resource template", descriptors.resource_templates.len(), MAX_DESCRIPTORS)?;
    count("prompt", descriptors.prompts.len(), MAX_DESCRIPTORS)?;
    sorted("tool", descriptors.tools.iter().map(|tool| tool.name.as_str()))?;
    sorted("resource", descriptors.resources.iter().map(|resource| resource.uri.as_str()))?;
    sorted("resource template", descriptors.resource_templates.iter().map(|template| template.uri_template.as_str()))?;
    sorted("prompt", descriptors.prompts.iter().map(|prompt| prompt.name.as_str()))?;
    descriptors.tools.iter().try_for_each(check_tool)?;
    descriptors.prompts.iter().try_for_each(check_prompt)?;
    for resource in &descriptors.resources {
        let subject = Subject { kind: "resource", name: &resource.uri };
        subject.uri()?;
        resource_texts(&subject, &resource.name, &resource.title, &resource.description, &resource.mime_type)?;
    }
    for template in &descriptors.resource_templates {
        let subject = Subject { kind: "resource template", name: &template.uri_template };
        subject.uri()?;
        resource_texts(&subject, &template.name, &template.title, &template.description, &template.mime_type)?;
    }
    Ok(())
}

fn count(kind: &'static str, count: usize, max: usize) -> Result<(), DescriptorError> {
    let subject = Subject { kind, name: "*" };
    subject.require(count <= max, || format!("there are {count} of them; the limit is {max}"))
}

/// Strictly ascending names: unique ones, in the one order.
fn sorted<'d>(kind: &'static str, names: impl Iterator<Item = &'d str>) -> Result<(), DescriptorError> {
    let mut last: Option<&str> = None;
    for name in names {
        let subject = Subject { kind, name };
        subject.require(last != Some(name), || "it comes twice; names must be unique".to_owned())?;
        subject.require(last < Some(name), || "it is out of order; pack the plugin again".to_owned())?;
        last = Some(name);
    }
    Ok(())
}

fn check_tool(tool: &ToolDescriptor) -> Result<(), DescriptorError> {
    let subject = Subject { kind: "tool", name: &tool.name };
    subject.tool_name()?;
    subject.option("title", tool.title.as_ref(), MAX_TITLE)?;
    subject.text("description", &tool.description, MAX_DESCRIPTION)?;
    subject.schema("input schema", &tool.input_schema)?;
    tool.output_schema.as_ref().map_or(Ok(()), |schema| subject.schema("output schema", schema))?;
    if let Some(meta) = &tool.meta {
        subject.require(meta.is_object(), || "its meta must be a JSON object".to_owned())?;
        subject.json("meta", meta)?;
        let right = meta.get(TaskSupport::KEY).is_none() || tool.task().is_some();
        let key = TaskSupport::KEY;
        subject.require(right, || format!("its meta's `{key}` is not \"forbidden\", \"optional\" or \"required\""))?;
    }
    Ok(())
}

fn check_prompt(prompt: &PromptDescriptor) -> Result<(), DescriptorError> {
    let subject = Subject { kind: "prompt", name: &prompt.name };
    subject.tool_name()?;
    subject.option("title", prompt.title.as_ref(), MAX_TITLE)?;
    subject.option("description", prompt.description.as_ref(), MAX_DESCRIPTION)?;
    let arguments = prompt.arguments.len();
    let many = || format!("it has {arguments} arguments; the limit is {MAX_PROMPT_ARGUMENTS}");
    subject.require(arguments <= MAX_PROMPT_ARGUMENTS, many)?;
    for (index, argument) in prompt.arguments.iter().enumerate() {
        let name = &argument.name;
        let right =
            || format!("its argument `{}` is not 1 to {MAX_NAME} of the characters A-Z a-z 0-9 _ . -", shown(name));
        subject.require(is_tool_name(name), right)?;
        let twice = prompt.arguments.iter().take(index).any(|other| other.name == *name);
        subject.require(!twice, || format!("its argument `{name}` comes twice"))?;
        subject.option("argument's description", argument.description.as_ref(), MAX_DESCRIPTION)?;
    }
    Ok(())
}

fn resource_texts(
    subject: &Subject<'_>,
    name: &str,
    title: &Option<String>,
    description: &Option<String>,
    mime_type: &Option<String>,
) -> Result<(), DescriptorError> {
    subject.require(!name.trim().is_empty(), || "it has no name".to_owned())?;
    subject.text("name", name, MAX_TITLE)?;
    subject.option("title", title.as_ref(), MAX_TITLE)?;
    subject.option("description", description.as_ref(), MAX_DESCRIPTION)?;
    subject.option("media type", mime_type.as_ref(), MAX_TITLE)
}
