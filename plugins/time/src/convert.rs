//! The same moment in other zones.

use jiff::{Zoned, fmt::strtime};
use tandem_sdk::{Error, Result, output};
use tandem_zoned::{
    moment::ZonedTime,
    read::{read, settle},
    reading::Reading,
    resolve::{Adjustment, Choice},
    zones,
};

use crate::{
    arguments,
    limits::{MAX_FORMATTED_BYTES, MAX_ZONES},
};

/// A moment in one zone.
#[output]
#[derive(Clone, Debug)]
pub(crate) struct Converted {
    /// The moment there.
    #[serde(flatten)]
    pub moment: ZonedTime,
    /// How much the clocks there are ahead of the source's, as `+09:00`; negative where they are behind.
    pub difference: String,
    /// Days between the two local dates: 1 where it is the next day there.
    pub day_shift: i32,
    /// The local time in the `format` that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formatted: Option<String>,
}

/// A moment in its own zone and in others.
#[output]
#[derive(Clone, Debug)]
pub(crate) struct Conversion {
    /// The moment in its own zone.
    pub source: ZonedTime,
    /// The moment in `to` and then in each zone of `also`.
    pub results: Vec<Converted>,
    /// What was chosen where the clocks of the source skip the local time or show it twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adjustment: Option<Adjustment>,
}

/// What to convert.
pub(crate) struct Request<'a> {
    pub(crate) time: &'a str,
    pub(crate) from: Option<&'a str>,
    pub(crate) to: &'a str,
    pub(crate) also: &'a [String],
    pub(crate) choice: Choice,
    pub(crate) format: Option<&'a str>,
}

pub(crate) fn run(request: &Request<'_>) -> Result<Conversion> {
    if request.also.len() > MAX_ZONES {
        return Err(Error::invalid_arguments(format!("`also` has more than {MAX_ZONES} zones")));
    }
    let format = request.format.map(|format| arguments::format("format", format)).transpose()?;
    let from = arguments::zone("from", request.from)?;
    let reading = read("time", request.time, None)?.reading;
    if from.is_none() && matches!(reading, Reading::Local(_) | Reading::Day(_) | Reading::Clock(_)) {
        return Err(Error::invalid_arguments(format!(
            "`from` is missing: `{}` is a local time; give its zone, as `Europe/Paris`, or an offset in `time`",
            request.time.trim()
        )));
    }
    // `from` says whose local time it is, and nothing where the text says so itself.
    let own = matches!(reading, Reading::Instant(_) | Reading::InZone(..));
    let settled = settle(reading, from.as_ref().filter(|_| !own), request.choice)?;
    let named = std::iter::once(("to", request.to)).chain(request.also.iter().map(|zone| ("also", zone.as_str())));
    let results = named
        .map(|(argument, name)| {
            let there = settled.at.with_time_zone(zones::find(argument, name)?);
            converted(&settled.at, &there, format)
        })
        .collect::<Result<_>>()?;
    Ok(Conversion { source: ZonedTime::new(&settled.at), results, adjustment: settled.adjustment })
}

fn converted(source: &Zoned, there: &Zoned, format: Option<&str>) -> Result<Converted> {
    let difference = there.offset().seconds() - source.offset().seconds();
    Ok(Converted {
        moment: ZonedTime::new(there),
        difference: signed(difference),
        day_shift: (there.date() - source.date()).get_days(),
        formatted: format.map(|format| formatted(format, there)).transpose()?,
    })
}

/// Seconds as `+09:00`, also beyond what an offset may be.
fn signed(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let (hours, minutes, rest) = (seconds.abs() / 3600, seconds.abs() / 60 % 60, seconds.abs() % 60);
    let tail = if rest == 0 { String::new() } else { format!(":{rest:02}") };
    format!("{sign}{hours:02}:{minutes:02}{tail}")
}

fn formatted(format: &str, at: &Zoned) -> Result<String> {
    let wrong =
        |why: String| Error::invalid_arguments(format!("`format`: {why}; it is as `%A, %d %B %Y %H:%M` (strftime)"));
    let text = strtime::format(format, at).map_err(|error| wrong(error.to_string()))?;
    if text.len() > MAX_FORMATTED_BYTES {
        return Err(wrong(format!("the text is longer than {MAX_FORMATTED_BYTES} bytes")));
    }
    Ok(text)
}
