//! Bounds, each with its reason.

use std::time::Duration;

/// Bytes of a calendar file: the largest exports of years are below 10 MB; it is in memory once.
pub const MAX_FILE_BYTES: u64 = 16 << 20;
/// Bytes of `text`: it comes with the call and was written by somebody for it.
pub const MAX_TEXT_BYTES: usize = 1 << 20;
/// Bytes of an unfolded line that are kept; attachments, which are longer, are not used.
pub const MAX_LINE_BYTES: usize = 64 << 10;
/// Parameters of a property: attendees have fewer than ten.
pub const MAX_PARAMETERS: usize = 32;
/// Components inside of each other: real files have three levels.
pub const MAX_DEPTH: usize = 16;
/// Components of a file, alarms and time zones included: ten events a day for more than ten years.
pub const MAX_COMPONENTS: usize = 50_000;
/// Time zones that a file defines or names.
pub const MAX_ZONES: usize = 256;
/// RRULE lines of one component: RFC 5545 wants at most one.
pub const MAX_RULES: usize = 4;
/// Dates of RDATE and EXDATE of one component: a daily series of more than ten years with none left.
pub const MAX_DATES: usize = 5_000;
/// Days of a duration: a century, longer is a mistake.
pub const MAX_DURATION_DAYS: i64 = 36_525;
/// Days from `after` to `before`: ten years.
pub const MAX_RANGE_DAYS: i64 = 3_660;
/// Days from `after` to `before` where `before` is not given.
pub const DEFAULT_RANGE_DAYS: i64 = 31;
/// Occurrences of one series in the range: every hour for more than half a year.
pub const MAX_PER_SERIES: usize = 5_000;
/// Entries in the range together: 100 pages.
pub const MAX_IN_RANGE: usize = 20_000;
/// Occurrences of all series that are gone through, in the range or before it: 1,000 daily series of five years with COUNT.
pub const MAX_STEPS: usize = 2_000_000;
/// How long all series together may take to expand: a part of the CPU time that a call has.
pub const MAX_EXPANDING: Duration = Duration::from_secs(5);
/// Entries of one page.
pub const MAX_PAGE: u32 = 200;
/// Characters of a summary or location in a result.
pub const MAX_SHORT_CHARS: usize = 500;
/// Characters of a description in a result.
pub const MAX_LONG_CHARS: usize = 2_000;
/// Attendees of an entry in a result.
pub const MAX_ATTENDEES: usize = 20;
/// Problems of a file that a result lists; the rest is counted.
pub const MAX_ISSUES: usize = 20;
/// Bytes of `query`.
pub const MAX_QUERY_BYTES: usize = 256;

/// Events of one call of `calendar_write`.
pub const MAX_EVENTS: usize = 1_000;
/// Bytes of a summary, location or other short text that is written.
pub const MAX_SHORT_BYTES: usize = 1_000;
/// Bytes of a description that is written.
pub const MAX_LONG_BYTES: usize = 16_000;
/// Attendees, categories, reminders, or dates to add or leave out, of an event that is written.
pub const MAX_LIST: usize = 200;
/// Bytes of a calendar that is returned as text; longer ones go into a file.
pub const MAX_RETURNED_BYTES: usize = 1 << 20;
/// Years after the last event for which a written VTIMEZONE lists changes of the clocks.
pub const ZONE_YEARS: i16 = 12;
/// Bytes of a path.
pub const MAX_PATH_BYTES: usize = 1_024;
/// Neighbours that the error for a missing file names.
pub const MAX_NEIGHBOURS: usize = 10;
