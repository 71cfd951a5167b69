//! The tools, as the host sees them.

use tandem_sdk::prelude::*;
use tandem_zoned::{moment::ZonedTime, numeric::DateOrder, read, resolve::Choice, zones};

use crate::{
    add::{self, Sum},
    convert::{self, Conversion},
    cron::{self, Schedule},
    diff::{self, Difference, Largest},
    parse::{self, EpochUnit, Parsed},
    recurrence::{self, Series},
};

/// The time category.
#[derive(Debug)]
pub struct Time;

#[tools]
impl Time {
    /// Returns the current date and time in a time zone, with weekday, offset, daylight saving time and Unix seconds. For a
    /// moment that is not now use `time_convert`.
    #[tool(read_only, idempotent, title = "Current time")]
    fn time_now(
        /// IANA time zone, as `Europe/Paris`; `UTC` if not given. An offset as `+05:30` works too.
        zone: Option<String>,
    ) -> Result<ZonedTime> {
        let zone = zones::find_or_utc("zone", zone.as_deref())?;
        Ok(ZonedTime::new(&read::now().with_time_zone(zone)))
    }

    /// Converts a date and time from one time zone to others, with daylight saving time. Returns the local time in each, how
    /// far their clocks are apart, and whether it is another day there.
    #[tool(read_only, idempotent, title = "Convert between time zones")]
    fn time_convert(
        /// What to convert: ISO 8601, as `2026-12-02T15:30`, a time of today as `15:30`, or `now`. With an offset or zone, as
        /// `2026-12-02T15:30:00Z` or `2026-12-02T15:30[Asia/Tokyo]`, `from` is not needed.
        time: &str,
        /// IANA time zone of a local `time`, as `Europe/Paris`.
        from: Option<String>,
        /// IANA time zone to convert to, as `America/New_York`.
        to: &str,
        /// Further zones to convert to, at most 20.
        #[arg(default)]
        also: Vec<String>,
        /// Which moment is meant where the clocks skip the local time or show it twice; `compatible` if not given.
        disambiguation: Option<Choice>,
        /// Also write each result in this strftime format, as `%A, %d %B %Y %H:%M`.
        format: Option<String>,
    ) -> Result<Conversion> {
        let choice = disambiguation.unwrap_or_default();
        let (from, format) = (from.as_deref(), format.as_deref());
        convert::run(&convert::Request { time, from, to, also: &also, choice, format })
    }

    /// Computes how long it is from one date or time to another: in calendar units, in seconds, in days, and in working days.
    #[tool(read_only, idempotent, title = "Difference of times")]
    fn time_diff(
        /// The start, as `2026-01-31`, `2026-01-31T09:00`, `2026-01-31T09:00:00Z` or `now`.
        start: &str,
        /// The end, in the same forms; an end before the start gives negative results.
        end: &str,
        /// IANA time zone in which days and months are counted and local times are read; that of `start`, or `UTC`, if not
        /// given.
        zone: Option<String>,
        /// The greatest unit of `text` and `duration`; `year` if not given.
        largest: Option<Largest>,
        /// Days that are not working days besides Saturdays and Sundays, as `2026-12-25`; at most 1000.
        #[arg(default)]
        holidays: Vec<String>,
        /// Which moment is meant where the clocks skip a local time or show it twice; `compatible` if not given.
        disambiguation: Option<Choice>,
    ) -> Result<Difference> {
        let (zone, holidays) = (zone.as_deref(), holidays.as_slice());
        let (largest, choice) = (largest.unwrap_or_default(), disambiguation.unwrap_or_default());
        diff::run(&diff::Request { start, end, zone, largest, holidays, choice })
    }

    /// Adds a duration, working days, or both to a date or time, or subtracts them. Years, months, weeks and days keep the local
    /// time; hours and less are elapsed time. A day that the month has not becomes its last day, and the result says so.
    #[tool(read_only, idempotent, title = "Add to a time")]
    fn time_add(
        /// What to start from, as `2026-01-31`, `2026-01-31T09:00`, `2026-01-31T09:00:00Z` or `now`.
        time: &str,
        /// What to add: `1 month 2 days`, `90 minutes` or ISO 8601 `P1M2D`; `-3 days` subtracts. `m` is minutes, `mo` months.
        duration: Option<String>,
        /// Mondays to Fridays to add after `duration`, as 10; negative subtracts; -10000 to 10000.
        working_days: Option<i32>,
        /// Days that `working_days` leaves out besides Saturdays and Sundays, as `2026-12-25`; at most 1000.
        #[arg(default)]
        holidays: Vec<String>,
        /// IANA time zone of the calculation, as `Europe/Paris`; that of `time`, or `UTC`, if not given.
        zone: Option<String>,
        /// Which moment is meant where the clocks skip a local time or show it twice; `compatible` if not given.
        disambiguation: Option<Choice>,
    ) -> Result<Sum> {
        let (duration, zone) = (duration.as_deref(), zone.as_deref());
        let (holidays, choice) = (holidays.as_slice(), disambiguation.unwrap_or_default());
        add::run(&add::Request { time, duration, working_days, holidays, zone, choice })
    }

