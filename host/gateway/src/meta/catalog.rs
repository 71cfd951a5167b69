//! The meta-tools that read the catalog.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tandem_catalog::{Category, Tool, View, shown_name};
use tandem_package::{Affinity, TaskSupport};
use tandem_router::{CallError, NO_NETWORK, RuntimeStatus, Violation, choose, unknown_category, unknown_tool};

use super::limits::MAX_GUESSED;
use crate::{
    cursor::{decode, encode},
    incoming::Endpoint,
};

#[derive(Deserialize)]
pub(super) struct ListCategories {
    #[serde(default = "yes")]
    include_count: bool,
}

fn yes() -> bool {
    true
}

pub(super) fn categories(arguments: &ListCategories, view: &View, status: &RuntimeStatus) -> Value {
    let categories = view.categories().map(|category| {
        let count = arguments.include_count.then(|| view.tools_of(category).count());
        CategoryLine::new(category, count, status)
    });
    json!({ "categories": categories.collect::<Vec<_>>() })
}

/// One category in a list, here and in the REST interface.
#[derive(Serialize)]
pub(crate) struct CategoryLine<'a> {
    name: &'a str,
    title: &'a str,
    description: &'a str,
    version: &'a str,
    affinity: Affinity,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_count: Option<usize>,
    state: &'static str,
}

impl<'a> CategoryLine<'a> {
    pub(crate) fn new(category: &'a Category, tool_count: Option<usize>, status: &RuntimeStatus) -> Self {
        let state = status.categories.iter().find(|known| *known.name == *category.name);
        Self {
            name: &category.name,
            title: &category.title,
            description: &category.description,
            version: &category.version,
            affinity: category.affinity,
            tool_count,
            state: state.map_or("serving", |known| state_of(known.circuit)),
        }
    }
}

/// A category is as its circuit lets it be.
pub(crate) fn state_of(circuit: &str) -> &'static str {
    match circuit {
        "open" => "suspended",
        "half-open" => "recovering",
        _ => "serving",
    }
}

#[derive(Deserialize)]
pub(super) struct ListTools {
    category: String,
    #[serde(default = "hundred")]
    limit: usize,
    cursor: Option<String>,
}

fn hundred() -> usize {
    100
}

pub(super) fn tools(arguments: &ListTools, view: &View, endpoint: &Endpoint) -> Result<Value, CallError> {
    let Some(category) = view.category(&arguments.category) else {
        return Err(unknown_category(view, &arguments.category));
    };
    let after = arguments.cursor.as_deref().map(|cursor| decode(cursor).ok_or_else(bad_cursor)).transpose()?;
    let page = tool_page(view, endpoint, category, after.as_deref(), arguments.limit);
    Ok(serde_json::to_value(page).unwrap_or_default())
}

fn bad_cursor() -> CallError {
    let violation = Violation { pointer: "/cursor".to_owned(), message: "is not a cursor of this list".to_owned() };
    CallError::InvalidArguments { tool: "tools_list_tools".to_owned(), violations: vec![violation] }
}

/// One page of a category's tools, here and in the REST interface.
#[derive(Serialize)]
pub(crate) struct ToolPage<'a> {
    category: &'a str,
    tools: Vec<ToolLine<'a>>,
    total: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct ToolLine<'a> {
    name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    description: Cow<'a, str>,
    read_only: bool,
    idempotent: bool,
}

pub(crate) fn tool_page<'a>(
    view: &'a View,
    endpoint: &Endpoint,
    category: &'a Category,
    after: Option<&str>,
    limit: usize,
) -> ToolPage<'a> {
    let mut rest = view
        .tools_of(category)
        .filter(|tool| after.is_none_or(|after| tool.descriptor.name.as_str() > after))
        .peekable();
    let page: Vec<_> = rest.by_ref().take(limit).collect();
    // Under their own names, in whose order the pages are.
    let next_cursor = rest.peek().and_then(|_| page.last()).map(|last| encode(&last.descriptor.name));
    let tools = page.into_iter().map(|tool| ToolLine::new(tool, endpoint)).collect();
    ToolPage { category: &category.name, tools, total: view.tools_of(category).count(), next_cursor }
}

