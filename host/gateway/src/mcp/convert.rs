//! From what plugins say to what MCP carries.

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rmcp::model::{
    CallToolResult, CompletionInfo, ContentBlock, GetPromptResult, Prompt, PromptArgument, PromptMessage, Resource,
    ResourceContents, ResourceTemplate, Role, Tool, ToolAnnotations,
};
use serde_json::{Map, Value};
use tandem_engine::{Completion, Content, PromptOutput, ResourceBody, ResourceContents as Contents, Role as GuestRole};
use tandem_package::{
    Annotations, PromptDescriptor, ResourceDescriptor, ResourceTemplate as TemplateDescriptor, TaskSupport,
    ToolDescriptor,
};
use tandem_types::json_text;

pub(crate) fn content(block: Content) -> ContentBlock {
    match block {
        Content::Text(text) => ContentBlock::text(text),
        Content::Image(blob) => ContentBlock::image(BASE64_STANDARD.encode(blob.data), blob.mime_type),
        Content::Audio(blob) => ContentBlock::audio(BASE64_STANDARD.encode(blob.data), blob.mime_type),
        Content::ResourceLink(link) => {
            let mut resource = Resource::new(link.uri, link.name);
            resource.description = link.description;
            resource.mime_type = link.mime_type;
            ContentBlock::resource_link(resource)
        }
        Content::EmbeddedResource(contents) => ContentBlock::resource(resource_contents(contents)),
    }
}

/// Bytes of a block.
pub(crate) fn content_bytes(block: &Content) -> usize {
    match block {
        Content::Text(text) => text.len(),
        Content::Image(blob) | Content::Audio(blob) => blob.data.len(),
        Content::ResourceLink(link) => link.uri.len() + link.description.as_ref().map_or(0, String::len),
        Content::EmbeddedResource(contents) => contents_bytes(contents),
    }
}

/// Bytes of a resource.
pub(crate) fn contents_bytes(contents: &Contents) -> usize {
    match &contents.body {
        ResourceBody::Text(text) => text.len(),
        ResourceBody::Blob(bytes) => bytes.len(),
    }
}

/// The blocks of a result. A structured result without blocks is repeated as text, for clients that read nothing else.
pub(crate) fn blocks(content_blocks: Vec<Content>, structured: Option<&Value>) -> Vec<ContentBlock> {
    match structured {
        Some(value) if content_blocks.is_empty() => vec![ContentBlock::text(json_text(value))],
        _ => content_blocks.into_iter().map(content).collect(),
    }
}

/// A structured result, repeated as text for clients that read nothing else.
pub(crate) fn structured_result(value: Value) -> CallToolResult {
    let mut result = CallToolResult::success(vec![ContentBlock::text(json_text(&value))]);
    result.structured_content = Some(value);
    result
}

pub(crate) fn resource_contents(contents: Contents) -> ResourceContents {
    let Contents { uri, mime_type, body } = contents;
    match body {
        ResourceBody::Text(text) => ResourceContents::TextResourceContents { uri, mime_type, text, meta: None },
        ResourceBody::Blob(bytes) => {
            ResourceContents::BlobResourceContents { uri, mime_type, blob: BASE64_STANDARD.encode(bytes), meta: None }
        }
    }
}

pub(crate) fn prompt_result(output: PromptOutput) -> GetPromptResult {
    let messages = output.messages.into_iter().map(|message| {
        let role = match message.role {
            GuestRole::User => Role::User,
            GuestRole::Assistant => Role::Assistant,
        };
        PromptMessage::new(role, content(message.content))
    });
    let mut result = GetPromptResult::new(messages.collect());
    result.description = output.description;
    result
}

/// A completion carries at most 100 values in MCP; that there are more is said, never hidden.
pub(crate) fn completion(completion: Completion) -> CompletionInfo {
    let Completion { mut values, total, has_more } = completion;
    let cut = values.len() > CompletionInfo::MAX_VALUES;
    values.truncate(CompletionInfo::MAX_VALUES);
    CompletionInfo::with_pagination(values, total, has_more || cut).unwrap_or_default()
}

fn object(schema: &Value) -> Option<Arc<Map<String, Value>>> {
    schema.as_object().map(|map| Arc::new(map.clone()))
}

pub(crate) fn annotations(annotations: Annotations) -> ToolAnnotations {
    ToolAnnotations::new()
        .read_only(annotations.read_only)
        .destructive(annotations.destructive)
        .idempotent(annotations.idempotent)
        .open_world(annotations.open_world)
}

/// A tool as clients see it. `_meta` says its category, so that a client can group tools, and whether its calls become
/// tasks: the protocol itself has no word for that any more.
pub(crate) fn tool(descriptor: &ToolDescriptor, category: &str, task: TaskSupport) -> Tool {
    let mut tool = Tool::new_with_raw(
        descriptor.name.clone(),
        Some(descriptor.description.clone().into()),
        object(&descriptor.input_schema).unwrap_or_default(),
    );
    tool.title.clone_from(&descriptor.title);
    tool.output_schema = descriptor.output_schema.as_ref().and_then(object);
    tool.annotations = Some(annotations(descriptor.annotations));
    let mut meta = descriptor.meta.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
    meta.insert("tandem/category".to_owned(), category.into());
    if task != TaskSupport::Forbidden {
        meta.insert(TaskSupport::KEY.to_owned(), task.as_str().into());
    }
    tool.meta = Some(meta.into());
    tool
}

