//! The tools, as the host sees them.

use tandem_sdk::prelude::*;

use crate::download::{self, Downloaded};
use crate::extract::{self, Field, Rows};
use crate::feed::{self, Feed};
use crate::links::{self, Links, Scope};
use crate::many::{self, Many};
use crate::read::{self, Document, Format, Part};
use crate::sitemap::{self, Sitemap};

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

    /// Reads several web pages by their URLs, one after the other, and returns for each its content or why there is none. For one page
    /// use `web_fetch`, which returns longer texts in parts.
    #[tool(read_only, idempotent, open_world, title = "Read several web pages")]
    fn web_fetch_many(
        ctx: &Ctx,
        /// The pages, 1 to 10, as `["https://example.com/a", "https://example.com/b"]`.
        urls: Vec<String>,
        /// `markdown` if not given; `raw` for JSON, XML and other text.
        format: Option<Format>,
        /// `main` if not given; `all` when something is missing.
        part: Option<Part>,
        /// How many characters to return of each page, 1 to 50000.
        #[arg(default = 4000, min = 1, max = 50000)]
        max_length: u32,
    ) -> Result<Many> {
        let (format, part) = (format.unwrap_or_default(), part.unwrap_or_default());
        many::run(ctx, &urls, &read::Request { format, part, selector: None, start: 0, max_length })
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

    /// Reads a news feed, blog or podcast (RSS, Atom or JSON Feed) and returns its entries with titles, addresses, dates and summaries, the
    /// newest first as a rule. To read the page of an entry use `web_fetch`.
    #[tool(read_only, idempotent, open_world, title = "Read a feed")]
    fn web_feed(
        ctx: &Ctx,
        /// The feed, as `https://example.com/feed.xml`. For a page that is no feed the error names the feeds of the page.
        #[arg(min_length = 1, max_length = 4096)]
        url: &str,
        /// True returns the text of each entry as Markdown too, as far as it is in the feed.
        #[arg(default = false)]
        content: bool,
        /// How many entries to return, 1 to 200.
        #[arg(default = 20, min = 1, max = 200)]
        limit: u32,
        /// The `next_cursor` of the call before.
        cursor: Option<String>,
    ) -> Result<Feed> {
        feed::run(ctx, url, &feed::Request { content, limit, cursor: cursor.as_deref() })
    }

    /// Lists the pages of a web site from its sitemap (XML, text or packed by gzip), or the further sitemaps of a sitemap index. To list
    /// the links of one page use `web_links`.
    #[tool(read_only, idempotent, open_world, title = "List the pages of a site")]
    fn web_sitemap(
        ctx: &Ctx,
        /// The sitemap, as `https://example.com/sitemap.xml`; or the site, as `https://example.com/`, whose robots.txt names its sitemaps.
        #[arg(min_length = 1, max_length = 4096)]
        url: &str,
        /// Only pages whose address has this text, as `/docs/`.
        contains: Option<String>,
        /// How many to return, 1 to 1000.
        #[arg(default = 100, min = 1, max = 1000)]
        limit: u32,
        /// The `next_cursor` of the call before.
        cursor: Option<String>,
    ) -> Result<Sitemap> {
        let request = sitemap::Request { contains: contains.as_deref(), limit, cursor: cursor.as_deref() };
        sitemap::run(ctx, url, &request)
    }

    /// Downloads a file from the web by its URL into a granted folder, and returns its path, size and media type. To read a page or text use
    /// `web_fetch`, which writes nothing.
    #[tool(destructive, idempotent, open_world, title = "Download a file")]
    fn web_download(
        ctx: &Ctx,
        /// The file, as `https://example.com/report.pdf`, of at most 256 MiB.
        #[arg(min_length = 1, max_length = 4096)]
        url: &str,
        /// Where it is put, beginning with a granted folder, as `data/report.pdf`.
        #[arg(min_length = 1, max_length = 1024)]
        path: &str,
        /// True replaces a file that is there.
        #[arg(default = false)]
        overwrite: bool,
    ) -> Result<Downloaded> {
        download::run(ctx, url, path, overwrite)
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
