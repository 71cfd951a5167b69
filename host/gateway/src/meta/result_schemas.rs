//! What the meta-tools that read results say of themselves.

use rmcp::model::Tool;
use serde_json::{Value, json};

use super::{
    define::{define, reads},
    tool::MetaTool,
};
use crate::results::{DEFAULT_MATCHES, DEFAULT_READ, MAX_CONTEXT, MAX_LINES, MAX_MATCHES, MAX_PATTERN, MAX_READ};

pub(super) fn all() -> Vec<(MetaTool, Tool)> {
    vec![read(), grep(), query()]
}

fn result() -> Value {
    json!({ "type": "string", "maxLength": 128, "description": "The `$result` of a handle, or its `tandem://result/…`." })
}

fn read() -> (MetaTool, Tool) {
    define(
        MetaTool::ResultRead,
        (
            "tools_result_read",
            "Read a part of a large result",
            "Read a part of a result that came as a handle: bytes from `offset` on, or lines from `first_line` on.",
        ),
        reads(),
        json!({
            "type": "object",
            "properties": {
                "result": result(),
                "offset": { "type": "integer", "minimum": 0, "description": "The first byte; 0 if not given." },
                "length": { "type": "integer", "minimum": 1, "maximum": MAX_READ, "default": DEFAULT_READ },
                "first_line": { "type": "integer", "minimum": 1, "description": "The first line, instead of bytes." },
                "lines": { "type": "integer", "minimum": 1, "maximum": MAX_LINES, "description": "How many lines at most." }
            },
            "required": ["result"],
            "additionalProperties": false
        }),
        Some(json!({
            "type": "object",
            "properties": {
                "result": { "type": "string" }, "media_type": { "type": "string" },
                "total_bytes": { "type": "integer" }, "total_lines": { "type": "integer" },
                "offset": { "type": "integer" }, "length": { "type": "integer" }, "next_offset": { "type": "integer" },
                "first_line": { "type": "integer" }, "lines": { "type": "integer" }, "next_line": { "type": "integer" },
                "text": { "type": "string" }, "base64": { "type": "string" }
            },
            "required": ["result", "media_type", "total_bytes"]
        })),
    )
}

fn grep() -> (MetaTool, Tool) {
    define(
        MetaTool::ResultGrep,
        (
            "tools_result_grep",
            "Search in a large result",
            "Find a regular expression in a result that came as a handle; each match comes with its line and its offset.",
        ),
        reads(),
        json!({
            "type": "object",
            "properties": {
                "result": result(),
                "pattern": {
                    "type": "string", "minLength": 1, "maxLength": MAX_PATTERN,
                    "description": "The expression, without look-around and back-references; matches within a line."
                },
                "ignore_case": { "type": "boolean", "default": false },
                "context": {
                    "type": "integer", "minimum": 0, "maximum": MAX_CONTEXT, "default": 0,
                    "description": "How many lines before and after a match come with it."
                },
                "max_matches": { "type": "integer", "minimum": 1, "maximum": MAX_MATCHES, "default": DEFAULT_MATCHES }
            },
            "required": ["result", "pattern"],
            "additionalProperties": false
        }),
        Some(json!({
            "type": "object",
            "properties": {
                "result": { "type": "string" },
                "matches": { "type": "array", "items": {
                    "type": "object",
                    "properties": {
                        "line": { "type": "integer" }, "offset": { "type": "integer" }, "text": { "type": "string" },
                        "before": { "type": "array", "items": { "type": "string" } },
                        "after": { "type": "array", "items": { "type": "string" } }
                    },
                    "required": ["line", "offset", "text"]
                } },
                "total_bytes": { "type": "integer" }, "searched_bytes": { "type": "integer" },
                "stopped": { "type": "string", "enum": ["max_matches", "size", "time"] }
            },
            "required": ["result", "matches", "total_bytes", "searched_bytes"]
        })),
    )
}

/// Without an output schema: the result is that of the tool that runs the program, and may be a handle again.
fn query() -> (MetaTool, Tool) {
    define(
        MetaTool::ResultQuery,
        (
            "tools_result_query",
            "Query a large result with jq",
            "Run a jq program on a result that came as a handle, without reading it: select, compute, group, reshape. Needs the \
             `json` plugin.",
        ),
        reads(),
        json!({
            "type": "object",
            "properties": {
                "result": result(),
                "program": {
                    "type": "string", "minLength": 1, "description": "The jq program, as `.rows[] | select(.total > 10) | .id`."
                },
                "variables": { "type": "object", "description": "Values of variables, as `{\"minimum\": 10}` for `$minimum`." },
                "limit": { "type": "integer", "minimum": 1, "maximum": 10_000, "default": 100 },
                "cursor": { "type": "string", "description": "`next_cursor` of the page before." }
            },
            "required": ["result", "program"],
            "additionalProperties": false
        }),
        None,
    )
}
