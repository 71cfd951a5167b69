//! Tools for people: a list by category, or one with its parameters.

use std::{collections::BTreeSet, io::Write as _};

use anyhow::bail;
use rmcp::model::Tool;
use serde_json::Value;

use super::schema;
use crate::{summary::summary, terminal};

pub(super) fn category_of(tool: &Tool) -> &str {
    tool.meta.as_ref().and_then(|meta| meta.get("tandem/category")).and_then(Value::as_str).unwrap_or("")
}

/// The tools, which are sorted by category.
pub(super) fn list(tools: &[Tool], json: bool) -> anyhow::Result<()> {
    if json {
        return Ok(terminal::print_json(tools)?);
    }
    let mut out = terminal::out();
    let width = tools.iter().map(|tool| tool.name.len()).max().unwrap_or(0);
    let mut category = None;
    for tool in tools {
        if category != Some(category_of(tool)) {
            category = Some(category_of(tool));
            writeln!(out, "{}", terminal::line(category_of(tool)))?;
        }
        let about = summary(tool.description.as_deref().unwrap_or_default(), width + 4);
        writeln!(out, "  {:width$}  {about}", tool.name)?;
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
            true => "`tandem tool list` lists all".to_owned(),
            false => format!("did you mean {}?", near.join(", ")),
        };
        bail!("no category or tool `{name}`; {remedy}");
    }
    tools.retain(|tool| category_of(tool) == name);
    list(&tools, json)
}

fn one(tool: &Tool, json: bool) -> anyhow::Result<()> {
    if json {
        return Ok(terminal::print_json(tool)?);
    }
    let mut out = terminal::out();
    writeln!(out, "{}  ({})", terminal::line(&tool.name), terminal::line(category_of(tool)))?;
    writeln!(out, "{}", tool.description.as_deref().unwrap_or_default())?;
    let lines = schema::lines(&tool.input_schema);
    writeln!(out, "{}", if lines.is_empty() { "\nNo parameters." } else { "\nParameters:" })?;
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    Ok(())
}
