//! What is recorded of a call when it ends, also when nobody waits for its end any more.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use tandem_engine::{CallContext, Limit};
use tandem_store::{CallRecord, Denial, Store};

use crate::{
    api::{CallError, Output},
    audit,
    call_status::CallStatus,
    config::AuditedCalls,
    router::Router,
    scope::CallScope,
};

/// One call until it has ended. Dropped before, it ends as cancelled: its guest may have had effects.
pub(crate) struct CallRecorder<'a> {
    router: &'a Router,
    scope: &'a CallScope,
    /// The tool, the URI or the prompt.
    what: &'a str,
    request_id: Arc<str>,
    subject: Arc<str>,
    traceparent: Option<Arc<str>>,
    start: Instant,
    arguments: OnceLock<[u8; 32]>,
    /// Whether a client waits for its answer, not a tool.
    outermost: bool,
    ended: bool,
}

/// How it ended.
pub(crate) struct CallOutcome {
    status: CallStatus,
    limit: Option<Limit>,
}

impl CallOutcome {
    pub(crate) fn of<T>(status: CallStatus, result: &Result<T, CallError>) -> Self {
        Self { status, limit: result.as_ref().err().and_then(CallError::limit) }
    }
}

impl<'a> CallRecorder<'a> {
    /// `what` is the tool, the URI or the prompt.
    pub(crate) fn new(
        router: &'a Router,
        scope: &'a CallScope,
        cx: &CallContext,
        what: &'a str,
        start: Instant,
    ) -> Self {
        Self {
            router,
            scope,
            what,
            request_id: cx.request_id.clone(),
            subject: cx.caller.subject.clone(),
            traceparent: cx.traceparent.clone(),
            start,
            arguments: OnceLock::new(),
            outermost: cx.depth == 0,
            ended: false,
        }
    }

    /// The digest of the arguments' canonical JSON.
    pub(crate) fn arguments(&self, digest: Option<[u8; 32]>) {
        if let Some(digest) = digest {
            let _first = self.arguments.set(digest);
        }
    }

    /// Counts the call and records it. Waits while the audit log has no room: no record is lost for speed. Where records are
    /// required, waits until this one is on disk.
    ///
    /// # Errors
    ///
    /// It is required, and could not be written.
    pub(crate) async fn end(&mut self, outcome: CallOutcome) -> Result<(), CallError> {
        self.ended = true;
        match self.settle(&outcome) {
            Some((store, record)) => self.router.keep_record(store, record, self.outermost).await,
            None => Ok(()),
        }
    }

    /// Writes what a tool's call came to into the host's log.
    pub(crate) fn log(&self, result: &Result<Output, CallError>) {
        let status = match result {
            Ok(output) => CallStatus::of_answer(output.is_error).as_str(),
            Err(error) => error.code(),
        };
        let CallScope { state, lane, tenant, .. } = self.scope;
        tracing::info!(
            target: "tandem::call", lane = lane.as_str(), category = &*state.name, tool = self.what,
            tenant = &*tenant.name, request_id = &*self.request_id, duration_ms = self.start.elapsed().as_secs_f64() * 1e3,
            status, traceparent = self.traceparent.as_deref().unwrap_or(""), "call"
        );
    }

    fn settle(&self, outcome: &CallOutcome) -> Option<(Store, CallRecord)> {
        let CallScope { state, lane, tenant, account, .. } = self.scope;
        let took = self.start.elapsed();
        let status = outcome.status;
        state.record(self.what, *lane, status, took);
        tenant.count(status);
        self.scope.settle_account(outcome.limit);
        let wanted = match self.router.0.config.audited {
            AuditedCalls::None => false,
            AuditedCalls::Failures => status != CallStatus::Ok || outcome.limit.is_some() || account.was_denied(),
            AuditedCalls::All => true,
        };
        let store = self.router.0.services.store.clone().filter(|_| wanted)?;
        let usage = account.use_so_far();
        let denied = usage.denied.into_iter();
        let record = CallRecord {
            request_id: self.request_id.to_string(),
            tenant: tenant.name.to_string(),
            subject: self.subject.to_string(),
            category: state.name.to_string(),
            tool: self.what.to_owned(),
            lane: lane.as_str().to_owned(),
            arguments: self.arguments.get().copied().unwrap_or_default(),
            used: usage.used.iter().map(ToString::to_string).collect(),
            denied: denied.map(|d| Denial { capability: d.capability.to_string(), what: d.what }).collect(),
            limit: outcome.limit.map(|limit| limit.to_string()),
            outcome: status.as_str().to_owned(),
            duration: Duration::from_micros(u64::try_from(took.as_micros()).unwrap_or(u64::MAX)),
        };
        Some((store, record))
    }
}

impl Drop for CallRecorder<'_> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        if let Some((store, record)) = self.settle(&CallOutcome { status: CallStatus::Cancelled, limit: None }) {
            self.router.0.config.general.spawn(audit::send(store, record));
        }
    }
}
