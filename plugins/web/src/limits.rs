//! Bounds of the category, each with its reason.

use std::time::Duration;

/// Bytes of a URL: servers refuse longer ones.
pub(crate) const MAX_URL_BYTES: usize = 4096;

/// Redirects that a request follows: five are what RFC 9309 asks for, and more is a loop in practice.
pub(crate) const MAX_REDIRECTS: usize = 5;

/// Bytes of a page: its tree takes about ten times as much memory.
pub(crate) const MAX_PAGE_BYTES: usize = 4 << 20;

/// How long one request may take: the call has a minute, and may need several.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

/// Open elements: browsers stop at 512, and the parser takes quadratic time in the depth.
pub(crate) const MAX_DEPTH: usize = 1000;

/// Bytes of a robots.txt that are read: RFC 9309 asks for at least 500 KiB.
pub(crate) const MAX_ROBOTS_BYTES: usize = 512 << 10;

/// Rules of a robots.txt that are kept for this agent: what is stored for a host stays below 1 MiB.
pub(crate) const MAX_ROBOTS_RULES: usize = 5000;

/// Bytes of one rule of a robots.txt; a longer one is left out.
pub(crate) const MAX_RULE_BYTES: usize = 200;

/// Seconds that a robots.txt is kept: a day, as RFC 9309 has it.
pub(crate) const ROBOTS_TTL_SECONDS: u64 = 24 * 60 * 60;

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
