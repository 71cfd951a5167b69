//! The tools, as the host sees them.

use tandem_sdk::prelude::*;

use crate::{
    new_event::NewEvent,
    read::{self, Components, Format, Page},
    write::{self, IfExists, WrittenCalendar},
};

/// The category.
#[derive(Debug)]
pub struct Calendar;

#[tools]
impl Calendar {
    /// Lists the events (the agenda) of an iCalendar file (.ics, RFC 5545) or text in a range of time, with recurring events expanded to their
    /// occurrences and times in one time zone. For a bare rule (RRULE) without a calendar use `time_recurrence`.
    #[tool(read_only, idempotent, title = "Read a calendar")]
    fn calendar_read(
        ctx: &Ctx,
        /// The file in a granted directory, as `calendars/team.ics`; give either this or `text`.
        path: Option<String>,
        /// The iCalendar text, which begins with `BEGIN:VCALENDAR`; at most 1 MiB.
        text: Option<String>,
        /// Only what is not over at this time, as `2026-12-01` or `2026-12-01T09:00`; `now` if not given.
        after: Option<String>,
        /// Only what begins before this time, as `2027-01-01`; 31 days after `after` if not given, at most ten years after it.
        before: Option<String>,
        /// IANA time zone of the results, of `after` and `before` and of events without a zone, as `Europe/Paris`; the calendar's, or
        /// `UTC`, if not given.
        zone: Option<String>,
        /// Whether recurring events are expanded. `false` lists each event and series of the file once, with its rule, whatever
        /// its time.
        #[arg(default = true)]
        expand: bool,
        /// Which components; `events` if not given. To-dos without a date are in every range.
        components: Option<Components>,
        /// Only entries whose summary, location or description contains this text, in any case, as `stand-up`.
        query: Option<String>,
        /// Whether to give descriptions, attendees, categories and links too.
        #[arg(default = false)]
        details: bool,
        /// `json` or, for people, `markdown`; `json` if not given.
        format: Option<Format>,
        /// How many entries a page has at most.
        #[arg(default = 50, min = 1, max = 200)]
        limit: u32,
        /// The `next_cursor` of the page before.
        cursor: Option<String>,
    ) -> Result<Page> {
        let request = read::Request {
            path: path.as_deref(),
            text: text.as_deref(),
            after: after.as_deref(),
            before: before.as_deref(),
            zone: zone.as_deref(),
            expand,
            components: components.unwrap_or_default(),
            query: query.as_deref(),
            details,
            format: format.unwrap_or_default(),
            limit,
            cursor: cursor.as_deref(),
        };
        read::run(ctx, &request)
    }

    /// Writes events as an iCalendar file (.ics, RFC 5545), or returns the text where no `path` is given. Time zones are
    /// defined in it. With `if_exists` = `add` the events go into a calendar that is there.
    #[tool(destructive, title = "Write a calendar")]
    fn calendar_write(
        ctx: &Ctx,
        /// The events, at most 1000.
        events: Vec<NewEvent>,
        /// The file to write, in a directory that is granted for writing, as `calendars/team.ics`.
        path: Option<String>,
        /// What becomes of a file that is there: `fail`, `replace` or `add`; `fail` if not given.
        if_exists: Option<IfExists>,
        /// The name of the calendar, as `Team`.
        name: Option<String>,
        /// IANA time zone of local times, as `Europe/Paris`, for events that have none of their own.
        zone: Option<String>,
    ) -> Result<WrittenCalendar> {
        let request = write::Request {
            events: &events,
            path: path.as_deref(),
            if_exists: if_exists.unwrap_or_default(),
            name: name.as_deref(),
            zone: zone.as_deref(),
        };
        write::run(ctx, &request)
    }
}
