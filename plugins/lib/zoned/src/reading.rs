//! What a text says, and that it is not read.

use jiff::{
    Zoned,
    civil::{DateTime, Time},
    tz::TimeZone,
};
use tandem_sdk::{Error, output};

/// What an error says of the spellings that are read.
pub const FORMS: &str = "ISO 8601 (`2026-12-02`, `2026-12-02T15:30`, `2026-12-02T15:30:00+01:00`, \
    `2026-12-02T15:30[Europe/Paris]`), RFC 2822 (`Wed, 2 Dec 2026 15:30:00 +0100`), `2 December 2026 15:30`, \
    Unix seconds (`@1796223000`) or `now`";

/// What a text says.
#[derive(Clone, Debug)]
pub enum Reading {
    /// A moment: the text has an offset, and perhaps a zone.
    Instant(Zoned),
    /// A local time of a zone that the text names.
    InZone(DateTime, TimeZone),
    /// A local time of no zone.
    Local(DateTime),
    /// A day.
    Day(DateTime),
    /// A time of an unnamed day.
    Clock(Time),
}

/// How a text is written.
#[output]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// ISO 8601, RFC 3339 or RFC 9557.
    #[serde(rename = "iso-8601")]
    Iso8601,
    /// The dates of mail.
    #[serde(rename = "rfc-2822")]
    Rfc2822,
    /// Seconds or parts of them since 1970.
    #[serde(rename = "unix")]
    Unix,
    /// With the English name of a month.
    #[serde(rename = "english")]
    English,
    /// Numbers with `/`, `.` or `-` between them.
    #[serde(rename = "numeric")]
    Numeric,
    /// Hours and minutes.
    #[serde(rename = "clock")]
    Clock,
    /// The word `now`.
    #[serde(rename = "now")]
    Now,
    /// By the format that was given.
    #[serde(rename = "custom")]
    Custom,
}

/// That a text is not read, and why.
pub fn refused(argument: &str, text: &str, why: &str) -> Error {
    Error::invalid_arguments(format!("`{argument}`: cannot read `{text}`: {why}"))
}
