//! One entry in a client's file, and everything else as it was: comments, order, spaces.

use std::str::FromStr as _;

use jsonc_parser::{
    ParseOptions,
    cst::{CstInputValue, CstObject, CstObjectProp, CstRootNode},
};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use toml_edit::{Array, DocumentMut, Item, Table, TableLike};
use yaml_edit::{Document, Mapping, YamlValue};

use crate::{
    error::EditError,
    format::{Format, TRANSPORT},
};

/// The text with the entry in it. An empty text is a file that is not there.
///
/// # Errors
/// The text is not what the format says, or what has to be a table is none: nothing is guessed.
pub(crate) fn set(
    text: &str,
    format: Format,
    table: &str,
    name: &str,
    entry: &Map<String, Value>,
) -> Result<String, EditError> {
    let mut edited = match format {
        Format::Json | Format::JsonWithComments => json(text, format, table, name, entry),
        Format::Toml => toml(text, table, name, entry),
        Format::Yaml => yaml(text, table, name, entry),
    }?;
    if !edited.ends_with('\n') && (text.is_empty() || text.ends_with('\n')) {
        edited.push('\n');
    }
    Ok(edited)
}

/// The fields that an entry which is there loses.
fn stale<'a>(entry: &'a Map<String, Value>) -> impl Iterator<Item = &'static str> + 'a {
    TRANSPORT.into_iter().filter(|field| !entry.contains_key(*field))
}

fn syntax<E: std::fmt::Display>(format: &'static str) -> impl Fn(E) -> EditError {
    move |error| EditError::Syntax { format, reason: error.to_string() }
}

fn no_table(name: &str) -> EditError {
    EditError::NoTable(name.to_owned())
}

fn json(text: &str, format: Format, table: &str, name: &str, entry: &Map<String, Value>) -> Result<String, EditError> {
    if text.trim().is_empty() {
        return serde_json::to_string_pretty(&serde_json::json!({ table: { name: entry } })).map_err(syntax("JSON"));
    }
    let comments = format == Format::JsonWithComments;
    if !comments {
        // The parser below takes comments after the end in any case.
        serde_json::from_str::<IgnoredAny>(text).map_err(syntax("JSON"))?;
    }
    let options = ParseOptions {
        allow_comments: comments,
        allow_trailing_commas: comments,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let root = CstRootNode::parse(text, &options).map_err(syntax("JSON"))?;
    let servers = object(&root.object_value().ok_or(EditError::NoObject("JSON object"))?, table)?;
    let server = object(&servers, name)?;
    for (field, value) in entry {
        match only(&server, field)? {
            Some(there) if there.value().and_then(|value| value.to_serde_value()).as_ref() == Some(value) => {}
            Some(there) => there.set_value(input(value)),
            None => drop(server.append(field, input(value))),
        }
    }
    for field in stale(entry) {
        if let Some(there) = only(&server, field)? {
            there.remove();
        }
    }
    Ok(root.to_string())
}

/// The one property of a name. Of two, a client takes one or the other.
fn only(object: &CstObject, name: &str) -> Result<Option<CstObjectProp>, EditError> {
    let mut all = object.properties();
    all.retain(|property| property.decoded_name().as_deref() == Some(name));
    if all.len() > 1 {
        return Err(EditError::Duplicate(name.to_owned()));
    }
    Ok(all.pop())
}

fn object(parent: &CstObject, name: &str) -> Result<CstObject, EditError> {
    match only(parent, name)? {
        Some(there) => there.object_value().ok_or_else(|| no_table(name)),
        None => parent.object_value_or_create(name).ok_or_else(|| no_table(name)),
    }
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(value) => CstInputValue::Bool(*value),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(list) => CstInputValue::Array(list.iter().map(input).collect()),
        Value::Object(map) => {
            CstInputValue::Object(map.iter().map(|(key, value)| (key.clone(), input(value))).collect())
        }
    }
}

fn toml(text: &str, table: &str, name: &str, entry: &Map<String, Value>) -> Result<String, EditError> {
    let mut document = DocumentMut::from_str(text).map_err(|error| syntax("TOML")(error.message()))?;
    let implicit = || {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    };
    let servers = document.entry(table).or_insert_with(implicit);
    let servers: &mut dyn TableLike = servers.as_table_like_mut().ok_or_else(|| no_table(table))?;
    let server = servers.entry(name).or_insert_with(toml_edit::table);
    let server = server.as_table_like_mut().ok_or_else(|| no_table(name))?;
    for (field, value) in entry {
        let value = toml_value(value).ok_or_else(|| EditError::Unsupported(field.clone()))?;
        let same = server
            .get(field)
            .and_then(Item::as_value)
            .is_some_and(|there| there.to_string().trim() == value.to_string());
        if !same {
            server.insert(field, Item::Value(value));
        }
    }
    for field in stale(entry) {
        server.remove(field);
    }
    Ok(document.to_string())
}

fn toml_value(value: &Value) -> Option<toml_edit::Value> {
    Some(match value {
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => number.as_i64()?.into(),
        Value::String(text) => text.as_str().into(),
        Value::Array(list) => list.iter().map(toml_value).collect::<Option<Array>>()?.into(),
        Value::Null | Value::Object(_) => return None,
    })
}

