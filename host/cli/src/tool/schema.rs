//! The parameters of a tool in lines: each with its type, and the members of objects below it.

use serde_json::{Map, Value};

use crate::{summary::one_line, terminal::line};

/// The longest type that is shown: values of a long enumeration are in the JSON.
const MAX_TYPE: usize = 100;
/// Levels of objects that are shown. Deeper ones, and schemas that refer to themselves, are in the JSON.
const MAX_DEPTH: usize = 4;
/// References that are followed from one to the next.
const MAX_REFERENCES: usize = 8;
/// Spaces of a level.
const INDENT: usize = 2;

/// One line for each parameter, and one for its description.
pub(super) fn lines(schema: &Map<String, Value>) -> Vec<String> {
    let root = Value::Object(schema.clone());
    let mut lines = Vec::new();
    members(&root, &root, 1, &mut lines);
    lines
}

fn members(root: &Value, object: &Value, depth: usize, lines: &mut Vec<String>) {
    let Some(properties) = object.get("properties").and_then(Value::as_object) else { return };
    let required: Vec<&str> =
        object.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let width = properties.keys().map(|name| name.chars().count()).max().unwrap_or(0);
    let indent = INDENT * depth;
    for (name, schema) in properties {
        let must = if required.contains(&name.as_str()) { ", required" } else { "" };
        let default = schema.get("default").map(|value| format!(", default {value}")).unwrap_or_default();
        let kind = tandem_catalog::shown(&kind(root, schema, MAX_REFERENCES), MAX_TYPE).into_owned();
        let about = schema.get("description").or_else(|| resolved(root, schema).get("description"));
        let about = one_line(about.and_then(Value::as_str).unwrap_or_default());
        lines.push(format!("{:indent$}{:width$}  {}", "", line(name), line(&format!("{kind}{must}{default}"))));
        if !about.is_empty() {
            lines.push(format!("{:indent$}{:width$}  {}", "", "", line(&about)));
        }
        if depth < MAX_DEPTH {
            below(root, schema, depth + 1, lines);
        }
    }
}

/// The members of an object, of the objects of a list, or of the objects among alternatives.
fn below(root: &Value, schema: &Value, depth: usize, lines: &mut Vec<String>) {
    let schema = resolved(root, schema);
    if let Some(items) = schema.get("items") {
        return members(root, resolved(root, items), depth, lines);
    }
    members(root, schema, depth, lines);
    let branches = ["anyOf", "oneOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten();
    for branch in branches.map(|branch| resolved(root, branch)) {
        members(root, resolved(root, branch.get("items").unwrap_or(branch)), depth, lines);
    }
}

/// The schema that a local reference leads to.
fn resolved<'s>(root: &'s Value, mut schema: &'s Value) -> &'s Value {
    for _ in 0..MAX_REFERENCES {
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix('#'));
        match target.and_then(|pointer| root.pointer(pointer)) {
            Some(target) => schema = target,
            None => break,
        }
    }
    schema
}

/// What a value may be, in a few words.
fn kind(root: &Value, schema: &Value, depth: usize) -> String {
    let schema = resolved(root, schema);
    if depth == 0 {
        return "value".to_owned();
    }
    let many = |list: &[Value], text: &dyn Fn(&Value) -> String| list.iter().map(text).collect::<Vec<_>>().join(" | ");
    if let Some(Value::Array(values)) = schema.get("enum") {
        return many(values, &Value::to_string);
    }
    if let Some(value) = schema.get("const") {
        return value.to_string();
    }
    for either in ["anyOf", "oneOf"] {
        if let Some(Value::Array(branches)) = schema.get(either) {
            return many(branches, &|branch| kind(root, branch, depth - 1));
        }
    }
    match schema.get("type") {
        Some(Value::String(name)) if name == "array" => match schema.get("items") {
            Some(items) => format!("list of {}", kind(root, items, depth - 1)),
            None => "list".to_owned(),
        },
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => many(names, &|name| name.as_str().unwrap_or_default().to_owned()),
        _ => "value".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_of_objects_are_shown_below_them() {
        let schema = json!({
            "type": "object", "required": ["filters"],
            "properties": {
                "filters": {"type": "array", "items": {"$ref": "#/$defs/filter"}, "description": "What is kept."},
                "range": {"anyOf": [{"type": "object", "properties": {"from": {"type": "integer", "default": 0}}}, {"type": "null"}]},
                "limit": {"type": "integer"},
            },
            "$defs": {"filter": {"type": "object", "required": ["column"], "properties": {
                "column": {"type": "string"}, "not": {"$ref": "#/$defs/filter"}}}},
        });
        let lines = lines(schema.as_object().unwrap());
        for line in [
            "  filters  list of object, required",
            "           What is kept.",
            "    column  string, required",
            "    not     object",
            "      column  string, required",
            "  range    object | null",
            "    from  integer, default 0",
            "  limit    integer",
        ] {
            assert!(lines.iter().any(|other| other == line), "{line:?}: {lines:#?}");
        }
        assert!(lines.len() < 20, "a schema that refers to itself ends: {lines:#?}");
    }
}
