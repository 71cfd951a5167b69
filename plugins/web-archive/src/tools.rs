//! The tools, as the host sees them.

use tandem_sdk::prelude::*;

use crate::crawl::{self, Found, PageText, Part};
use crate::create::{self, Created};
use crate::dataset::{self, Dataset};
use crate::index::{self, Indexed};
use crate::links::{self, Links};
use crate::metadata::{self, Records};
use crate::page::Format;
use crate::remote::Scope;
use crate::scan::Scan;
use crate::text::{self, Texts};
use crate::wayback::{self, Wayback};

/// What of the Wayback Machine is returned.
#[input]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum View {
    /// The captures of an address, with their times.
    #[default]
    Captures,
    /// The text of one capture.
    Page,
}

/// The category.
#[derive(Debug)]
pub struct WebArchive;

#[tools]
impl WebArchive {
    /// Archives web pages in a new WARC file: each is fetched by its URL and stored with its headers. Obeys robots.txt. Returns what is in
    /// the archive. For a single file as it is use `web_download`.
    #[tool(destructive, open_world, title = "Archive web pages")]
    fn web_archive_create(
        ctx: &Ctx,
        /// The first page, as `https://example.com/`.
        #[arg(min_length = 1, max_length = 4096)]
        url: String,
        /// The new archive, as `data/pages.warc.gz`; `.warc` is not compressed.
        #[arg(min_length = 1, max_length = 1024)]
        output: &str,
        /// Further pages, at most 19, as `["https://example.com/news"]`.
        #[arg(default)]
        more: Vec<String>,
        /// True replaces a file that exists.
        #[arg(default = false)]
        overwrite: bool,
    ) -> Result<Created> {
        create::run(ctx, std::iter::once(url).chain(more).collect(), output, overwrite)
    }

    /// Indexes a WARC file: writes a CDXJ file with one sorted line for each archived page (key, time, status, type, digest, offset), as
    /// pywb and other replay tools read it. To see what is in an archive use `web_archive_metadata`.
    #[tool(destructive, idempotent, title = "Index a web archive")]
    fn web_archive_index(
        ctx: &Ctx,
        /// The WARC file, as `data/pages.warc.gz`.
        #[arg(min_length = 1, max_length = 1024)]
        path: &str,
        /// The new index, as `data/pages.cdxj`.
        #[arg(min_length = 1, max_length = 1024)]
        output: &str,
        /// True replaces a file that exists.
        #[arg(default = false)]
        overwrite: bool,
    ) -> Result<Indexed> {
        index::run(ctx, path, output, overwrite)
    }

    /// Extracts the text of the pages in a WARC file as Markdown or plain text, page by page. For links use `web_archive_links`; to write all
    /// texts to a file, `web_archive_index` and `web_archive_dataset`.
    #[tool(read_only, idempotent, title = "Read the texts of a web archive")]
    fn web_archive_text(
        ctx: &Ctx,
        /// The WARC file, as `data/pages.warc.gz`.
        #[arg(min_length = 1, max_length = 1024)]
        path: &str,
        /// `markdown` if not given.
        format: Option<Format>,
        /// Only pages whose address has this text, as `/docs/`.
        contains: Option<String>,
        /// Characters of each page that are returned, 1 to 200000.
        #[arg(default = 2000, min = 1, max = 200000)]
        max_chars: u32,
        /// How many pages to return, 1 to 100.
        #[arg(default = 10, min = 1, max = 100)]
        limit: u32,
        /// The `next_cursor` of the call before, or the `offset` of a record.
        cursor: Option<String>,
    ) -> Result<Texts> {
        let scan = Scan { path, contains: contains.as_deref(), limit, cursor: cursor.as_deref() };
        text::run(ctx, &scan, format.unwrap_or_default(), max_chars)
    }