fn yaml(text: &str, table: &str, name: &str, entry: &Map<String, Value>) -> Result<String, EditError> {
    // A mapping that begins empty would be written in one line.
    let new = format!("{table}:\n  {name}:\n    enabled: true\n");
    let text = if text.trim().is_empty() { &new } else { text };
    let document = Document::from_str(text).map_err(syntax("YAML"))?;
    let root = document.as_mapping().ok_or(EditError::NoObject("YAML mapping"))?;
    let server = mapping(&mapping(&root, table)?, name)?;
    for (field, value) in entry {
        match value {
            Value::String(text) => server.set(field.as_str(), text.as_str()),
            Value::Bool(value) => server.set(field.as_str(), *value),
            other => server.set(field.as_str(), yaml_value(other)),
        }
    }
    for field in stale(entry) {
        server.remove(field);
    }
    Ok(document.to_string())
}

fn mapping(parent: &Mapping, name: &str) -> Result<Mapping, EditError> {
    if parent.get(name).is_none() {
        parent.set(name, Mapping::new());
    }
    parent.get_mapping(name).ok_or_else(|| no_table(name))
}

fn yaml_value(value: &Value) -> YamlValue {
    match value {
        Value::Null => YamlValue::from(""),
        Value::Bool(value) => YamlValue::from(*value),
        Value::Number(number) => YamlValue::from(number.as_i64().unwrap_or_default()),
        Value::String(text) => YamlValue::from(text.as_str()),
        Value::Array(list) => YamlValue::Sequence(list.iter().map(yaml_value).collect()),
        Value::Object(map) => {
            YamlValue::Mapping(map.iter().map(|(key, value)| (key.clone(), yaml_value(value))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry() -> Map<String, Value> {
        json!({"command": "/opt/tandem", "args": ["serve", "--stdio"]}).as_object().unwrap().clone()
    }

    fn other() -> Map<String, Value> {
        json!({"url": "http://127.0.0.1:8000/mcp"}).as_object().unwrap().clone()
    }

    const FILES: [(Format, &str, &str); 4] = [
        (
            Format::Json,
            "mcpServers",
            "{\n\t\"big\": 12345678901234567890123,\n\t\"mcpServers\": {\n\t\t\"a\": {\"url\": \"x\"}\n\t},\n\t\"z\": 1.10\n}\n",
        ),
        (
            Format::JsonWithComments,
            "servers",
            "// mine\n{\n  \"servers\": {\n    \"a\": {}, // first\n  },\n  /* last */ \"inputs\": []\n}\n",
        ),
        (
            Format::Toml,
            "mcp_servers",
            "# mine\nmodel = 'x'   # quoted so\n\n[mcp_servers.a]\ncommand = \"y\"\n\n[profiles]\nb = 1\n",
        ),
        (
            Format::Yaml,
            "extensions",
            "# mine\nGOOSE_MODEL: x   # so\nextensions:\n  a:\n    enabled: true\n  # second\n  b: {}\nlast: 1\n",
        ),
    ];

    /// The lines of `text` in their order, with others between them.
    fn keeps(text: &str, edited: &str) {
        let mut lines = edited.lines();
        for line in text.lines() {
            let bare = |line: &str| line.trim_end_matches(',').to_owned();
            assert!(lines.any(|other| bare(other) == bare(line)), "{line:?} is gone or moved:\n{edited}");
        }
    }

    #[test]
    fn everything_else_stays_as_it_was() {
        for (format, table, text) in FILES {
            let once = set(text, format, table, "tandem", &entry()).unwrap();
            keeps(text, &once);
            assert!(once.contains("/opt/tandem") && once.contains("--stdio"), "{once}");
            assert_eq!(set(&once, format, table, "tandem", &entry()).unwrap(), once, "twice is no other file");
            let moved = set(&once, format, table, "tandem", &other()).unwrap();
            keeps(text, &moved);
            assert!(
                moved.contains("8000/mcp") && !moved.contains("/opt/tandem") && !moved.contains("--stdio"),
                "{moved}"
            );
            let new = set("", format, table, "tandem", &entry()).unwrap();
            assert_eq!(set(&new, format, table, "tandem", &entry()).unwrap(), new, "{new}");
        }
    }

    #[test]
    fn what_a_user_added_to_the_entry_stays() {
        let text =
            "{\"mcpServers\": {\"tandem\": {\"command\": \"old\", \"env\": {\"A\": \"b\"}, \"disabled\": true}}}";
        let edited = set(text, Format::Json, "mcpServers", "tandem", &other()).unwrap();
        let server = &serde_json::from_str::<Value>(&edited).unwrap()["mcpServers"]["tandem"];
        assert_eq!(*server, json!({"env": {"A": "b"}, "disabled": true, "url": "http://127.0.0.1:8000/mcp"}));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for (format, table, text) in [
            (Format::Json, "mcpServers", "{\"mcpServers\": {}} // mine"),
            (Format::Json, "mcpServers", "{\"mcpServers\": {},}"),
            (Format::Json, "mcpServers", "{\"mcpServers\": []}"),
            (Format::Json, "mcpServers", "{\"mcpServers\": {}, \"mcpServers\": {}}"),
            (Format::Json, "mcpServers", "[]"),
            (Format::JsonWithComments, "servers", "{\"servers\": {\"tandem\": 1}}"),
            (Format::JsonWithComments, "servers", "{\"servers\": "),
            (Format::Toml, "mcp_servers", "mcp_servers = 1"),
            (Format::Toml, "mcp_servers", "[mcp_servers"),
            (Format::Yaml, "extensions", "extensions:\n- a\n"),
            (Format::Yaml, "extensions", "extensions: [a\nb: }"),
            (Format::Yaml, "extensions", "just text"),
        ] {
            let refused = set(text, format, table, "tandem", &entry());
            assert!(refused.is_err(), "{text}: {refused:?}");
        }
    }
}