    /// Reads a date or time from text: ISO 8601, RFC 2822, English months, Unix numbers with their unit, or any strptime format.
    /// Returns it in RFC 3339, UTC and Unix seconds. What can be read in two ways, as `01/02/2026`, is an error unless `date_order` or
    /// `format` says how.
    #[tool(read_only, idempotent, title = "Parse a time")]
    fn time_parse(
        /// The text, as `Wed, 2 Dec 2026 15:30:00 +0100` or `2 December 2026 15:30`.
        text: &str,
        /// How it is written (strptime), as `%d/%m/%Y %H:%M`.
        format: Option<String>,
        /// Which number stands first in dates as `01/02/2026`.
        date_order: Option<DateOrder>,
        /// The unit of a Unix number, as `milliseconds` for `1796223000000`.
        unit: Option<EpochUnit>,
        /// IANA time zone of a text without one, and of the result; `UTC`, or the text's own, if not given.
        zone: Option<String>,
        /// Which moment is meant where the clocks skip the local time or show it twice; `compatible` if not given.
        disambiguation: Option<Choice>,
    ) -> Result<Parsed> {
        let (format, zone) = (format.as_deref(), zone.as_deref());
        let choice = disambiguation.unwrap_or_default();
        parse::run(&parse::Request { text, format, order: date_order, unit, zone, choice })
    }

    /// Lists the next runs of a cron schedule in a time zone and describes the schedule in English. For calendar rules such as
    /// "every second Tuesday" use `time_recurrence`.
    #[tool(read_only, idempotent, title = "Next runs of a cron schedule")]
    fn time_cron_next(
        ctx: &Ctx,
        /// The pattern: minute, hour, day of month, month, day of week, as `30 9 * * MON-FRI`; seconds may stand in front, a year
        /// behind; `L`, `W`, `#` and `@daily` work. Sunday is 0 or 7.
        cron: &str,
        /// IANA time zone of the schedule, as `Europe/Paris`; `UTC` if not given.
        zone: Option<String>,
        /// Runs later than this, as `2026-12-02T15:30`; `now` if not given.
        after: Option<String>,
        /// Whether day of month and day of week must both fit where both are given; if not, one is enough, as in cron.
        #[arg(default = false)]
        both_days: bool,
        /// How many runs.
        #[arg(default = 5, min = 1, max = 200)]
        limit: u32,
        /// The `next_cursor` of the page before.
        cursor: Option<String>,
    ) -> Result<Schedule> {
        let (zone, after, cursor) = (zone.as_deref(), after.as_deref(), cursor.as_deref());
        cron::run(ctx, &cron::Request { cron, zone, after, both_days, limit, cursor })
    }

    /// Lists the occurrences of an iCalendar recurrence rule (RFC 5545 RRULE) from a start on. For cron patterns use
    /// `time_cron_next`.
    #[tool(read_only, idempotent, title = "Occurrences of a recurrence rule")]
    fn time_recurrence(
        ctx: &Ctx,
        /// The rule, as `FREQ=MONTHLY;BYDAY=2TU;COUNT=6` (second Tuesday of a month, six times).
        rule: &str,
        /// When the series starts (DTSTART), as `2026-12-08T09:00`; a day alone, as `2026-12-08`, makes a series of whole days.
        start: &str,
        /// IANA time zone of the series, whose local time it keeps, as `Europe/Paris`; that of `start`, or `UTC`, if not given.
        zone: Option<String>,
        /// Only occurrences at this time or later, as `2027-01-01`.
        after: Option<String>,
        /// Only occurrences before this time, as `2027-02-01`.
        before: Option<String>,
        /// Occurrences to leave out (EXDATE), by day or by time, as `2026-12-25`; at most 1000.
        #[arg(default)]
        exclude: Vec<String>,
        /// How many occurrences.
        #[arg(default = 10, min = 1, max = 200)]
        limit: u32,
        /// The `next_cursor` of the page before.
        cursor: Option<String>,
    ) -> Result<Series> {
        let (zone, after, before) = (zone.as_deref(), after.as_deref(), before.as_deref());
        let (exclude, cursor) = (exclude.as_slice(), cursor.as_deref());
        recurrence::run(ctx, &recurrence::Request { rule, start, zone, after, before, exclude, limit, cursor })
    }
}
