//! Time zones, readings of dates and times, and recurrence rules.
//!
//! **Promises.** The rules of time zones are those of the IANA database that the component carries, whatever machine it
//! runs on. A text is read in one way or not at all: what two readers could understand differently is an error with
//! the spellings that are clear. A local time that the clocks skip or show twice is never settled in silence.
//!
//! **Bounds.** All of them are in [`limits`], each with its reason.
//!
//! **Refuses.** Unknown zones (with the nearest names), abbreviations of zones, `01/02/2026`, bare numbers, relative
//! words, offsets that the zone has not, and rules whose parts contradict each other: each with what would be right.

pub mod abbreviations;
pub mod limits;
pub mod moment;
pub mod numeric;
pub mod occurrences;
pub mod pattern;
pub mod read;
pub mod reading;
pub mod resolve;
pub mod rule;
mod rule_values;
mod wall_clock;
pub mod words;
pub mod zones;
