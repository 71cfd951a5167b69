//! Moments as results.

use jiff::{Timestamp, Zoned, civil::Weekday, tz::TimeZone};
use tandem_sdk::output;

use crate::zones;

/// A moment, as the clocks of a time zone show it.
#[output]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZonedTime {
    /// Local date and time with offset (RFC 3339), as `2026-12-02T16:00:00+01:00`.
    pub time: String,
    /// The time zone: its IANA name, or its fixed offset.
    pub zone: String,
    /// What the zone's clocks call themselves then, as `CET`.
    pub abbreviation: String,
    /// Whether daylight saving time is in effect.
    pub dst: bool,
    /// The day of the week, in English.
    pub weekday: String,
    /// The same moment in UTC, as `2026-12-02T15:00:00Z`.
    pub utc: String,
    /// The same moment in seconds since 1970-01-01T00:00:00Z, rounded down.
    pub unix: i64,
}

impl ZonedTime {
    /// A moment in a zone.
    pub fn new(at: &Zoned) -> Self {
        let info = at.time_zone().to_offset_info(at.timestamp());
        Self {
            time: time(at),
            zone: zones::name(at.time_zone()),
            abbreviation: info.abbreviation().to_owned(),
            dst: info.dst().is_dst(),
            weekday: weekday(at.weekday()).to_owned(),
            utc: at.timestamp().to_string(),
            unix: unix(at.timestamp()),
        }
    }

    /// A moment in another zone.
    pub fn in_zone(at: Timestamp, zone: &TimeZone) -> Self {
        Self::new(&at.to_zoned(zone.clone()))
    }
}

/// The local time with offset (RFC 3339).
pub fn time(at: &Zoned) -> String {
    at.timestamp().display_with_offset(at.offset()).to_string()
}

/// Unix seconds, rounded down also before 1970.
fn unix(at: Timestamp) -> i64 {
    let seconds = at.as_second();
    if at.subsec_nanosecond() < 0 { seconds - 1 } else { seconds }
}

/// The English name of a day of the week.
pub fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}