    /// Extracts the links of the pages in a WARC file: for each page its outgoing links with their text, absolute and each once.
    #[tool(read_only, idempotent, title = "List the links of a web archive")]
    fn web_archive_links(
        ctx: &Ctx,
        /// The WARC file, as `data/pages.warc.gz`.
        #[arg(min_length = 1, max_length = 1024)]
        path: &str,
        /// Only pages whose address has this text, as `/docs/`.
        contains: Option<String>,
        /// Links of each page that are returned, 1 to 5000.
        #[arg(default = 100, min = 1, max = 5000)]
        max_links: u32,
        /// How many pages to return, 1 to 100.
        #[arg(default = 20, min = 1, max = 100)]
        limit: u32,
        /// The `next_cursor` of the call before, or the `offset` of a record.
        cursor: Option<String>,
    ) -> Result<Links> {
        let scan = Scan { path, contains: contains.as_deref(), limit, cursor: cursor.as_deref() };
        links::run(ctx, &scan, max_links)
    }

    /// Lists the records of a WARC file with their metadata: type, address, time, HTTP status, media type, digest, size and offset. For the
    /// text of pages use `web_archive_text`.
    #[tool(read_only, idempotent, title = "List the records of a web archive")]
    fn web_archive_metadata(
        ctx: &Ctx,
        /// The WARC file, as `data/pages.warc.gz`.
        #[arg(min_length = 1, max_length = 1024)]
        path: &str,
        /// Only records whose address has this text, as `/docs/`.
        contains: Option<String>,
        /// How many records to return, 1 to 1000.
        #[arg(default = 100, min = 1, max = 1000)]
        limit: u32,
        /// The `next_cursor` of the call before, or the `offset` of a record.
        cursor: Option<String>,
    ) -> Result<Records> {
        metadata::run(ctx, &Scan { path, contains: contains.as_deref(), limit, cursor: cursor.as_deref() })
    }

    /// Makes a data set of archived pages: reads a CDXJ index and the WARC files beside it, and writes JSON Lines with url, date, status, media
    /// type, digest, title and text of each page. To query it use `dataset_load` or `sql_query`.
    #[tool(destructive, idempotent, title = "Make a data set of a web archive")]
    #[allow(clippy::too_many_arguments)]
    fn web_archive_dataset(
        ctx: &Ctx,
        /// The index, as `data/pages.cdxj`; the archives that it names are in the same directory.
        #[arg(min_length = 1, max_length = 1024)]
        path: &str,
        /// The new data set, as `data/pages.jsonl`.
        #[arg(min_length = 1, max_length = 1024)]
        output: &str,
        /// False leaves title and text out, and needs no archive.
        #[arg(default = true)]
        text: bool,
        /// How texts are written; `markdown` if not given.
        format: Option<Format>,
        /// Only pages whose address has this text, as `/docs/`.
        contains: Option<String>,
        /// Only pages of this media type, as `text/html`.
        media_type: Option<String>,
        /// Only pages with this HTTP status, as 200.
        status: Option<u16>,
        /// How many rows to write, 1 to 100000.
        #[arg(default = 10000, min = 1, max = 100000)]
        limit: u32,
        /// The `next_cursor` of the call before.
        cursor: Option<String>,
        /// True replaces a file that exists.
        #[arg(default = false)]
        overwrite: bool,
    ) -> Result<Dataset> {
        let (contains, media_type, cursor) = (contains.as_deref(), media_type.as_deref(), cursor.as_deref());
        let format = format.unwrap_or_default();
        let request =
            dataset::Request { path, output, text, format, contains, media_type, status, limit, cursor, overwrite };
        dataset::run(ctx, &request)
    }

