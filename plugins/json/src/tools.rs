//! The tools, as the host sees them.

use serde_json::Map;
use tandem_sdk::prelude::*;

use crate::diff::{self, Difference};
use crate::input::{Data, Source};
use crate::patch::{self, Patched};
use crate::path::{self, Found};
use crate::query::{self, Form, Query, Results};

/// The category.
#[derive(Debug)]
pub struct Json;

#[tools]
impl Json {
    /// Runs a jq program on JSON and returns its results: select, compute, group, reshape. For plain lookups with their places
    /// use `json_path`.
    #[tool(read_only, idempotent, title = "Query JSON with jq", meta = json!({ "tandem/exact-numbers": ["data"] }))]
    fn json_query(
        ctx: &Ctx,
        /// The jq program, as `.orders[] | select(.total > 10) | .id`.
        program: &str,
        /// The JSON value; without `data`, `text` and `path` the input is null.
        data: Option<Data>,
        /// JSON as text, or JSON Lines: the program runs on each value.
        text: Option<String>,
        /// A file of a granted directory, as `data/orders.json`.
        path: Option<String>,
        /// Values of variables, as `{"minimum": 10}` for `$minimum`.
        variables: Option<Map<String, Value>>,
        /// Whether all values of the text become one array, on which the program runs once.
        #[arg(default = false)]
        slurp: bool,
        /// `json` for values, `text` for lines of JSON with every digit, `raw` for lines with strings as they are; `json` if not given.
        format: Option<Form>,
        /// How many results a page has at most.
        #[arg(default = 100, min = 1, max = 10000)]
        limit: u32,
        /// The `next_cursor` of the page before.
        cursor: Option<String>,
    ) -> Result<Results> {
        let input = Source { data, text, path }.read()?;
        let form = format.unwrap_or_default();
        query::run(ctx, input.as_deref(), Query { program, variables, slurp, form, limit, cursor })
    }

    /// Finds values in JSON by a JSONPath expression (RFC 9535) and returns each with its JSON Pointer. To compute or reshape
    /// use `json_query`.
    #[tool(read_only, idempotent, title = "Find by JSONPath", meta = json!({ "tandem/exact-numbers": ["data"] }))]
    fn json_path(
        /// The JSONPath, as `$.store.book[?@.price < 10].title`.
        expression: &str,
        /// The JSON value.
        data: Option<Data>,
        /// JSON as text.
        text: Option<String>,
        /// A file of a granted directory, as `data/orders.json`.
        path: Option<String>,
        /// How many matches a page has at most.
        #[arg(default = 100, min = 1, max = 10000)]
        limit: u32,
        /// The `next_cursor` of the page before.
        cursor: Option<String>,
    ) -> Result<Found> {
        path::find(&Source { data, text, path }.value()?, expression, limit, cursor.as_deref())
    }

    /// Applies a JSON Patch (RFC 6902) or a JSON Merge Patch (RFC 7396) to JSON and returns the new document; all operations
    /// or none. The file is not changed.
    #[tool(read_only, idempotent, title = "Patch JSON", meta = json!({ "tandem/exact-numbers": ["data"] }))]
    fn json_patch(
        /// The JSON value.
        data: Option<Data>,
        /// JSON as text.
        text: Option<String>,
        /// A file of a granted directory, as `data/orders.json`.
        path: Option<String>,
        /// Operations of a JSON Patch, at most 1000, as `[{"op": "replace", "path": "/name", "value": "Ada"}]`.
        patch: Option<Vec<Value>>,
        /// A merge patch, as `{"name": "Ada", "age": null}`; null removes a member.
        merge: Option<Map<String, Value>>,
    ) -> Result<Patched> {
        let document = Source { data, text, path }.value()?;
        match (patch, merge) {
            (Some(operations), None) => patch::apply(document, operations),
            (None, Some(merge)) => patch::merge(document, &Value::Object(merge)),
            _ => Err(Error::invalid_arguments("give either `patch` or `merge`")),
        }
    }

    /// Compares two JSON documents by value and returns a JSON Patch (RFC 6902) that turns the first into the second; `json_patch`
    /// applies it.
    #[tool(read_only, idempotent, title = "Compare JSON", meta = json!({ "tandem/exact-numbers": ["data", "other_data"] }))]
    fn json_diff(
        /// The first JSON value.
        data: Option<Data>,
        /// The first as text.
        text: Option<String>,
        /// The first as a file of a granted directory, as `data/before.json`.
        path: Option<String>,
        /// The second JSON value.
        other_data: Option<Data>,
        /// The second as text.
        other_text: Option<String>,
        /// The second as a file of a granted directory, as `data/after.json`.
        other_path: Option<String>,
    ) -> Result<Difference> {
        let before = Source { data, text, path }.value()?;
        let other = Source { data: other_data, text: other_text, path: other_path };
        let after = other.value().map_err(|error| error.context("the second document (`other_…`)"))?;
        diff::compare(&before, &after)
    }
}
