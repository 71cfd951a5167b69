//! The description of the REST side (OpenAPI 3.1). A test holds that every path in it is served, and that the document
//! changes only on purpose.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde_json::{Map, Value, json};

use crate::state::AppState;

/// What is described: path, method, summary, body, answer.
struct Operation {
    path: &'static str,
    method: &'static str,
    summary: &'static str,
    body: Option<&'static str>,
    answer: &'static str,
    /// Whether it can fail other than by the host.
    fails: bool,
}

const fn read(path: &'static str, summary: &'static str, answer: &'static str, fails: bool) -> Operation {
    Operation { path, method: "get", summary, body: None, answer, fails }
}

const fn write(path: &'static str, summary: &'static str, body: &'static str, answer: &'static str) -> Operation {
    Operation { path, method: "post", summary, body: Some(body), answer, fails: true }
}

const OPERATIONS: &[Operation] = &[
    read("/v1/version", "The versions of the host and of what it speaks", "Version", false),
    read("/v1/categories", "The tool categories", "Categories", false),
    read("/v1/categories/{category}/tools", "A category's tools", "Tools", true),
    read("/v1/tools/{tool}", "One tool: schemas, annotations, limits", "Tool", true),
    write("/v1/tools/{tool}/call", "Call a tool", "Call", "Answer"),
    read("/tools/list", "All tools, or those of one lane, in the form of older clients", "Listed", true),
    write("/tools/execute", "Call a tool, in the form of older clients", "Execute", "Executed"),
    read("/health", "Whether the process answers", "Health", false),
    read("/health/ready", "Whether calls are welcome; 503 while starting and while shutting down", "Ready", false),
    read("/health/runtime", "The state of every lane and category", "Runtime", false),
];

pub(super) async fn document(State(shared): State<Arc<AppState>>) -> Json<Value> {
    Json(build(&shared.config.server_name, &shared.config.server_version))
}

fn build(name: &str, version: &str) -> Value {
    let mut paths = Map::new();
    for operation in OPERATIONS {
        let item = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Some(item) = item.as_object_mut() {
            item.insert(operation.method.to_owned(), describe(operation));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": name, "version": version, "description": "Tools over plain HTTP. Agents speak MCP at `/mcp`." },
        "paths": paths,
        "components": { "schemas": schemas() },
    })
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn describe(operation: &Operation) -> Value {
    let mut responses = json!({
        "200": { "description": "OK", "content": { "application/json": { "schema": reference(operation.answer) } } }
    });
    if operation.fails
        && let Some(responses) = responses.as_object_mut()
    {
        let problem = json!({ "application/problem+json": { "schema": reference("Problem") } });
        responses.insert("default".to_owned(), json!({ "description": "A problem (RFC 9457)", "content": problem }));
    }
    let mut out = json!({ "summary": operation.summary, "responses": responses });
    if let Some(out) = out.as_object_mut() {
        let parameters = parameters(operation.path);
        if !parameters.is_empty() {
            out.insert("parameters".to_owned(), parameters.into());
        }
        if let Some(body) = operation.body {
            let content = json!({ "application/json": { "schema": reference(body) } });
            out.insert("requestBody".to_owned(), json!({ "required": true, "content": content }));
        }
    }
    out
}

fn parameters(path: &str) -> Vec<Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut out: Vec<_> = names
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    if path == "/tools/list" {
        let lanes = json!({ "type": "string", "enum": ["general", "reactor", "upstream"] });
        out.push(json!({ "name": "lane", "in": "query", "schema": lanes }));
    }
    if path.ends_with("/tools") || path == "/tools/list" {
        let default = if path == "/tools/list" { 1000 } else { 100 };
        let limit = json!({ "type": "integer", "minimum": 1, "maximum": 1000, "default": default });
        out.push(json!({ "name": "limit", "in": "query", "schema": limit }));
        out.push(json!({ "name": "cursor", "in": "query", "schema": { "type": "string" } }));
    }
    out
}

fn schemas() -> Value {
    let string = || json!({ "type": "string" });
    let boolean = || json!({ "type": "boolean" });
    let array = |items: Value| json!({ "type": "array", "items": items });
    let object = |properties: Value| json!({ "type": "object", "properties": properties });
    json!({
        "Version": object(json!({ "version": string(), "speaks": object(json!({
            "mcp": array(string()), "wit": array(string()), "configuration": { "type": "integer" }
        })) })),
        "Listed": object(json!({
            "total": { "type": "integer" }, "next_cursor": string(),
            "tools": array(object(json!({ "name": string(), "category": string(), "description": string(), "lane": string() })))
        })),
        "Categories": object(json!({ "categories": array(object(json!({
            "name": string(), "title": string(), "description": string(), "version": string(), "affinity": string(),
            "tool_count": { "type": "integer" }, "state": string()
        }))) })),
        "Tools": object(json!({
            "category": string(), "total": { "type": "integer" }, "next_cursor": string(),
            "tools": array(object(json!({
                "name": string(), "title": string(), "description": string(), "read_only": boolean(), "idempotent": boolean()
            })))
        })),
        "Tool": object(json!({
            "name": string(), "title": string(), "category": string(), "description": string(),
            "input_schema": { "type": "object" }, "output_schema": { "type": "object" },
            "annotations": { "type": "object" }, "limits": { "type": "object" }, "interface_cid": string(),
            "lane": object(json!({ "name": string(), "reason": string() })), "requires_p2p": boolean(),
            "priority": { "type": "integer" }, "cache_ttl_ms": { "type": "integer" },
            "retry": object(json!({ "policy": string(), "attempts": { "type": "integer" }, "base_delay_ms": { "type": "integer" } })),
            "task": string()
        })),
        "Call": object(json!({ "arguments": { "type": "object" } })),
        "Answer": object(json!({
            "content": array(json!({ "type": "object", "description": "An MCP content block." })),
            "structured": {}, "is_error": boolean(), "lane": string(), "duration_ms": { "type": "number" },
            "request_id": string()
        })),
        "Execute": { "type": "object", "required": ["tool"], "properties": { "tool": string(), "args": { "type": "object" } } },
        "Executed": { "type": "object", "additionalProperties": true, "properties": {
            "status": string(), "_runtime": string(), "_duration_ms": { "type": "number" }, "_error": boolean()
        } },
        "Health": object(json!({ "status": string(), "down": array(string()), "version": string(), "uptime_seconds": { "type": "integer" } })),
        "Ready": object(json!({ "ready": boolean(), "draining": boolean(), "in_flight": { "type": "integer" } })),
        "Runtime": object(json!({
            "ready": boolean(), "lanes": array(json!({ "type": "object" })), "categories": array(json!({ "type": "object" }))
        })),
        "Problem": { "type": "object", "required": ["type", "title", "status", "detail", "code", "retryable"], "properties": {
            "type": string(), "title": string(), "status": { "type": "integer" }, "detail": string(), "code": string(),
            "retryable": boolean(), "retry_after_ms": { "type": "integer" }, "limit": string(), "value": string(),
            "violations": array(object(json!({ "pointer": string(), "message": string() }))),
            "near": array(string()), "request_id": string()
        } }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_looks_like_this() {
        insta::assert_json_snapshot!("openapi", build("tandem", "0.0.0"));
    }

    #[test]
    fn every_reference_has_its_schema() {
        let document = build("tandem", "0.0.0");
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for operation in OPERATIONS {
            for name in operation.body.into_iter().chain([operation.answer]) {
                assert!(schemas.contains_key(name), "{name}");
            }
        }
    }
}
