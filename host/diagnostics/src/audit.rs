//! Audit records for people.

use tandem_runtime::config::time_text;
use tandem_store::{AuditRecord, AuditRow, CallRecord, Gap};

/// What a gap says.
#[must_use]
pub fn lost(gap: &Gap) -> String {
    format!("{} records were lost between {} and {}", gap.lost, time_text(gap.since), time_text(gap.until))
}

/// What a record says, without its number and time. It repeats foreign text as it is.
#[must_use]
pub fn described(row: &AuditRow) -> String {
    match row.record() {
        Some(AuditRecord::Call(call)) => described_call(&call),
        Some(AuditRecord::Event(event)) => {
            let details: Vec<String> = event.details.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let tenant = event.tenant.map(|tenant| format!(" {tenant}")).unwrap_or_default();
            format!("{}{tenant} by {}: {}", event.event, event.actor, details.join(", "))
        }
        Some(AuditRecord::Checkpoint(checkpoint)) => {
            format!("checkpoint: {} records before {} were dropped", checkpoint.dropped, checkpoint.first)
        }
        Some(AuditRecord::Gap(gap)) => format!("gap: {}", lost(&gap)),
        None => "unreadable; see `tandem audit verify`".to_owned(),
    }
}

fn described_call(call: &CallRecord) -> String {
    let CallRecord { outcome, tenant, category, tool, lane, .. } = call;
    let subject = if call.subject.is_empty() { "-" } else { &call.subject };
    let ms = call.duration.as_secs_f64() * 1e3;
    let mut text = format!("{outcome:9} {tenant} {category}/{tool} by {subject} on {lane} in {ms:.1} ms");
    if !call.used.is_empty() {
        text.push_str(&format!(", used {}", call.used.join(" ")));
    }
    for denial in &call.denied {
        text.push_str(&format!(", denied {} {}", denial.capability, denial.what));
    }
    call.limit.iter().for_each(|limit| text.push_str(&format!(", limit {limit}")));
    text
}
