//! What crosses from guest to host: sizes, descriptors, and the errors of the crossing itself.

use serde_json::Value;
use tandem_package::{
    Annotations, Descriptors, PromptArgument, PromptDescriptor, ResourceDescriptor, ResourceTemplate, ToolDescriptor,
};
use wasmtime::{
    Store,
    component::{Instance, ResourceTableError},
};

use crate::{
    bindings::tandem::plugin::types::{self as wit, Content, ResourceBody, ResourceContents, ToolOutput},
    config::MAX_RESOURCES,
    error::{LoadError, RunError},
    exports::{Exports, Tools},
    limit::Limit,
    state::CallState,
};

/// Bytes of an answer.
pub(crate) fn size(output: &ToolOutput) -> u64 {
    let content: u64 = output.content.iter().map(content_size).sum();
    content + output.structured.as_ref().map_or(0, |json| json.len() as u64)
}

fn content_size(content: &Content) -> u64 {
    match content {
        Content::Text(text) => text.len() as u64,
        Content::Image(blob) | Content::Audio(blob) => blob.data.len() as u64,
        Content::ResourceLink(link) => (link.uri.len() + link.name.len()) as u64,
        Content::EmbeddedResource(contents) => resource_size(contents),
    }
}

pub(crate) fn resource_size(contents: &ResourceContents) -> u64 {
    let body = match &contents.body {
        ResourceBody::Text(text) => text.len(),
        ResourceBody::Blob(bytes) => bytes.len(),
    };
    (body + contents.uri.len()) as u64
}

/// What a failed crossing comes to that is no trap of the guest's code: its resources are used up, or what it gave cannot be
/// taken (bad UTF-8, a dead handle, more bytes or handles than may cross, which wasmtime has no types for).
pub(crate) fn refused(error: &wasmtime::Error) -> RunError {
    let full = |cause: &(dyn std::error::Error + 'static)| {
        matches!(cause.downcast_ref::<ResourceTableError>(), Some(ResourceTableError::Full))
    };
    if error.chain().any(full) {
        return RunError::Limit { limit: Limit::Resources, value: MAX_RESOURCES.to_string() };
    }
    RunError::BadOutput(format!("{error:#}"))
}

/// Calls every `describe` and turns the answers into the packed form, sorted.
pub(crate) async fn describe(
    exports: &Exports,
    store: &mut Store<CallState>,
    instance: &Instance,
) -> wasmtime::Result<Result<Descriptors, LoadError>> {
    let tools = match &exports.tools {
        Tools::Contract(indices) => indices.load(&mut *store, instance)?.call_describe(&mut *store).await?,
        // Types say it all. That there is an instance shows that it can be called.
        Tools::Functions(functions) => return Ok(Ok(functions.descriptors())),
    };
    let (mut resources, mut templates, mut prompts) = (Vec::new(), Vec::new(), Vec::new());
    if let Some(indices) = &exports.resources {
        let guest = indices.load(&mut *store, instance)?;
        resources = guest.call_describe(&mut *store).await?;
        templates = guest.call_describe_templates(&mut *store).await?;
    }
    if let Some(indices) = &exports.prompts {
        prompts = indices.load(&mut *store, instance)?.call_describe(&mut *store).await?;
    }
    Ok(descriptors(tools, resources, templates, prompts))
}

fn descriptors(
    tools: Vec<wit::ToolDescriptor>,
    resources: Vec<wit::ResourceDescriptor>,
    templates: Vec<wit::ResourceTemplate>,
    prompts: Vec<wit::PromptDescriptor>,
) -> Result<Descriptors, LoadError> {
    let mut found = Descriptors {
        tools: tools.into_iter().map(tool).collect::<Result<_, _>>()?,
        resources: resources.into_iter().map(resource).collect(),
        resource_templates: templates.into_iter().map(template).collect(),
        prompts: prompts.into_iter().map(prompt).collect(),
    };
    found.tools.sort_by(|a, b| a.name.cmp(&b.name));
    found.resources.sort_by(|a, b| a.uri.cmp(&b.uri));
    found.resource_templates.sort_by(|a, b| a.uri_template.cmp(&b.uri_template));
    found.prompts.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn json(tool: &str, what: &str, text: &str) -> Result<Value, LoadError> {
    serde_json::from_str(text)
        .map_err(|error| LoadError::Probe(format!("the {what} of tool `{tool}` is not JSON: {error}")))
}

fn tool(tool: wit::ToolDescriptor) -> Result<ToolDescriptor, LoadError> {
    let name = tool.name;
    Ok(ToolDescriptor {
        input_schema: json(&name, "input schema", &tool.input_schema)?,
        output_schema: tool.output_schema.map(|text| json(&name, "output schema", &text)).transpose()?,
        meta: tool.meta.map(|text| json(&name, "meta", &text)).transpose()?,
        title: tool.title,
        description: tool.description,
        annotations: Annotations {
            read_only: tool.annotations.read_only,
            destructive: tool.annotations.destructive,
            idempotent: tool.annotations.idempotent,
            open_world: tool.annotations.open_world,
        },
        name,
    })
}

fn resource(r: wit::ResourceDescriptor) -> ResourceDescriptor {
    ResourceDescriptor { uri: r.uri, name: r.name, title: r.title, description: r.description, mime_type: r.mime_type }
}

fn template(t: wit::ResourceTemplate) -> ResourceTemplate {
    ResourceTemplate {
        uri_template: t.uri_template,
        name: t.name,
        title: t.title,
        description: t.description,
        mime_type: t.mime_type,
    }
}

fn prompt(p: wit::PromptDescriptor) -> PromptDescriptor {
    let arguments = p
        .arguments
        .into_iter()
        .map(|a| PromptArgument { name: a.name, description: a.description, required: a.required })
        .collect();
    PromptDescriptor { name: p.name, title: p.title, description: p.description, arguments }
}
