//! The time category: the current time, time zones, differences and sums of dates, parsing, cron schedules and
//! recurrence rules.
//!
//! **Promises.** Time zones are those of the IANA database that the component carries. A result that depends on a choice
//! (a local time that the clocks skip or show twice, a day that a month has not) says what was chosen. Calendar units are
//! added on the calendar, hours and less on the time line.
//!
//! **Bounds.** All of them are in [`limits`] and in `tandem_zoned::limits`, each with its reason. Years are -9999 to 9999.
//!
//! **Refuses.** Dates that can be read in two ways, numbers without a unit, abbreviations of zones, relative words, cron
//! patterns and rules that never fit: each with what would be right.

mod add;
mod arguments;
mod business;
mod convert;
mod cron;
mod diff;
pub mod limits;
mod parse;
mod recurrence;
mod run;
mod tools;

pub use tools::Time;

tandem_sdk::export!(Time);
