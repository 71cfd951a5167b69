//! Bounds of requests, each with its reason.

use std::time::Duration;

/// Bytes of a URL: servers refuse longer ones.
pub const MAX_URL_BYTES: usize = 4096;

/// Redirects that a request follows: five are what RFC 9309 asks for, and more is a loop in practice.
pub const MAX_REDIRECTS: usize = 5;

/// Bytes of a page: its tree takes about ten times as much memory.
pub const MAX_PAGE_BYTES: usize = 4 << 20;

/// How long one request may take: the call has a minute, and may need several.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

/// Bytes of a robots.txt that are read: RFC 9309 asks for at least 500 KiB.
pub const MAX_ROBOTS_BYTES: usize = 512 << 10;

/// Rules of a robots.txt that are kept for this agent: what is stored for a host stays below 1 MiB.
pub const MAX_ROBOTS_RULES: usize = 5000;

/// Bytes of one rule of a robots.txt; a longer one is left out.
pub const MAX_RULE_BYTES: usize = 200;

/// Seconds that a robots.txt is kept: a day, as RFC 9309 has it.
pub const ROBOTS_TTL_SECONDS: u64 = 24 * 60 * 60;
