//! What the list methods answer, rendered once per change of the catalog.
//!
//! A list is the same for everybody who has the same tenant, access and endpoint, and stays so until the catalog's generation
//! changes; so it is kept under these four. Lists are ordered by name, and a page's cursor names the entry after which
//! the next page starts: a change between two pages neither repeats nor skips what stays.

use std::{fmt::Write as _, sync::Arc};

use moka::sync::Cache;
use rmcp::model::{ErrorData, PaginatedRequestParams, Prompt, Resource, ResourceTemplate, Tool};
use serde_json::{Map, Value};
use tandem_catalog::{Tool as CatalogTool, View};
use tandem_types::Access;

use super::{convert, errors};
use crate::{
    cursor::{decode, encode},
    incoming::Endpoint,
    meta,
    results::listed_schema,
};

/// Renderings kept. One per tenant and endpoint is in use; older generations age out.
const KEPT: u64 = 256;
/// Bytes of `instructions` with descriptions of categories: clients cut what is longer, and the beginning matters most.
const MAX_INSTRUCTIONS: usize = 1900;
/// Bytes of `instructions` with the names of the other categories.
const MAX_NAMES: usize = 2400;

/// Bytes of the categories in the description of `tools_search`, about: every client has it in its context.
const MAX_BEHIND: usize = 400;

/// All lists of one endpoint.
#[derive(Debug)]
pub(crate) struct Rendered {
    pub(crate) tools: Vec<Tool>,
    pub(crate) prompts: Vec<Prompt>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) templates: Vec<ResourceTemplate>,
    pub(crate) instructions: String,
}

impl Rendered {
    /// `inline` is the limit of a result in one message, where larger ones are kept.
    fn new(view: &View, endpoint: &Endpoint, inline: Option<usize>) -> Self {
        let here = || view.tools().filter(|tool| endpoint.shows(&tool.category));
        let listed = |tool: &Arc<CatalogTool>| {
            let mut listed = convert::tool(&endpoint.descriptor(&tool.descriptor), &tool.category, tool.task);
            if inline.is_some_and(|inline| tool.limits.output > inline as u64) {
                listed.output_schema = listed.output_schema.and_then(|own| listed_schema(&own)).map(Arc::new);
            }
            listed
        };
        let mut tools: Vec<_> = match endpoint {
            Endpoint::Hierarchical => meta::catalog_tools().cloned().collect(),
            Endpoint::Named(named) if !named.lists_all => {
                let pinned = here().filter(|tool| named.is_pinned(&tool.descriptor.name)).map(listed);
                meta::catalog_tools().cloned().chain(pinned).collect()
            }
            Endpoint::Full | Endpoint::Category(_) | Endpoint::Named(_) => here().map(listed).collect(),
        };
        if endpoint.has_meta_tools()
            && let Some(search) = tools.iter_mut().find(|tool| meta::is_search(&tool.name))
        {
            let description = search.description.as_deref().unwrap_or_default();
            search.description = Some(format!("{description} {}", behind(view)).into());
        }
        if inline.is_some() {
            tools.extend(meta::result_tools().cloned());
        }
        tools.sort_by(|a, b| a.name.cmp(&b.name));
        // A new name may be that of another tool; the first one is called by it.
        tools.dedup_by(|a, b| a.name == b.name);
        let mut prompts: Vec<_> =
            view.prompts().filter(|(c, _)| endpoint.shows(&c.name)).map(|(_, p)| convert::prompt(p)).collect();
        prompts.sort_by(|a, b| a.name.cmp(&b.name));
        let mut resources: Vec<_> =
            view.resources().filter(|(c, _)| endpoint.shows(&c.name)).map(|(_, r)| convert::resource(r)).collect();
        resources.sort_by(|a, b| a.uri.cmp(&b.uri));
        let mut templates: Vec<_> = view
            .resource_templates()
            .filter(|(c, _)| endpoint.shows(&c.name))
            .map(|(_, t)| convert::template(t))
            .collect();
        templates.sort_by(|a, b| a.uri_template.cmp(&b.uri_template));
        Self { tools, prompts, resources, templates, instructions: instructions(view, endpoint, inline) }
    }
}

/// Whether a property on the way down from the root is mirrored in a header.
pub(crate) fn mirrors(schema: &Map<String, Value>) -> bool {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return false };
    properties.values().filter_map(Value::as_object).any(|p| p.contains_key("x-mcp-header") || mirrors(p))
}

