//! Bounds of the category, each with its reason.

use std::time::Duration;

/// Pages of one call: they are read one after the other, in the minute that a call has.
pub(crate) const MAX_MANY: usize = 10;

/// After this time no further page is asked for: the last request and its robots.txt still end within the minute.
pub(crate) const MANY_BUDGET: Duration = Duration::from_secs(30);

/// Elements of XML that are open in each other: feeds and sitemaps have some ten, XHTML in them some more.
pub(crate) const MAX_XML_DEPTH: usize = 256;

/// Entries of a feed: each is kept until the page is cut out.
pub(crate) const MAX_ENTRIES: usize = 5000;

/// Files of one entry of a feed.
pub(crate) const MAX_FILES: usize = 50;

/// Characters of a summary or title in an answer.
pub(crate) const SUMMARY_CHARS: usize = 500;

/// Characters of the content of an entry in an answer.
pub(crate) const ENTRY_CHARS: usize = 20_000;

/// Bytes of a sitemap, packed and unpacked: sitemaps.org allows 50 MB, more than the memory of the plugin has room for.
pub(crate) const MAX_SITEMAP_BYTES: usize = 16 << 20;

/// URLs of a sitemap: as many as sitemaps.org allows.
pub(crate) const MAX_LOCATIONS: usize = 50_000;

/// Bytes of a download: what a disk and the time of a call have room for.
pub(crate) const MAX_DOWNLOAD_BYTES: u64 = 256 << 20;

/// How long a download may take: the call has a minute, and robots.txt and redirects come before.
pub(crate) const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(50);

/// Bytes of the path of a download.
pub(crate) const MAX_PATH_BYTES: usize = 1024;

/// Bytes of a CSS selector: people write shorter ones.
pub(crate) const MAX_SELECTOR_BYTES: usize = 500;

/// Brackets of a CSS selector that stand in each other: its parser calls itself for each.
pub(crate) const MAX_SELECTOR_NESTING: usize = 8;

/// Fields of a row.
pub(crate) const MAX_FIELDS: usize = 50;

/// Values of one field with `all`.
pub(crate) const MAX_VALUES: usize = 1000;

/// Bytes of one value: a row is no page.
pub(crate) const MAX_VALUE_BYTES: usize = 20_000;

/// Bytes of the values of one answer: the output bound of the plugin is 4 MiB.
pub(crate) const MAX_ANSWER_BYTES: usize = 2 << 20;
