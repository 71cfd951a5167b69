//! The tools, as the host sees them.

use tandem_sdk::prelude::*;

use crate::extract::{self, Field, Rows};
use crate::links::{self, Links, Scope};
use crate::read::{self, Document, Format, Part};

/// The web category.
#[derive(Debug)]
pub struct Web;

#[tools]
impl Web {
    /// Reads a web page or text file by its URL and returns it as Markdown, text, HTML or as it came, with its title. For links
    /// use `web_links`, for tables and repeated items `web_extract`. Obeys robots.txt; runs no scripts.
    #[tool(read_only, idempotent, open_world, title = "Read a web page")]
    fn web_fetch(
        ctx: &Ctx,
        /// The page, as `https://example.com/news`.
        #[arg(min_length = 1, max_length = 4096)]
        url: &str,
        /// `markdown` if not given; `raw` for JSON, XML and other text.
        format: Option<Format>,
        /// `main` if not given; `all` when something is missing.
        part: Option<Part>,
        /// Only the first element that matches this CSS selector, as `#content`.
        selector: Option<String>,
        /// The first character to return, from 0: the `next_start` of the call before.
        #[arg(default = 0)]
        start: u32,
        /// How many characters to return, 1 to 200000.
        #[arg(default = 8000, min = 1, max = 200000)]
        max_length: u32,
    ) -> Result<Document> {
        let (format, part) = (format.unwrap_or_default(), part.unwrap_or_default());
        let request = read::Request { format, part, selector: selector.as_deref(), start, max_length };
        read::run(ctx, url, &request)
    }

    /// Lists the links of a web page with their text, each address once and absolute. To read the page use `web_fetch`.
    #[tool(read_only, idempotent, open_world, title = "List the links of a page")]
    fn web_links(
        ctx: &Ctx,
        /// The page, as `https://example.com/`.
        #[arg(min_length = 1, max_length = 4096)]
        url: &str,
        /// `all` if not given; `internal` are those to the page's own host.
        scope: Option<Scope>,
        /// Only links whose address has this text, as `/docs/`.
        contains: Option<String>,
        /// Only links in elements that match this CSS selector, as `main`.
        selector: Option<String>,
        /// How many links to return, 1 to 1000.
        #[arg(default = 100, min = 1, max = 1000)]
        limit: u32,
        /// The `next_cursor` of the call before.
        cursor: Option<String>,
    ) -> Result<Links> {
        let request = links::Request {
            scope: scope.unwrap_or_default(),
            contains: contains.as_deref(),
            selector: selector.as_deref(),
            limit,
            cursor: cursor.as_deref(),
        };
        links::run(ctx, url, &request)
    }

    /// Extracts rows from a web page by CSS selectors: `row` finds the repeated element, each field is looked for within it.
    /// Returns a list of objects. Without `row` and `fields` it returns title, description and headings of the page.
    #[tool(read_only, idempotent, open_world, title = "Extract rows of a page")]
    fn web_extract(
        ctx: &Ctx,
        /// The page, as `https://example.com/shop`.
        #[arg(min_length = 1, max_length = 4096)]
        url: &str,
        /// What each row is, as `table.prices tr` or `li.product`; the whole page if not given.
        row: Option<String>,
        /// At most 50, as `[{"name": "price", "selector": ".price"}]`; the text of each row if not given.
        #[arg(default)]
        fields: Vec<Field>,
        /// How many rows to return, 1 to 1000.
        #[arg(default = 100, min = 1, max = 1000)]
        limit: u32,
        /// The `next_cursor` of the call before.
        cursor: Option<String>,
    ) -> Result<Rows> {
        extract::run(ctx, url, extract::Request { row: row.as_deref(), fields, limit, cursor: cursor.as_deref() })
    }
}
