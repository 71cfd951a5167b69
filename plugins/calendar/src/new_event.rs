//! Events as callers give them.

use tandem_sdk::input;

/// Somebody to name in an event.
#[input]
#[derive(Clone, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contact {
    /// The mail address, as `ada@example.com`.
    pub(crate) email: String,
    /// The name, as `Ada Lovelace`.
    pub(crate) name: Option<String>,
}

/// Whether an event takes place.
#[input]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// It does.
    Confirmed,
    /// Perhaps.
    Tentative,
    /// It does not.
    Cancelled,
}

/// An event to write.
#[input]
#[derive(Clone, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEvent {
    /// What it is called, as `Stand-up`.
    pub(crate) summary: String,
    /// When it begins, as `2026-12-08T09:00`; a day alone, as `2026-12-08`, makes an event of whole days.
    pub(crate) start: String,
    /// When it ends, in the same form; of whole days the first day after it, as `2026-12-10`. Give either this or `duration`; without
    /// both, an event of whole days lasts one.
    pub(crate) end: Option<String>,
    /// How long it lasts, as `90 minutes`, `PT1H30M` or `2 days`.
    pub(crate) duration: Option<String>,
    /// IANA time zone of its local times, as `Europe/Paris`; that of the call if not given.
    pub(crate) zone: Option<String>,
    /// Its UID; made from its content if not given, so that the same event keeps it.
    pub(crate) uid: Option<String>,
    /// How it recurs (RRULE), as `FREQ=WEEKLY;BYDAY=MO;COUNT=10`.
    pub(crate) rule: Option<String>,
    /// Occurrences to leave out (EXDATE), by day or time, as `2026-12-25`; at most 200.
    #[serde(default)]
    pub(crate) exclude: Vec<String>,
    /// Further occurrences (RDATE), by day or time, as `2026-12-10T09:00`; at most 200.
    #[serde(default)]
    pub(crate) also: Vec<String>,
    /// The occurrence of the series `uid` that it replaces, as `2026-12-08T09:00` (RECURRENCE-ID).
    pub(crate) recurrence_id: Option<String>,
    /// Where, as `Room 1`.
    pub(crate) location: Option<String>,
    /// Further text; lines are kept.
    pub(crate) description: Option<String>,
    /// A link, as `https://example.com/agenda`.
    pub(crate) url: Option<String>,
    /// Whether it takes place.
    pub(crate) status: Option<Status>,
    /// Categories, as `work`.
    #[serde(default)]
    pub(crate) categories: Vec<String>,
    /// Who organizes it.
    pub(crate) organizer: Option<Contact>,
    /// Who is invited, at most 200.
    #[serde(default)]
    pub(crate) attendees: Vec<Contact>,
    /// How long before the start to remind, as `15 minutes`.
    #[serde(default)]
    pub(crate) reminders: Vec<String>,
    /// The number of its revision; higher replaces lower.
    #[serde(default)]
    pub(crate) sequence: u32,
}
