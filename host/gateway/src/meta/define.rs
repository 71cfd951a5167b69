//! How the meta-tools are described.

use std::sync::Arc;

use rmcp::model::{Tool, ToolAnnotations};
use serde_json::{Map, Value};

use super::tool::MetaTool;

fn object(value: Value) -> Arc<Map<String, Value>> {
    match value {
        Value::Object(map) => Arc::new(map),
        _ => Arc::default(),
    }
}

/// A meta-tool as clients see it.
pub(super) fn define(
    which: MetaTool,
    (name, title, description): (&'static str, &'static str, &'static str),
    annotations: ToolAnnotations,
    input: Value,
    output: Option<Value>,
) -> (MetaTool, Tool) {
    let mut tool = Tool::new(name, description, object(input)).with_title(title).with_annotations(annotations);
    tool.output_schema = output.map(object);
    (which, tool)
}

/// The annotations of what only reads.
pub(super) fn reads() -> ToolAnnotations {
    ToolAnnotations::new().read_only(true).destructive(false).idempotent(true).open_world(false)
}
