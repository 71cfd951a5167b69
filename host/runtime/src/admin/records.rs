//! Audit records of what operators do.

use tandem_package::{Given, GrantChange, GrantKind};
use tandem_store::{EventRecord, GrantEdit, Store};

pub(super) async fn record(store: &Store, event: EventRecord) -> anyhow::Result<()> {
    Ok(store.audit_append(vec![event.into()]).await?)
}

/// The record of a change of grants: which items, never their values.
pub(super) fn grant_event(plugin: &str, tenant: Option<&str>, edit: &GrantEdit, actor: &str) -> EventRecord {
    let what = match edit {
        GrantEdit::Record(changes) => changes.iter().map(|(item, change)| match change {
            GrantChange::Revoke => format!("-{item}"),
            GrantChange::Grant(Given::Fs(grant)) => format!("+{item} at {}", grant.path),
            GrantChange::Grant(_) => format!("+{item}"),
        }),
        GrantEdit::Clear(kind) => {
            return of_actor("grant.changed", actor, tenant)
                .with("plugin", plugin)
                .with("cleared", kind.map_or("all", GrantKind::as_str));
        }
    };
    let what: Vec<String> = what.collect();
    of_actor("grant.changed", actor, tenant).with("plugin", plugin).with("changes", what.join(" "))
}

pub(super) fn key_event(event: &str, actor: &str, tenant: &str, name: &str) -> EventRecord {
    of_actor(event, actor, Some(tenant)).with("name", name)
}

pub(super) fn of_actor(event: &str, actor: &str, tenant: Option<&str>) -> EventRecord {
    EventRecord { actor: actor.to_owned(), tenant: tenant.map(str::to_owned), ..EventRecord::of_host(event) }
}
