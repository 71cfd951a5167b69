//! The parameters of a tool in lines: each with its type, and the members of objects below it.

use serde_json::{Map, Value};
use tandem_client::{Parameter, parameters};

use crate::{summary::one_line, terminal::line};

/// The longest type that is shown: values of a long enumeration are in the JSON.
const MAX_TYPE: usize = 100;
/// Spaces of a level.
const INDENT: usize = 2;

/// One line for each parameter, and one for its description.
pub(super) fn lines(schema: &Map<String, Value>) -> Vec<String> {
    let mut lines = Vec::new();
    add(&parameters(schema), INDENT, &mut lines);
    lines
}

fn add(parameters: &[Parameter], indent: usize, lines: &mut Vec<String>) {
    let width = parameters.iter().map(|one| one.name.chars().count()).max().unwrap_or(0);
    for Parameter { name, kind, required, default, description, members } in parameters {
        let must = if *required { ", required" } else { "" };
        let default = default.as_ref().map(|value| format!(", default {value}")).unwrap_or_default();
        let kind = format!("{}{must}{default}", tandem_catalog::shown(kind, MAX_TYPE));
        lines.push(format!("{:indent$}{:width$}  {}", "", line(name), line(&kind)));
        let about = one_line(description);
        if !about.is_empty() {
            lines.push(format!("{:indent$}{:width$}  {}", "", "", line(&about)));
        }
        // The members of each alternative stand together.
        members.iter().for_each(|members| add(members, indent + INDENT, lines));
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
