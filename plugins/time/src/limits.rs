//! Bounds, each with its reason.

/// Zones of one conversion besides `to`: what one table shows.
pub const MAX_ZONES: usize = 20;
/// Runs or occurrences of one page.
pub const MAX_PAGE: u32 = 200;
/// Runs that a cursor may lead to: each page computes those before it.
pub const MAX_RUNS: usize = 5_000;
/// Characters of a cron pattern: six fields with long lists are shorter.
pub const MAX_CRON_BYTES: usize = 512;
/// Working days to add: forty years, counted one by one.
pub const MAX_WORKING_DAYS: i32 = 10_000;
/// Holidays, dates to leave out and dates to add: a century of public holidays.
pub const MAX_DATES: usize = 1_000;
/// Bytes of a duration, as `1 year 2 months 3 days`.
pub const MAX_DURATION_BYTES: usize = 128;
/// Bytes of a format, for reading and for writing.
pub const MAX_FORMAT_BYTES: usize = 128;
/// Bytes that a format may produce: `%1000000d` pads.
pub const MAX_FORMATTED_BYTES: usize = 1_024;
/// Skipped local times that a result lists.
pub const MAX_SKIPPED: usize = 20;
/// How long the search for the runs of a cron pattern may take: a part of the CPU time that a call has.
pub const MAX_SEARCH: std::time::Duration = std::time::Duration::from_secs(5);