fn instructions(view: &View, endpoint: &Endpoint, inline: Option<usize>) -> String {
    let mut text = match endpoint {
        _ if endpoint.has_meta_tools() => {
            "The tools of this server are grouped in categories and are not listed here. Find one \
            with `tools_search` (by what it does) or with `tools_list_categories` and `tools_list_tools`; read its \
            parameters with `tools_get_schema`; call it with `tools_dispatch`. Several independent calls go in one \
            `tools_dispatch` with `calls`."
                .to_owned()
        }
        Endpoint::Category(name) => format!("The tools of the category `{name}`."),
        _ => "All tools of this server are listed. They belong to these categories.".to_owned(),
    };
    if let Some(inline) = inline {
        // Writing to a string cannot fail.
        let _ =
            write!(text, " A result over {inline} bytes comes as a handle: `tools_result_read` and its like say more.");
    }
    text.push_str("\n\nCategories:");
    let (mut others, mut left_out) = (Vec::new(), 0usize);
    for category in endpoint.categories(view) {
        let line = format!("\n- {}: {}", category.name, first_line(&category.description));
        if others.is_empty() && text.len() + line.len() <= MAX_INSTRUCTIONS {
            text.push_str(&line);
        } else {
            others.push(category.name.to_string());
        }
    }
    let mut names = String::new();
    for name in others {
        if left_out > 0 || text.len() + names.len() + name.len() > MAX_NAMES {
            left_out += 1;
        } else {
            names = if names.is_empty() { name } else { format!("{names}, {name}") };
        }
    }
    // Writing to a string cannot fail.
    let _ = match (names.is_empty(), left_out) {
        (true, 0) => Ok(()),
        (true, more) => write!(text, "\n- and {more} more"),
        (false, 0) => write!(text, "\n- and {names}"),
        (false, more) => write!(text, "\n- and {names}, and {more} more"),
    };
    text
}

/// What is behind the search, for clients that show no instructions to their models.
fn behind(view: &View) -> String {
    let mut text = format!("Behind it: {} tools", view.tools().count());
    let mut names = view.categories().map(|category| &*category.name);
    let mut begin = " of ";
    for name in names.by_ref() {
        text.extend([begin, name]);
        begin = ", ";
        if text.len() > MAX_BEHIND {
            break;
        }
    }
    match names.count() {
        0 => text.push('.'),
        // Writing to a string cannot fail.
        more => drop(write!(text, " and {more} more categories.")),
    }
    text
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// The renderings in use.
#[derive(Debug)]
pub(crate) struct Lists(Cache<(Arc<str>, Access, Endpoint, u64), Arc<Rendered>>);

impl Lists {
    pub(crate) fn new() -> Self {
        Self(Cache::new(KEPT))
    }

    pub(crate) fn get(
        &self,
        view: &View,
        tenant: &Arc<str>,
        endpoint: &Endpoint,
        inline: Option<usize>,
    ) -> Arc<Rendered> {
        let key = (tenant.clone(), view.access().clone(), endpoint.clone(), view.generation());
        self.0.get_with(key, || Arc::new(Rendered::new(view, endpoint, inline)))
    }
}

/// One page of a list that is sorted by `key`.
pub(crate) fn page<T: Clone>(
    items: &[T],
    request: Option<&PaginatedRequestParams>,
    size: usize,
    key: impl Fn(&T) -> &str,
) -> Result<(Vec<T>, Option<String>), ErrorData> {
    let start = match request.and_then(|params| params.cursor.as_deref()) {
        None => 0,
        Some(cursor) => {
            let after =
                decode(cursor).ok_or_else(|| errors::invalid("invalid_cursor", "the cursor is not one of ours"))?;
            items.partition_point(|item| key(item) <= after.as_str())
        }
    };
    let rest = items.get(start..).unwrap_or_default();
    let page = rest.get(..size).unwrap_or(rest);
    let next = (page.len() < rest.len()).then(|| page.last().map(|last| encode(key(last)))).flatten();
    Ok((page.to_vec(), next))
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    use serde_json::json;

    use super::*;
    use crate::cursor::MAX_CURSOR;

    fn names() -> Vec<String> {
        ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec()
    }

    fn ask(items: &[String], cursor: Option<String>) -> Result<(Vec<String>, Option<String>), ErrorData> {
        let request = PaginatedRequestParams::default().with_cursor(cursor);
        page(items, Some(&request), 2, String::as_str)
    }

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let (mut cursor, mut seen) = (None, Vec::new());
        loop {
            let (items, next) = ask(&names(), cursor).unwrap();
            assert!(items.len() <= 2);
            seen.extend(items);
            if next.is_none() {
                break;
            }
            cursor = next;
        }
        assert_eq!(seen, names());
    }

    #[test]
    fn a_change_between_pages_repeats_and_skips_nothing_that_stays() {
        let (first, next) = ask(&names(), None).unwrap();
        assert_eq!(first, ["a", "b"]);
        let changed = ["a0", "c", "d", "e"].map(str::to_owned);
        assert_eq!(ask(&changed, next).unwrap().0, ["c", "d"]);
    }

    #[test]
    fn a_full_last_page_has_no_cursor() {
        let four: Vec<_> = names().into_iter().take(4).collect();
        assert_eq!(ask(&four, Some(encode("b"))).unwrap(), (vec!["c".to_owned(), "d".to_owned()], None));
        assert_eq!(ask(&[], None).unwrap(), (vec![], None));
    }

    #[test]
    fn a_foreign_cursor_is_refused() {
        for wrong in ["%%%".to_owned(), "A".repeat(MAX_CURSOR + 1), BASE64_URL_SAFE_NO_PAD.encode([0xff])] {
            assert_eq!(ask(&names(), Some(wrong)).unwrap_err().code.0, -32602);
        }
    }

    #[test]
    fn mirrored_properties_are_found_below_the_root() {
        let schema = |value: Value| mirrors(value.as_object().unwrap());
        assert!(schema(json!({"properties": {"a": {"type": "string", "x-mcp-header": "A"}}})));
        assert!(schema(json!({"properties": {"o": {"properties": {"a": {"x-mcp-header": "A"}}}}})));
        assert!(!schema(json!({"properties": {"a": {"type": "string"}}})));
    }
}
