//! Tools for people: a list by category, or one with its parameters.

use std::{collections::BTreeSet, io::Write as _};

use anyhow::bail;
use rmcp::model::Tool;
use serde_json::{Map, Value};

use crate::terminal;

/// Most of a type that is shown in a line: values of a long enumeration are in the JSON.
const MAX_TYPE: usize = 100;

pub(super) fn category_of(tool: &Tool) -> &str {
    tool.meta.as_ref().and_then(|meta| meta.get("tandem/category")).and_then(Value::as_str).unwrap_or("")
}

/// The tools, which are sorted by category.
pub(super) fn list(tools: &[Tool], json: bool) -> anyhow::Result<()> {
    let mut out = terminal::out();
    if json {
        return Ok(writeln!(out, "{}", terminal::json(tools)?)?);
    }
    let width = tools.iter().map(|tool| tool.name.len()).max().unwrap_or(0);
    let mut category = None;
    for tool in tools {
        if category != Some(category_of(tool)) {
            category = Some(category_of(tool));
            writeln!(out, "{}", terminal::line(category_of(tool)))?;
        }
        writeln!(out, "  {:width$}  {}", tool.name, first_line(tool.description.as_deref()))?;
    }
    Ok(())
}

/// The tools of the category of this name, or else the tool.
pub(super) fn named(mut tools: Vec<Tool>, name: &str, json: bool) -> anyhow::Result<()> {
    let is_category = tools.iter().any(|tool| category_of(tool) == name);
    if let Some(tool) = tools.iter().find(|tool| tool.name == name && !is_category) {
        return one(tool, json);
    }
    if !is_category {
        let known: BTreeSet<&str> = tools.iter().flat_map(|tool| [category_of(tool), &*tool.name]).collect();
        let near = tandem_catalog::near(name, known.into_iter());
        let near: Vec<String> = near.iter().map(|name| format!("`{}`", terminal::line(name))).collect();
        let remedy = match near.is_empty() {
            true => "`tandem tools` lists all".to_owned(),
            false => format!("near: {}", near.join(", ")),
        };
        bail!("there is no category or tool `{name}`; {remedy}");
    }
    tools.retain(|tool| category_of(tool) == name);
    list(&tools, json)
}

fn one(tool: &Tool, json: bool) -> anyhow::Result<()> {
    let mut out = terminal::out();
    if json {
        return Ok(writeln!(out, "{}", terminal::json(tool)?)?);
    }
    writeln!(out, "{}  ({})", terminal::line(&tool.name), terminal::line(category_of(tool)))?;
    writeln!(out, "{}", tool.description.as_deref().unwrap_or_default())?;
    let none = Map::new();
    let parameters = tool.input_schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let required: Vec<&str> = match tool.input_schema.get("required") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    writeln!(out, "{}", if parameters.is_empty() { "\nIt takes no parameters." } else { "\nParameters:" })?;
    let width = parameters.keys().map(|name| name.chars().count()).max().unwrap_or(0);
    for (name, schema) in parameters {
        let must = if required.contains(&name.as_str()) { ", required" } else { "" };
        let default = schema.get("default").map(|value| format!(", default {value}")).unwrap_or_default();
        let about = first_line(schema.get("description").and_then(Value::as_str));
        let kind = tandem_catalog::shown(&kind(schema), MAX_TYPE).into_owned();
        writeln!(out, "  {:width$}  {}", terminal::line(name), terminal::line(&format!("{kind}{must}{default}")))?;
        if !about.is_empty() {
            writeln!(out, "  {:width$}  {about}", "")?;
        }
    }
    Ok(())
}

/// What a value may be, in a few words.
fn kind(schema: &Value) -> String {
    let many = |list: &Vec<Value>, text: fn(&Value) -> String| list.iter().map(text).collect::<Vec<_>>().join(" | ");
    if let Some(Value::Array(values)) = schema.get("enum") {
        return many(values, Value::to_string);
    }
    if let Some(value) = schema.get("const") {
        return value.to_string();
    }
    for either in ["anyOf", "oneOf"] {
        if let Some(Value::Array(branches)) = schema.get(either) {
            return many(branches, kind);
        }
    }
    match schema.get("type") {
        Some(Value::String(name)) if name == "array" => match schema.get("items") {
            Some(items) => format!("list of {}", kind(items)),
            None => "list".to_owned(),
        },
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => many(names, |name| name.as_str().unwrap_or_default().to_owned()),
        _ => "value".to_owned(),
    }
}

fn first_line(text: Option<&str>) -> &str {
    text.unwrap_or_default().lines().next().unwrap_or_default()
}