pub(crate) fn prompt(descriptor: &PromptDescriptor) -> Prompt {
    let arguments = descriptor.arguments.iter().map(|argument| {
        let mut out = PromptArgument::new(argument.name.clone()).with_required(argument.required);
        out.description.clone_from(&argument.description);
        out
    });
    let arguments: Vec<_> = arguments.collect();
    let mut prompt = Prompt::from_raw(
        descriptor.name.clone(),
        descriptor.description.clone(),
        (!arguments.is_empty()).then_some(arguments),
    );
    prompt.title.clone_from(&descriptor.title);
    prompt
}

pub(crate) fn resource(descriptor: &ResourceDescriptor) -> Resource {
    let mut resource = Resource::new(descriptor.uri.clone(), descriptor.name.clone());
    resource.title.clone_from(&descriptor.title);
    resource.description.clone_from(&descriptor.description);
    resource.mime_type.clone_from(&descriptor.mime_type);
    resource
}

pub(crate) fn template(descriptor: &TemplateDescriptor) -> ResourceTemplate {
    let mut template = ResourceTemplate::new(descriptor.uri_template.clone(), descriptor.name.clone());
    template.title.clone_from(&descriptor.title);
    template.description.clone_from(&descriptor.description);
    template.mime_type.clone_from(&descriptor.mime_type);
    template
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tandem_engine::{Blob, ResourceLink};

    use super::*;

    fn wire(block: Content) -> Value {
        serde_json::to_value(content(block)).unwrap()
    }

    #[test]
    fn every_kind_of_content_has_its_form_on_the_wire() {
        assert_eq!(wire(Content::Text("hi".into())), json!({"type": "text", "text": "hi"}));
        let blob = || Blob { data: vec![1, 2, 255], mime_type: "image/png".into() };
        assert_eq!(wire(Content::Image(blob())), json!({"type": "image", "data": "AQL/", "mimeType": "image/png"}));
        assert_eq!(wire(Content::Audio(blob()))["type"], "audio");
        let link = ResourceLink { uri: "test://a".into(), name: "a".into(), description: None, mime_type: None };
        assert_eq!(wire(Content::ResourceLink(link)), json!({"type": "resource_link", "uri": "test://a", "name": "a"}));
        let embedded = Contents { uri: "test://b".into(), mime_type: None, body: ResourceBody::Blob(vec![0]) };
        assert_eq!(
            wire(Content::EmbeddedResource(embedded)),
            json!({"type": "resource", "resource": {"uri": "test://b", "blob": "AA=="}})
        );
    }

    #[test]
    fn peers_and_tools_get_content_in_the_same_form() {
        let blob = || Blob { data: vec![1, 2, 255], mime_type: "image/png".into() };
        let link = |description: Option<&str>| ResourceLink {
            uri: "test://a".into(),
            name: "a".into(),
            description: description.map(str::to_owned),
            mime_type: description.map(|_| "text/plain".to_owned()),
        };
        let embedded = |mime_type: Option<&str>, body| {
            let mime_type = mime_type.map(str::to_owned);
            Content::EmbeddedResource(Contents { uri: "test://b".into(), mime_type, body })
        };
        let all = vec![
            Content::Text("hi".into()),
            Content::Image(blob()),
            Content::Audio(blob()),
            Content::ResourceLink(link(None)),
            Content::ResourceLink(link(Some("what"))),
            embedded(None, ResourceBody::Blob(vec![0])),
            embedded(Some("text/plain"), ResourceBody::Text("t".into())),
        ];
        let wire: Value = all.iter().cloned().map(wire).collect();
        let answer = tandem_engine::ToolAnswer { content: all, ..Default::default() };
        assert_eq!(answer.content_json(), wire);
    }

    #[test]
    fn structured_results_without_blocks_are_repeated_as_text() {
        let value = json!({"a": 1});
        let with = blocks(vec![], Some(&value));
        assert_eq!(with.first().and_then(|b| b.as_text()).map(|t| t.text.as_str()), Some(r#"{"a":1}"#));
        assert_eq!(blocks(vec![Content::Text("x".into())], Some(&value)).len(), 1);
        assert!(blocks(vec![], None).is_empty());
    }

    #[test]
    fn a_cut_completion_says_that_there_is_more() {
        let values: Vec<_> = (0..150).map(|i| i.to_string()).collect();
        let info = completion(Completion { values, total: Some(150), has_more: false });
        assert_eq!((info.values.len(), info.has_more, info.total), (100, Some(true), Some(150)));
    }

    #[test]
    fn a_tool_keeps_its_schemas_verbatim() {
        let schema = json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
            "$defs": {"a": {"$anchor": "x"}}, "if": {"properties": {}}, "additionalProperties": false});
        let descriptor = ToolDescriptor {
            name: "t".into(),
            title: Some("T".into()),
            description: "d".into(),
            input_schema: schema.clone(),
            output_schema: Some(json!({"type": "object"})),
            annotations: Annotations { read_only: true, ..Annotations::default() },
            meta: Some(json!({"k": "v"})),
        };
        let wire = serde_json::to_value(tool(&descriptor, "c", TaskSupport::Required)).unwrap();
        assert_eq!(wire["inputSchema"], schema);
        assert_eq!(wire["outputSchema"], json!({"type": "object"}));
        assert_eq!(wire["annotations"]["readOnlyHint"], true);
        assert_eq!(wire["annotations"]["destructiveHint"], false);
        assert_eq!(wire["_meta"], json!({"k": "v", "tandem/category": "c", "tandem/task": "required"}));
    }
}
