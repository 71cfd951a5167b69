//! What is recorded of a call when it ends, also when nobody waits for its end any more.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use tandem_catalog::shown_name;
use tandem_store::{AuditRecord, CallRecord, Denial, EventRecord, Store};
use tandem_types::Caller;

use crate::{
    api::{CallError, RequestContext},
    call::Place,
    meters::STATUSES,
    outcome,
    router::Router,
};

/// How long an answer waits for its record: longer than the store waits for another process that writes.
const PATIENCE: Duration = Duration::from_secs(15);

/// Which calls are recorded in the store's audit log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuditedCalls {
    /// None.
    #[default]
    None,
    /// Those that failed, hit a limit or were denied something.
    Failures,
    /// All.
    All,
}

/// One call until it has ended. Dropped before, it ends as cancelled: its guest may have had effects.
pub(crate) struct Closing {
    router: Router,
    place: Place,
    request_id: Arc<str>,
    subject: Arc<str>,
    category: Arc<str>,
    what: String,
    start: Instant,
    arguments: OnceLock<[u8; 32]>,
    /// Whether a client waits for its answer, not a tool.
    outermost: bool,
    ended: bool,
}

/// How it ended.
pub(crate) struct Ending {
    /// Position in [`STATUSES`].
    pub(crate) status: usize,
    pub(crate) limit: Option<&'static str>,
}

impl Ending {
    pub(crate) fn of<T>(status: usize, result: &Result<T, CallError>) -> Self {
        let limit = match result {
            Err(CallError::Limited { limit, .. }) => Some(*limit),
            Err(CallError::Timeout { .. }) => Some("deadline"),
            _ => None,
        };
        Self { status, limit }
    }
}

impl Closing {
    /// `what` is the tool, the URI or the prompt.
    pub(crate) fn new(router: &Router, cx: &RequestContext, place: Place, what: &str, start: Instant) -> Self {
        Self {
            router: router.clone(),
            request_id: cx.request_id.clone(),
            subject: cx.caller.subject.clone(),
            category: place.state.name.clone(),
            place,
            what: what.to_owned(),
            start,
            arguments: OnceLock::new(),
            outermost: cx.depth == 0,
            ended: false,
        }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
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
    pub(crate) async fn end(mut self, ending: Ending) -> Result<(), CallError> {
        self.ended = true;
        match self.settle(&ending) {
            Some((store, record)) => self.router.keep_record(store, record, self.outermost).await,
            None => Ok(()),
        }
    }

    fn settle(&self, ending: &Ending) -> Option<(Store, CallRecord)> {
        let (took, usage) = (self.start.elapsed(), self.place.account.use_so_far());
        self.place.state.record(&self.what, self.place.lane, ending.status, took);
        let status = STATUSES.get(ending.status).copied().unwrap_or("ok");
        let tenant = self.place.tenant.name.to_string();
        metrics::counter!("tandem_tenant_calls_total", "tenant" => tenant, "status" => status).increment(1);
        self.place.settle_account(&usage, ending.limit);
        let wanted = match self.router.0.config.audited {
            AuditedCalls::None => false,
            AuditedCalls::Failures => ending.status > 0 || ending.limit.is_some() || !usage.denied.is_empty(),
            AuditedCalls::All => true,
        };
        let store = self.router.0.services.store.clone().filter(|_| wanted)?;
        let denied = usage.denied.into_iter();
        let record = CallRecord {
            request_id: self.request_id.to_string(),
            tenant: self.place.tenant.name.to_string(),
            subject: self.subject.to_string(),
            category: self.category.to_string(),
            tool: self.what.clone(),
            lane: self.place.lane.as_str().to_owned(),
            arguments: self.arguments.get().copied().unwrap_or_default(),
            used: usage.used.iter().map(ToString::to_string).collect(),
            denied: denied.map(|d| Denial { capability: d.capability.to_string(), what: d.what }).collect(),
            limit: ending.limit.map(str::to_owned),
            outcome: status.to_owned(),
            duration: Duration::from_micros(u64::try_from(took.as_micros()).unwrap_or(u64::MAX)),
        };
        Some((store, record))
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let status = STATUSES.iter().position(|status| *status == "cancelled").unwrap_or_default();
        if let Some((store, record)) = self.settle(&Ending { status, limit: None }) {
            self.router.0.config.general.spawn(send(store, record));
        }
    }
}

impl Router {
    /// What a request comes to that names nothing that is there: like a call it counts against the tenant's rate, and is
    /// logged, counted and recorded. Answers `error`, or the total that is used up.
    pub async fn refuse(&self, cx: &RequestContext, name: &str, error: CallError) -> CallError {
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
                limit: Ending::of(0, &Err::<(), _>(error.clone())).limit.map(str::to_owned),
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
    async fn keep_record(&self, store: Store, record: CallRecord, outermost: bool) -> Result<(), CallError> {
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
            tracing::error!(%error, "an event could not be recorded in the audit log");
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

async fn send(store: Store, record: CallRecord) {
    if let Err(error) = store.audit_send(vec![AuditRecord::from(record)]).await {
        tracing::error!(%error, "a call could not be recorded in the audit log");
    }
}
