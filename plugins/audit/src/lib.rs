//! The audit category: an append-only log of events that are linked by hashes, in the plugin's own `kv` store.
//!
//! **Promises.** What a call acknowledged is on disk, and has a number of its own. No tool changes or deletes events; what is changed
//! in the store by other means breaks the chain of hashes, which `audit_report` says. Who rewrites the whole store can make another
//! chain: only a hash that was kept elsewhere shows it.
//!
//! **Bounds.** All of them are in [`limits`], each with its reason.
//!
//! **Refuses.** What is beyond the bounds, with an error that names the argument.

mod check;
mod limits;
pub mod model;
mod query;
mod report;

use serde_json::Map;
use tandem_sdk::prelude::*;

use crate::model::{Event, Format, Outcome, Page, Recorded, Report, Severity};
use crate::query::Query;

/// The category.
#[derive(Debug)]
pub struct Audit;

#[tools]
impl Audit {
    /// Records an event in the audit log and returns its number and hash. Events cannot be changed or deleted.
    #[tool(title = "Record an audit event")]
    fn audit_record(
        ctx: &Ctx,
        /// What was done, as `user.login`.
        #[arg(min_length = 1, max_length = 100)]
        action: String,
        /// Who did it, as `ada@example.com`; the authenticated subject of this call unless given.
        #[arg(max_length = 500)]
        actor: Option<String>,
        /// To what, as `invoices/2026-17`.
        #[arg(default = String::new(), max_length = 500)]
        resource: String,
        /// What kind of thing the resource is, as `invoice`.
        #[arg(default = String::new(), max_length = 100)]
        resource_type: String,
        /// How it ended; `success` unless given.
        outcome: Option<Outcome>,
        /// How grave it is; `info` unless given.
        severity: Option<Severity>,
        /// From where, as `192.0.2.7`.
        #[arg(default = String::new(), max_length = 100)]
        source: String,
        /// Tags to find it by, at most 16 of 100 characters, as `["billing"]`.
        #[arg(default)]
        tags: Vec<String>,
        /// Further fields, at most 8 KiB and 16 levels deep, as `{"amount": 120}`.
        #[arg(default)]
        details: Map<String, Value>,
    ) -> Result<Recorded> {
        check::tags(&tags)?;
        check::details(&details)?;
        let recorded_by = ctx.principal().subject;
        let time = check::seconds(jiff::Timestamp::now())?;
        let event = Event {
            sequence: 0,
            time,
            action,
            actor: actor.unwrap_or_else(|| recorded_by.clone()),
            resource,
            resource_type,
            outcome: outcome.unwrap_or_default(),
            severity: severity.unwrap_or_default(),
            source,
            tags,
            details,
            recorded_by,
            previous: String::new(),
        };
        let new = tandem_hash_chain::append(|head| Event {
            sequence: head.sequence + 1,
            previous: head.hash.clone(),
            ..event.clone()
        })?;
        Ok(Recorded { sequence: new.entry.sequence, time: new.entry.time, hash: new.hash })
    }

    /// Finds events of the audit log by action, actor, resource, outcome, severity, tag and time, newest first, in pages. A page may
    /// have few events and still a `next_cursor`. Use `audit_report` for counts and to check the log.
    #[tool(read_only, idempotent, title = "Query the audit log")]
    fn audit_query(
        ctx: &Ctx,
        /// The action, as `user.login`; with `*` at the end what actions start with, as `user.*`.
        #[arg(max_length = 100)]
        action: Option<String>,
        /// Who did it, as `ada@example.com`.
        #[arg(max_length = 500)]
        actor: Option<String>,
        /// To what, as `invoices/2026-17`.
        #[arg(max_length = 500)]
        resource: Option<String>,
        /// How it ended; any unless given.
        outcome: Option<Outcome>,
        /// How grave at least; `info`, which is all, unless given.
        severity: Option<Severity>,
        /// A tag that the events have, as `billing`.
        #[arg(max_length = 100)]
        tag: Option<String>,
        /// The time of the first, as `2026-01-31T12:00:00Z` or `2026-01-31`.
        since: Option<String>,
        /// The time after the last, in the same forms.
        until: Option<String>,
        /// How many events a page has at most.
        #[arg(default = 20, min = 1, max = 100)]
        limit: u32,
        /// The `next_cursor` of the page before.
        #[arg(max_length = 20)]
        cursor: Option<String>,
    ) -> Result<Page> {
        let since = check::time("since", since.as_deref())?;
        let until = check::time("until", until.as_deref())?;
        let severity = severity.unwrap_or_default();
        let query = Query { action, actor, resource, outcome, severity, tag, since, until };
        query::run(ctx, &query, limit as usize, cursor.as_deref())
    }

    /// Reports on the audit log: counts of actions, actors, outcomes and severities in a time, the last notable events, and whether the
    /// whole log is intact by its hashes.
    #[tool(read_only, idempotent, title = "Audit report")]
    fn audit_report(
        ctx: &Ctx,
        /// The time of the first event, as `2026-01-31T12:00:00Z` or `2026-01-31`; all events unless given.
        since: Option<String>,
        /// The time after the last event, in the same forms.
        until: Option<String>,
        /// `json`, unless given, or `markdown` to have the report for people too.
        format: Option<Format>,
    ) -> Result<Report> {
        let since = check::time("since", since.as_deref())?;
        let until = check::time("until", until.as_deref())?;
        let query = Query { since, until, ..Query::default() };
        report::run(ctx, &query, format.unwrap_or_default())
    }
}

tandem_sdk::export!(Audit);
