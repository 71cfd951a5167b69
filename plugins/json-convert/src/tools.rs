//! The tools, as the host sees them.

use tandem_json_source::{Data, Source};
use tandem_sdk::prelude::*;

use crate::repair::{self, Repaired};
use crate::template::{self, Escape, Filled};
use crate::{
    convert::{self, Converted},
    format::{Format, How},
};

/// The category.
#[derive(Debug)]
pub struct JsonConvert;

#[tools]
impl JsonConvert {
    /// Converts data between JSON, JSON Lines (NDJSON), YAML, TOML, XML and CSV and returns the text. For documents as docx or xlsx use
    /// `convert_file`.
    #[tool(read_only, idempotent, title = "Convert a data format", meta = json!({ "tandem/exact-numbers": ["data"] }))]
    fn json_convert_data(
        ctx: &Ctx,
        /// The JSON value.
        data: Option<Data>,
        /// The data as text, in the format `from`.
        text: Option<String>,
        /// A file of a granted directory, as `data/settings.yaml`.
        path: Option<String>,
        /// The format of the data; by the ending of `path` if not given, else `json`.
        from: Option<Format>,
        /// The format to write, as `toml`.
        to: Format,
        /// The name of the root element where XML is written of data that is not one element.
        #[arg(default = "root".to_owned(), min_length = 1, max_length = 100)]
        root: String,
        /// The character between cells of CSV: `,`, `;`, `|`, or a tab.
        #[arg(default = ",".to_owned(), min_length = 1, max_length = 1)]
        delimiter: String,
        /// Whether cells of CSV that are written as JSON writes numbers and booleans become such; `007` stays text.
        #[arg(default = true)]
        types: bool,
        /// Whether JSON, TOML and XML are written with indentation.
        #[arg(default = true)]
        pretty: bool,
    ) -> Result<Converted> {
        let delimiter = match delimiter.as_bytes() {
            [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"\"\r\n".contains(byte) => *byte,
            _ => return Err(Error::invalid_arguments("`delimiter` is one character as `,`, `;`, `|` or a tab")),
        };
        let source = Source { data, text, path, prefix: "" };
        convert::run(ctx, source, &How { from, to, root: &root, delimiter, types, pretty })
    }

    /// Repairs broken JSON, as models and people write it, and returns valid JSON: missing or wrong quotes, commas and brackets, comments,
    /// Python constants, text cut off at its end, Markdown fences.
    #[tool(read_only, idempotent, title = "Repair JSON")]
    fn json_convert_repair(
        /// The broken JSON, as `{name: 'Ada', tags: [1, 2,`; at most 1 MiB.
        text: Option<String>,
        /// A file of a granted directory, as `data/answer.txt`.
        path: Option<String>,
        /// Whether the result is written with indentation.
        #[arg(default = false)]
        pretty: bool,
    ) -> Result<Repaired> {
        if text.is_none() && path.is_none() {
            return Err(Error::invalid_arguments("give one of `text` and `path`"));
        }
        repair::run(Source { data: None, text, path, prefix: "" }, pretty)
    }

    /// Fills a Jinja template with JSON data and returns the text: variables, loops, conditions, filters, macros. To compute JSON from
    /// JSON use `json_query`.
    #[tool(read_only, idempotent, title = "Fill a template", meta = json!({ "tandem/exact-numbers": ["data"] }))]
    fn json_convert_template(
        /// The template, as `Dear {{ name }}, {% for o in orders %}{{ o.id }} {% endfor %}`; at most 64 KiB.
        template: &str,
        /// The data, an object whose members are the variables.
        data: Option<Data>,
        /// The data as JSON text.
        text: Option<String>,
        /// The data as a JSON file of a granted directory, as `data/order.json`.
        path: Option<String>,
        /// How values are escaped; `none` if not given.
        escape: Option<Escape>,
        /// Whether a variable that is not there is an error; else it is empty.
        #[arg(default = true)]
        strict: bool,
    ) -> Result<Filled> {
        let data = Source { data, text, path, prefix: "" }.value()?;
        if !data.is_object() {
            return Err(Error::invalid_arguments("the data must be an object, whose members are the variables"));
        }
        template::run(template, &data, escape.unwrap_or_default(), strict)
    }
}
