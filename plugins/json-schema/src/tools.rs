//! The tools, as the host sees them.

use tandem_json_source::{Data, Source};
use tandem_sdk::prelude::*;

use crate::infer::{self, Inferred};
use crate::validate::{self, Verdict, Version};

/// The category.
#[derive(Debug)]
pub struct JsonSchemas;

#[tools]
impl JsonSchemas {
    /// Validates JSON against a JSON Schema and returns whether it is valid, with each error's place (JSON Pointer), keyword and
    /// message. To make a schema from examples use `json_schema_infer`.
    #[tool(read_only, idempotent, title = "Validate by JSON Schema", meta = json!({ "tandem/exact-numbers": ["data"] }))]
    fn json_schema_validate(
        ctx: &Ctx,
        /// The JSON value to check.
        data: Option<Data>,
        /// The JSON to check, as text.
        text: Option<String>,
        /// The JSON to check, as a file of a granted directory, as `data/orders.json`.
        path: Option<String>,
        /// The schema, as `{"type": "object", "required": ["id"]}`; references lead to places within it.
        schema: Option<Data>,
        /// The schema as text.
        schema_text: Option<String>,
        /// The schema as a file of a granted directory, as `data/order.schema.json`.
        schema_path: Option<String>,
        /// The version of JSON Schema; by the schema's `$schema` if not given, else 2020-12.
        version: Option<Version>,
        /// Whether `format` is checked (dates, addresses, URIs), not only noted.
        #[arg(default = true)]
        check_formats: bool,
        /// How many errors are returned at most.
        #[arg(default = 20, min = 1, max = 500)]
        max_errors: u32,
    ) -> Result<Verdict> {
        let data = Source { data, text, path, prefix: "" };
        let schema = Source { data: schema, text: schema_text, path: schema_path, prefix: "schema_" };
        validate::run(ctx, data, schema, &validate::How { version, check_formats, max_errors })
    }

    /// Infers a JSON Schema from example documents: types, required members, formats, and enums where few values repeat. To check
    /// data against a schema use `json_schema_validate`.
    #[tool(read_only, idempotent, title = "Infer a JSON Schema", meta = json!({ "tandem/exact-numbers": ["data"] }))]
    fn json_schema_infer(
        ctx: &Ctx,
        /// The JSON value.
        data: Option<Data>,
        /// JSON as text, or JSON Lines: each value is a document.
        text: Option<String>,
        /// A file of a granted directory, as `data/orders.jsonl`.
        path: Option<String>,
        /// Whether each item of an array is a document of its own, as in `[{…}, {…}]`; otherwise the array is one document.
        #[arg(default = false)]
        each: bool,
        /// Whether members that were not seen are forbidden (`additionalProperties: false`).
        #[arg(default = false)]
        closed: bool,
        /// How many values an `enum` has at most; 0 makes none. Each value must have been seen three times on average.
        #[arg(default = 8, min = 0, max = 50)]
        max_enum: u32,
    ) -> Result<Inferred> {
        let source = Source { data, text, path, prefix: "" };
        infer::run(ctx, source, &infer::How { each, closed, max_enum })
    }
}
