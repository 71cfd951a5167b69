//! What the meta-tools say of themselves.
//!
//! No schema has a combinator at its root: some model providers refuse tools that do.

use rmcp::model::{Tool, ToolAnnotations};
use serde_json::{Value, json};

use super::{
    define::{define, reads},
    limits::{DEFAULT_CONCURRENCY, MAX_CALLS, MAX_CONCURRENCY, MAX_LIST, MAX_SCHEMAS, MAX_SEARCH},
    tool::MetaTool,
};

pub(super) fn all() -> Vec<(MetaTool, Tool)> {
    vec![list_categories(), list_tools(), get_schema(), search(), dispatch()]
}

fn list_categories() -> (MetaTool, Tool) {
    define(
        MetaTool::ListCategories,
        (
            "tools_list_categories",
            "List tool categories",
            "List the categories that the tools of this server are grouped in.",
        ),
        reads(),
        json!({
            "type": "object",
            "properties": {
                "include_count": { "type": "boolean", "default": true, "description": "Also count each category's tools." }
            },
            "additionalProperties": false
        }),
        Some(json!({
            "type": "object",
            "properties": {
                "categories": { "type": "array", "items": {
                    "type": "object",
                    "properties": {
                        "name": { "type": "string" }, "title": { "type": "string" }, "description": { "type": "string" },
                        "version": { "type": "string" }, "affinity": { "type": "string" },
                        "tool_count": { "type": "integer" }, "state": { "type": "string" }
                    },
                    "required": ["name", "title", "description", "version", "affinity", "state"]
                } }
            },
            "required": ["categories"]
        })),
    )
}

fn list_tools() -> (MetaTool, Tool) {
    define(
        MetaTool::ListTools,
        ("tools_list_tools", "List a category's tools", "List the tools of one category with a line about each."),
        reads(),
        json!({
            "type": "object",
            "properties": {
                "category": { "type": "string", "description": "A name from `tools_list_categories`." },
                "limit": { "type": "integer", "minimum": 1, "maximum": MAX_LIST, "default": 100 },
                "cursor": { "type": "string", "description": "`next_cursor` of the page before." }
            },
            "required": ["category"],
            "additionalProperties": false
        }),
        Some(json!({
            "type": "object",
            "properties": {
                "category": { "type": "string" },
                "tools": { "type": "array", "items": {
                    "type": "object",
                    "properties": {
                        "name": { "type": "string" }, "title": { "type": "string" }, "description": { "type": "string" },
                        "read_only": { "type": "boolean" }, "idempotent": { "type": "boolean" }
                    },
                    "required": ["name", "description", "read_only", "idempotent"]
                } },
                "total": { "type": "integer" },
                "next_cursor": { "type": "string" }
            },
            "required": ["category", "tools", "total"]
        })),
    )
}

fn get_schema() -> (MetaTool, Tool) {
    define(
        MetaTool::GetSchema,
        (
            "tools_get_schema",
            "Get tool schemas",
            "Get the parameters, results, limits and annotations of one tool or several, before calling them.",
        ),
        reads(),
        json!({
            "type": "object",
            "properties": {
                "tool": {
                    "description": "One name, or a list of names.",
                    "anyOf": [
                        { "type": "string" },
                        { "type": "array", "items": { "type": "string" }, "minItems": 1, "maxItems": MAX_SCHEMAS }
                    ]
                }
            },
            "required": ["tool"],
            "additionalProperties": false
        }),
        Some(json!({
            "type": "object",
            "properties": {
                "tools": { "type": "array", "items": {
                    "type": "object",
                    "properties": {
                        "name": { "type": "string" }, "category": { "type": "string" }, "description": { "type": "string" },
                        "input_schema": { "type": "object" }, "output_schema": { "type": "object" },
                        "annotations": { "type": "object" }, "limits": { "type": "object" },
                        "interface_cid": { "type": "string" }, "requires_p2p": { "type": "boolean" },
                        "lane": { "type": "object", "properties": {
                            "name": { "type": "string" }, "reason": { "type": "string" }
                        } },
                        "priority": { "type": "integer" }, "cache_ttl_ms": { "type": "integer" },
                        "retry": { "type": "object", "properties": {
                            "policy": { "type": "string" }, "attempts": { "type": "integer" },
                            "base_delay_ms": { "type": "integer" }
                        } },
                        "task": { "type": "string", "enum": ["optional", "required"] }
                    },
                    "required": ["name", "category", "description", "input_schema", "annotations", "limits", "interface_cid"]
                } },
                "unknown": { "type": "array", "items": {
                    "type": "object",
                    "properties": { "name": { "type": "string" }, "near": { "type": "array", "items": { "type": "string" } } },
                    "required": ["name", "near"]
                } }
            },
            "required": ["tools"]
        })),
    )
}

fn search() -> (MetaTool, Tool) {
    define(
        MetaTool::Search,
        (
            "tools_search",
            "Search tools",
            "Find tools by what they do: full text over names, descriptions and parameters, best first.",
        ),
        reads(),
        json!({
            "type": "object",
            "properties": {
                "query": { "type": "string", "minLength": 1, "maxLength": 500, "description": "Words for what the tool should do." },
                "limit": { "type": "integer", "minimum": 1, "maximum": MAX_SEARCH, "default": 10 }
            },
            "required": ["query"],
            "additionalProperties": false
        }),
        Some(json!({
            "type": "object",
            "properties": {
                "tools": { "type": "array", "items": {
                    "type": "object",
                    "properties": {
                        "name": { "type": "string" }, "category": { "type": "string" },
                        "description": { "type": "string" }, "score": { "type": "number" }
                    },
                    "required": ["name", "category", "description", "score"]
                } },
                "note": { "type": "string" }
            },
            "required": ["tools"]
        })),
    )
}

/// Without an output schema: the result is the inner tool's own.
fn dispatch() -> (MetaTool, Tool) {
    let call = |extra: Value| {
        let mut properties = json!({
            "tool": { "type": "string", "description": "The tool's name." },
            "arguments": { "type": "object", "description": "Its arguments, as `tools_get_schema` describes them." }
        });
        if let (Value::Object(properties), Value::Object(extra)) = (&mut properties, extra) {
            properties.extend(extra);
        }
        properties
    };
    let properties = call(json!({
        "calls": {
            "type": "array", "minItems": 1, "maxItems": MAX_CALLS,
            "description": "Several independent calls, instead of `tool` and `arguments`. Each is answered on its own.",
            "items": {
                "type": "object", "properties": call(json!({})), "required": ["tool"], "additionalProperties": false
            }
        },
        "max_concurrency": {
            "type": "integer", "minimum": 1, "maximum": MAX_CONCURRENCY, "default": DEFAULT_CONCURRENCY,
            "description": "How many of `calls` run at once."
        }
    }));
    define(
        MetaTool::Dispatch,
        (
            "tools_dispatch",
            "Call a tool",
            "Call a tool that is not listed here, and get its own result; or several at once with `calls`.",
        ),
        ToolAnnotations::new().read_only(false).destructive(true).idempotent(false).open_world(true),
        json!({ "type": "object", "properties": properties, "additionalProperties": false }),
        None,
    )
}
