//! Bounds, each with its reason.

use std::time::Duration;

/// A date and time with zone and fraction has fewer than 80 bytes; longer texts are something else.
pub const MAX_TEXT_BYTES: usize = 128;
/// The longest name of the IANA database has 32 bytes.
pub const MAX_ZONE_BYTES: usize = 64;
/// Nearest zones that an error names.
pub const MAX_SUGGESTIONS: usize = 3;
/// A rule with every part and long lists has fewer bytes.
pub const MAX_RULE_BYTES: usize = 1_024;
/// Values of one part of a rule: BYYEARDAY may list every day of a year.
pub const MAX_RULE_VALUES: usize = 366;
/// COUNT of a rule: daily for more than 100 years.
pub const MAX_COUNT: u32 = 50_000;
/// Occurrences, given or passed over, that one expansion goes through: daily for more than 250 years.
pub const MAX_EXPANDED: usize = 100_000;
/// How long one expansion may take: a part of the CPU time that a call has.
pub const MAX_EXPANDING: Duration = Duration::from_secs(3);
/// Periods (years to seconds) without an occurrence after which a rule is given up: more than all years that there are.
pub const MAX_FRUITLESS: usize = 20_000;
/// INTERVAL of a rule: in years it already leads out of the calendar.
pub const MAX_INTERVAL: i64 = 10_000;
