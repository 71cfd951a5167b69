//! Which events are looked for.

use tandem_sdk::prelude::*;

use crate::limits::MAX_SCANNED;
use crate::model::{Event, Hashed, Outcome, Page, Severity};

/// What events must be.
#[derive(Default)]
pub(crate) struct Query {
    pub(crate) action: Option<String>,
    pub(crate) actor: Option<String>,
    pub(crate) resource: Option<String>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) severity: Severity,
    pub(crate) tag: Option<String>,
    pub(crate) since: Option<String>,
    pub(crate) until: Option<String>,
}

impl Query {
    /// Whether the event was in the time asked for.
    pub(crate) fn is_in_time(&self, event: &Event) -> bool {
        self.since.as_ref().is_none_or(|since| event.time >= *since)
            && self.until.as_ref().is_none_or(|until| event.time < *until)
    }

    fn fits(&self, event: &Event) -> bool {
        let action = |wanted: &String| match wanted.strip_suffix('*') {
            Some(start) => event.action.starts_with(start),
            None => event.action == *wanted,
        };
        self.is_in_time(event)
            && event.severity >= self.severity
            && self.action.as_ref().is_none_or(action)
            && self.actor.as_ref().is_none_or(|actor| event.actor == *actor)
            && self.resource.as_ref().is_none_or(|resource| event.resource == *resource)
            && self.outcome.is_none_or(|outcome| event.outcome == outcome)
            && self.tag.as_ref().is_none_or(|tag| event.tags.contains(tag))
    }
}

/// A page of the events that fit, newest first, from the one before `cursor` on.
pub(crate) fn run(ctx: &Ctx, query: &Query, limit: usize, cursor: Option<&str>) -> Result<Page> {
    let wrong = |_| Error::invalid_arguments("`cursor` is not a `next_cursor` of a page before");
    let mut next = match cursor {
        Some(cursor) => {
            cursor.parse::<u64>().map_err(wrong)?.saturating_sub(1).min(tandem_hash_chain::last::<Event>()?.sequence)
        }
        None => tandem_hash_chain::last::<Event>()?.sequence,
    };
    let (mut events, mut scanned) = (Vec::new(), 0);
    while next > 0 && events.len() < limit && scanned < MAX_SCANNED {
        ctx.check()?;
        events
            .extend(tandem_hash_chain::get::<Event>(next)?.filter(|found| query.fits(&found.entry)).map(Hashed::from));
        next -= 1;
        scanned += 1;
    }
    Ok(Page { events, next_cursor: (next > 0).then(|| (next + 1).to_string()) })
}
