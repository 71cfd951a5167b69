//! The next runs of a cron schedule.

use std::time::Instant;

use croner::{Cron, errors::CronError, parser::CronParser};
use jiff::Zoned;
use tandem_sdk::{Ctx, Error, Result, output};
use tandem_zoned::{resolve::Choice, zones};

use crate::{
    arguments::moment_or_now,
    limits::{MAX_CRON_BYTES, MAX_SEARCH},
    run::{Run, cursor_behind, passed_over},
};

/// Runs of a schedule.
#[output]
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    /// What the pattern says, in English.
    pub description: String,
    /// The zone of the schedule.
    pub zone: String,
    /// The runs, in order.
    pub runs: Vec<Run>,
    /// Pass it as `cursor`, with the same `after`, to get the next page; absent where there are no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// What the page started after: give it as `after` with the cursor.
    pub after: String,
}

/// Which runs.
pub(crate) struct Request<'a> {
    pub(crate) cron: &'a str,
    pub(crate) zone: Option<&'a str>,
    pub(crate) after: Option<&'a str>,
    pub(crate) both_days: bool,
    pub(crate) limit: u32,
    pub(crate) cursor: Option<&'a str>,
}

pub(crate) fn run(ctx: &Ctx, request: &Request<'_>) -> Result<Schedule> {
    let zone = zones::find_or_utc("zone", request.zone)?;
    let cron = parse(request.cron, request.both_days)?;
    let after = moment_or_now("after", request.after, &zone, Choice::Compatible)?.at;
    let passed = passed_over(request.cursor)?;
    let wanted = usize::try_from(request.limit).unwrap_or(usize::MAX);
    let mut search = Search { cron: &cron, at: after.clone(), begun: Instant::now() };
    let mut runs = Vec::new();
    let mut more = true;
    for number in 0..passed + wanted {
        if number % 100 == 0 {
            ctx.check()?;
        }
        match search.next()? {
            Some(at) if number >= passed => runs.push(Run::at(&at)),
            Some(_) => {}
            None => {
                more = false;
                break;
            }
        }
    }
    if runs.is_empty() && passed == 0 {
        return Err(Error::invalid_arguments(format!(
            "`cron`: `{}` has no run after {} (before the year 5000): no date fits all of its fields",
            request.cron.trim(),
            tandem_zoned::moment::time(&after)
        )));
    }
    Ok(Schedule {
        description: cron.describe(),
        zone: zones::name(&zone),
        next_cursor: more.then(|| cursor_behind(passed + runs.len())).flatten(),
        runs,
        after: tandem_zoned::moment::time(&after),
    })
}

struct Search<'a> {
    cron: &'a Cron,
    at: Zoned,
    begun: Instant,
}

impl Search<'_> {
    fn next(&mut self) -> Result<Option<Zoned>> {
        if self.begun.elapsed() > MAX_SEARCH {
            return Err(Error::invalid_arguments(format!(
                "`cron`: the search took longer than {} s: give a smaller `limit` or a pattern that fits more often",
                MAX_SEARCH.as_secs()
            )));
        }
        match self.cron.find_next_occurrence(&self.at, false) {
            Ok(at) => {
                self.at = at.clone();
                Ok(Some(at))
            }
            Err(CronError::TimeSearchLimitExceeded | CronError::InvalidDate | CronError::InvalidTime) => Ok(None),
            Err(error) => Err(Error::invalid_arguments(format!("`cron`: {error}"))),
        }
    }
}

fn parse(text: &str, both_days: bool) -> Result<Cron> {
    let text = text.trim();
    let right = "a pattern has 5 fields (minute hour day-of-month month day-of-week), as `30 9 * * MON-FRI`, 6 with seconds in front, \
        7 with the year behind";
    if text.is_empty() || text.len() > MAX_CRON_BYTES || !text.is_ascii() {
        return Err(Error::invalid_arguments(format!("`cron` has 1 to {MAX_CRON_BYTES} ASCII characters: {right}")));
    }
    let fields = text.split_whitespace().count();
    if text.starts_with('@') {
        nickname(text)?;
    } else if !(5..=7).contains(&fields) {
        return Err(Error::invalid_arguments(format!("`cron`: `{text}` has {fields} fields: {right}")));
    }
    CronParser::builder().dom_and_dow(both_days).build().parse(text).map_err(|error| {
        Error::invalid_arguments(format!(
            "`cron`: cannot read `{text}`: {error} {}",
            right.replacen("a pattern", "A pattern", 1)
        ))
    })
}

/// Whether a word that starts with `@` is one of cron's.
fn nickname(text: &str) -> Result<()> {
    const KNOWN: [&str; 7] = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];
    if KNOWN.iter().any(|known| known.eq_ignore_ascii_case(text)) {
        return Ok(());
    }
    let why = if text.eq_ignore_ascii_case("@reboot") { "has no times" } else { "is unknown" };
    Err(Error::invalid_arguments(format!("`cron`: `{text}` {why}; known are {}", KNOWN.join(", "))))
}
