//! The calendar category: iCalendar files (RFC 5545), read with their recurrences expanded and written.
//!
//! **Promises.** Zones that the IANA database has follow it, whatever a file says of them. What of a file could not be used is reported
//! with its line, never passed over in silence. A calendar that is written holds its events, the definitions of
//! their zones, and no line that an argument brought in; a file is complete or not there.
//!
//! **Bounds.** All of them are in [`limits`] and in `tandem_zoned::limits`, each with its reason.
//!
//! **Refuses.** What is no iCalendar file, is cut off or nested too deep, with the line; vCalendar 1.0; local times without a
//! zone, rules that never occur and events that end before they begin, in what is written.

mod agenda;
mod clock;
mod compose;
mod cursor;
mod entry;
mod expansion;
mod files;
mod groups;
mod issues;
mod item;
pub mod limits;
mod line;
mod new_event;
mod out;
mod parse;
mod read;
mod series;
mod slots;
mod tools;
mod values;
mod window;
mod write;
mod written;
mod zone_rules;
mod zone_text;

pub use tools::Calendar;

tandem_sdk::export!(Calendar);
