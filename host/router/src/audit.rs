//! Requests that name nothing that is there, and the audit log's part of a call's end.

use std::time::Duration;

use tandem_catalog::shown_name;
use tandem_engine::CallContext;
use tandem_store::{AuditRecord, CallRecord, EventRecord, Store};
use tandem_types::Caller;

use crate::{api::CallError, config::AuditedCalls, outcome, router::Router};

/// How long an answer waits for its record: longer than the store waits for another process that writes.
const PATIENCE: Duration = Duration::from_secs(15);

impl Router {
    /// What a request comes to that names nothing that is there: like a call it counts against the tenant's rate, and is
    /// logged, counted and recorded. Answers `error`, or the total that is used up.
    pub async fn refuse(&self, cx: &CallContext, name: &str, error: CallError) -> CallError {
        let tenant = self.0.tenants.of(&cx.caller.tenant);
        let charged = if cx.depth == 0 { tenant.call().map_err(outcome::exhausted) } else { Ok(()) };
        let error = charged.err().unwrap_or(error);
        let (name, outcome) = (shown_name(name), error.code());
        metrics::counter!("tandem_unknown_calls_total", "tenant" => tenant.name.to_string(), "outcome" => outcome)
            .increment(1);
        tracing::info!(
            target: "tandem::call", tool = &*name, tenant = &*tenant.name, request_id = &*cx.request_id, status = outcome,
            "call"
        );
        if self.0.config.audited != AuditedCalls::None
            && let Some(store) = self.0.services.store.clone()
        {
            let record = CallRecord {
                request_id: cx.request_id.to_string(),
                tenant: tenant.name.to_string(),
                subject: cx.caller.subject.to_string(),
                tool: name.into_owned(),
                outcome: outcome.to_owned(),
                limit: error.limit().map(|limit| limit.to_string()),
                ..CallRecord::default()
            };
            return self.keep_record(store, record, cx.depth == 0).await.err().unwrap_or(error);
        }
        error
    }

    /// Whether a call may begin: where records are required, they can be written as far as is known.
    pub(crate) fn recordable(&self) -> Result<(), CallError> {
        let store = self.0.services.store.as_ref().filter(|_| self.0.config.audit_required);
        match store {
            Some(store) if !store.audit_writable() => Err(CallError::Unrecorded { ran: false }),
            _ => Ok(()),
        }
    }

    /// Records a call that has ended; where that is required and a client waits, until it is on disk. The record of a nested
    /// call is in the queue before that of the call around it, and so on disk no later.
    pub(crate) async fn keep_record(&self, store: Store, record: CallRecord, outermost: bool) -> Result<(), CallError> {
        if !self.0.config.audit_required || !outermost {
            send(store, record).await;
            return Ok(());
        }
        // A client that goes away meanwhile takes no record with it.
        let general = &self.0.config.general;
        let writing = general.spawn(async move { store.audit_record(vec![AuditRecord::from(record)]).await });
        let written = tokio::time::timeout(PATIENCE, writing).await;
        if matches!(written, Ok(Ok(Ok(())))) { Ok(()) } else { Err(CallError::Unrecorded { ran: true }) }
    }

    /// Adds an event to the audit log, where there is a store.
    pub async fn record_event(&self, event: EventRecord) {
        if let Some(store) = self.0.services.store.clone()
            && let Err(error) = store.audit_send(vec![AuditRecord::from(event)]).await
        {
            tracing::error!(%error, "audit: cannot record an event");
        }
    }

    /// A request that reads the catalog only: it counts against the tenant's rate.
    ///
    /// # Errors
    ///
    /// The rate, or another total that calls have to wait for, is used up.
    pub fn charge_query(&self, caller: &Caller) -> Result<(), CallError> {
        self.0.tenants.of(&caller.tenant).call().map_err(outcome::exhausted)
    }
}

pub(crate) async fn send(store: Store, record: CallRecord) {
    if let Err(error) = store.audit_send(vec![AuditRecord::from(record)]).await {
        tracing::error!(%error, "audit: cannot record a call");
    }
}