impl<'a> ToolLine<'a> {
    fn new(tool: &'a Tool, endpoint: &Endpoint) -> Self {
        let descriptor = &tool.descriptor;
        let (name, description) = match endpoint.descriptor(descriptor) {
            Cow::Borrowed(own) => (own.name.as_str().into(), own.description.as_str().into()),
            Cow::Owned(here) => (here.name.into(), here.description.into()),
        };
        Self {
            name,
            title: descriptor.title.as_deref(),
            description,
            read_only: descriptor.annotations.read_only,
            idempotent: descriptor.annotations.idempotent,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct GetSchema {
    tool: OneOrMany,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

pub(super) fn schemas(arguments: GetSchema, view: &View, endpoint: &Endpoint) -> Result<Value, CallError> {
    let names = match arguments.tool {
        OneOrMany::One(name) => vec![name],
        OneOrMany::Many(names) => names,
    };
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for name in names {
        match endpoint.tool(view, &name) {
            Some(tool) => known.push(describe(view, endpoint, tool)),
            None => {
                // A list of names that are not there is compared with all that are.
                let near = if unknown.len() < MAX_GUESSED { view.near_tools(&name) } else { Vec::new() };
                let near: Vec<_> = near.iter().map(|near| endpoint.name_of(near).to_owned()).collect();
                unknown.push((near, shown_name(&name).into_owned()));
            }
        }
    }
    if known.is_empty()
        && let Some((near, name)) = unknown.pop()
    {
        return Err(unknown_tool(view, &name, near));
    }
    let mut answer = json!({ "tools": known });
    if !unknown.is_empty() {
        let unknown: Vec<_> = unknown.into_iter().map(|(near, name)| json!({ "name": name, "near": near })).collect();
        if let Some(answer) = answer.as_object_mut() {
            answer.insert("unknown".to_owned(), unknown.into());
        }
    }
    Ok(answer)
}

/// All that is to know of a tool, here and in the REST interface.
pub(crate) fn describe(view: &View, endpoint: &Endpoint, tool: &Tool) -> Value {
    let descriptor = endpoint.descriptor(&tool.descriptor);
    let limits = &tool.limits;
    let aliases: Vec<_> = tool.aliases.iter().map(|alias| alias.name.as_str()).collect();
    let mut out = json!({
        "name": descriptor.name,
        "category": tool.category,
        "description": descriptor.description,
        "input_schema": descriptor.input_schema,
        "annotations": descriptor.annotations,
        "limits": {
            "deadline_ms": limits.deadline.as_millis() as u64,
            "memory_bytes": limits.memory,
            "cpu_ms": limits.cpu.as_millis() as u64,
            "output_bytes": limits.output,
            "concurrency": limits.concurrency,
        },
        "retry": {
            "policy": tool.retry.policy,
            "attempts": tool.retry.attempts(),
            "base_delay_ms": tool.retry.base_delay.as_millis(),
        },
        "interface_cid": tool.digest,
    });
    if let Some(out) = out.as_object_mut() {
        if let Some(category) = view.category(&tool.category) {
            let (lane, reason) = choose(category, Some(tool));
            out.insert("lane".to_owned(), json!({ "name": lane.as_str(), "reason": reason }));
            out.insert("requires_p2p".to_owned(), category.requires_p2p.into());
            out.insert("priority".to_owned(), tool.priority.into());
        }
        if let Some(ttl) = tool.cache_ttl {
            out.insert("cache_ttl_ms".to_owned(), (ttl.as_millis() as u64).into());
        }
        if tool.task != TaskSupport::Forbidden {
            out.insert("task".to_owned(), tool.task.as_str().into());
        }
        if !aliases.is_empty() {
            out.insert("aliases".to_owned(), aliases.into());
        }
        if let Some(title) = &descriptor.title {
            out.insert("title".to_owned(), title.as_str().into());
        }
        if let Some(schema) = &descriptor.output_schema {
            out.insert("output_schema".to_owned(), schema.clone());
        }
    }
    out
}

#[derive(Deserialize)]
pub(super) struct Search {
    query: String,
    #[serde(default = "ten")]
    limit: usize,
}

fn ten() -> usize {
    10
}

pub(super) fn search(arguments: &Search, view: &View, endpoint: &Endpoint) -> Value {
    let found = view.search(&arguments.query, arguments.limit);
    let tools: Vec<_> = found
        .iter()
        .map(|(tool, score)| {
            let descriptor = endpoint.descriptor(&tool.descriptor);
            json!({
                "name": descriptor.name,
                "category": tool.category,
                "description": descriptor.description,
                "score": score,
            })
        })
        .collect();
    match view.search_lacks_network(&arguments.query) {
        true => json!({ "tools": tools, "note": format!("one that fits better is left out: {NO_NETWORK}") }),
        false => json!({ "tools": tools }),
    }
}
