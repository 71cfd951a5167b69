//! The occurrences of a recurrence rule (RRULE).

use jiff::{Zoned, civil::Date, tz::TimeZone};
use tandem_sdk::{Ctx, Error, Result, output};
use tandem_zoned::{
    limits::MAX_EXPANDED,
    occurrences::{Occurrences, Step, Stop},
    read::{self, read, settle},
    reading::Reading,
    resolve::Choice,
    rule, zones,
};

use crate::{
    arguments,
    limits::{MAX_DATES, MAX_SKIPPED},
    run::{Run, cursor_behind, passed_over},
};

/// Occurrences of a rule.
#[output]
#[derive(Clone, Debug)]
pub(crate) struct Series {
    /// The zone of the series.
    pub zone: String,
    /// The occurrences, in order.
    pub occurrences: Vec<Run>,
    /// Whether `start` itself fits the rule. Where it does not, it is no occurrence here; some calendars show it all the
    /// same.
    pub start_fits: bool,
    /// Local times that the rule gives and the clocks skip: no occurrences, and not counted (RFC 5545).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<String>,
    /// Whether the last occurrence is in this page.
    pub complete: bool,
    /// Pass it as `cursor` to get the next page; absent where there are no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Which occurrences.
pub(crate) struct Request<'a> {
    pub(crate) rule: &'a str,
    pub(crate) start: &'a str,
    pub(crate) zone: Option<&'a str>,
    pub(crate) after: Option<&'a str>,
    pub(crate) before: Option<&'a str>,
    pub(crate) exclude: &'a [String],
    pub(crate) limit: u32,
    pub(crate) cursor: Option<&'a str>,
}

/// Where the series starts.
struct Start {
    at: Zoned,
    /// Whether it is a series of whole days.
    days: bool,
}

pub(crate) fn run(ctx: &Ctx, request: &Request<'_>) -> Result<Series> {
    let rule = rule::parse("rule", request.rule)?;
    let start = start(request)?;
    let zone = start.at.time_zone().clone();
    let window = Window::new(request, &zone)?;
    let mut all = Occurrences::new("rule", &rule, start.at.datetime(), zone.clone())?;
    let mut page = Page::new(request)?;
    let mut start_fits = false;
    let mut number = 0_usize;
    while !page.full() {
        if number.is_multiple_of(256) {
            ctx.check()?;
        }
        number += 1;
        match all.next() {
            Some(Step::At(at)) => {
                start_fits |= at.timestamp() == start.at.timestamp();
                if window.is_past(&at) {
                    page.ended = true;
                    break;
                }
                if window.has(&at) {
                    page.add(if start.days { Run::day(&at) } else { Run::at(&at) });
                }
            }
            Some(Step::Skipped(local)) => page.skip(local.to_string()),
            None => {
                page.stop(all.stopped(), request)?;
                break;
            }
        }
    }
    Ok(page.into_series(zones::name(&zone), start_fits))
}

fn start(request: &Request<'_>) -> Result<Start> {
    let zone = arguments::zone("zone", request.zone)?;
    let reading = read("start", request.start, None)?.reading;
    let days = matches!(reading, Reading::Day(_));
    let at = settle(reading, zone.as_ref(), Choice::Compatible)?.at;
    Ok(Start { at, days })
}

/// Which part of the series is asked for.
struct Window {
    after: Option<Zoned>,
    before: Option<Zoned>,
    days: Vec<Date>,
    moments: Vec<Zoned>,
}

impl Window {
    fn new(request: &Request<'_>, zone: &TimeZone) -> Result<Self> {
        let bound = |argument, text: Option<&str>| {
            text.map(|text| read::moment(argument, text, Some(zone), Choice::Compatible).map(|settled| settled.at))
                .transpose()
        };
        let (after, before) = (bound("after", request.after)?, bound("before", request.before)?);
        if after.as_ref().zip(before.as_ref()).is_some_and(|(after, before)| after >= before) {
            return Err(Error::invalid_arguments("`before` is not later than `after`: nothing lies between them"));
        }
        if request.exclude.len() > MAX_DATES {
            return Err(Error::invalid_arguments(format!("`exclude` has more than {MAX_DATES} times")));
        }
        let mut window = Self { after, before, days: Vec::new(), moments: Vec::new() };
        for text in request.exclude {
            match read("exclude", text, None)?.reading {
                Reading::Day(day) => window.days.push(day.date()),
                other => window.moments.push(settle(other, Some(zone), Choice::Compatible)?.at),
            }
        }
        Ok(window)
    }

    fn has(&self, at: &Zoned) -> bool {
        self.after.as_ref().is_none_or(|after| at >= after)
            && !self.days.contains(&at.date())
            && !self.moments.iter().any(|excluded| excluded.timestamp() == at.timestamp())
    }

    fn is_past(&self, at: &Zoned) -> bool {
        self.before.as_ref().is_some_and(|before| at >= before)
    }
}

/// What is collected for one page.
struct Page {
    passed: usize,
    wanted: usize,
    seen: usize,
    occurrences: Vec<Run>,
    skipped: Vec<String>,
    ended: bool,
}

impl Page {
    fn new(request: &Request<'_>) -> Result<Self> {
        let wanted = usize::try_from(request.limit).unwrap_or(usize::MAX);
        let (occurrences, skipped) = (Vec::new(), Vec::new());
        Ok(Self { passed: passed_over(request.cursor)?, wanted, seen: 0, occurrences, skipped, ended: false })
    }

    fn full(&self) -> bool {
        self.occurrences.len() >= self.wanted
    }

    fn add(&mut self, run: Run) {
        self.seen += 1;
        if self.seen > self.passed {
            self.occurrences.push(run);
        }
    }

    fn skip(&mut self, local: String) {
        if self.skipped.len() < MAX_SKIPPED {
            self.skipped.push(local);
        }
    }

    /// That the expansion gives no more.
    fn stop(&mut self, stop: Option<Stop>, request: &Request<'_>) -> Result<()> {
        match stop {
            Some(Stop::TooMany) => Err(Error::invalid_arguments(format!(
                "`start` is too far from what is asked for: the expansion went through {MAX_EXPANDED} occurrences or took too long; give a later `start` that keeps the rhythm"
            ))),
            Some(Stop::Fruitless) if self.seen == 0 => Err(Error::invalid_arguments(format!(
                "`rule`: `{}` never occurs from {} on: no date fits all of its parts",
                request.rule.trim(),
                request.start.trim()
            ))),
            _ => {
                self.ended = true;
                Ok(())
            }
        }
    }

    fn into_series(self, zone: String, start_fits: bool) -> Series {
        let next_cursor = (!self.ended).then(|| cursor_behind(self.passed + self.occurrences.len())).flatten();
        Series {
            zone,
            occurrences: self.occurrences,
            start_fits,
            skipped: self.skipped,
            complete: self.ended,
            next_cursor,
        }
    }
}