    /// Searches the index of Common Crawl for captures of a page, host or domain, and returns their times, types, sizes and archives. Without
    /// `url` it lists the crawls. To read a capture use `web_archive_get`; for older pages `web_archive_wayback`.
    #[tool(read_only, idempotent, open_world, title = "Search Common Crawl")]
    fn web_archive_search(
        ctx: &Ctx,
        /// The page or host, as `https://example.com/news` or `example.com`.
        url: Option<String>,
        /// The crawl, as `CC-MAIN-2026-05`; the newest if not given.
        crawl: Option<String>,
        /// `domain` for a host name, `exact` for an address, if not given.
        scope: Option<Scope>,
        /// The earliest time, as `2026-01-15` or `20260115`.
        from: Option<String>,
        /// The latest time, as `2026-01-31`.
        to: Option<String>,
        /// How many to return, 1 to 1000.
        #[arg(default = 20, min = 1, max = 1000)]
        limit: u32,
    ) -> Result<Found> {
        let (url, crawl, from, to) = (url.as_deref(), crawl.as_deref(), from.as_deref(), to.as_deref());
        crawl::search(ctx, &crawl::Search { url, crawl, scope, from, to, limit })
    }

    /// Reads a page as Common Crawl captured it, as Markdown or plain text in parts. To find captures use `web_archive_search`; for the page as it
    /// is now `web_fetch`.
    #[tool(read_only, idempotent, open_world, title = "Read a page of Common Crawl")]
    fn web_archive_get(
        ctx: &Ctx,
        /// The page, as `https://example.com/news`.
        #[arg(min_length = 1, max_length = 4096)]
        url: &str,
        /// The crawl, as `CC-MAIN-2026-05`; the newest if not given.
        crawl: Option<String>,
        /// The capture nearest to this time, as `20260115`; the newest if not given.
        timestamp: Option<String>,
        /// `markdown` if not given.
        format: Option<Format>,
        /// The first character to return, from 0: the `next_start` of the call before.
        #[arg(default = 0)]
        start: u32,
        /// How many characters to return, 1 to 200000.
        #[arg(default = 8000, min = 1, max = 200000)]
        max_length: u32,
    ) -> Result<PageText> {
        let part = Part { start, max_length };
        crawl::get(ctx, url, crawl.as_deref(), timestamp.as_deref(), format.unwrap_or_default(), part)
    }

    /// Lists the captures that the Wayback Machine (web.archive.org) has of a page or host, or reads the page as it was at a time. For Common
    /// Crawl use `web_archive_search`.
    #[tool(read_only, idempotent, open_world, title = "Look into the Wayback Machine")]
    #[allow(clippy::too_many_arguments)]
    fn web_archive_wayback(
        ctx: &Ctx,
        /// The page or host, as `https://example.com/news` or `example.com`; a page with its scheme for `view` `page`.
        #[arg(min_length = 1, max_length = 4096)]
        url: &str,
        /// `captures` if not given; `page` reads the text of one.
        view: Option<View>,
        /// With `page`: the capture nearest to this time, as `2019-05-01`; the newest if not given.
        timestamp: Option<String>,
        /// With `captures`: `domain` for a host name, `exact` for an address, if not given.
        scope: Option<Scope>,
        /// With `captures`: the earliest time, as `2019`.
        from: Option<String>,
        /// With `captures`: the latest time, as `2020-12-31`.
        to: Option<String>,
        /// With `captures`: how many to return, 1 to 1000.
        #[arg(default = 20, min = 1, max = 1000)]
        limit: u32,
        /// With `page`: `markdown` if not given.
        format: Option<Format>,
        /// With `page`: the first character to return, from 0.
        #[arg(default = 0)]
        start: u32,
        /// With `page`: how many characters to return, 1 to 200000.
        #[arg(default = 8000, min = 1, max = 200000)]
        max_length: u32,
    ) -> Result<Wayback> {
        match view.unwrap_or_default() {
            View::Captures => {
                let (from, to) = (from.as_deref(), to.as_deref());
                wayback::captures(ctx, &wayback::Search { url, scope, from, to, limit })
            }
            View::Page => {
                let part = Part { start, max_length };
                wayback::page(ctx, url, timestamp.as_deref(), format.unwrap_or_default(), part)
            }
        }
    }
}
