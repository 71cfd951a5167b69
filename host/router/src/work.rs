//! The host's own work for a call: to encode, digest and check values.
//!
//! **Promises.** What is small is done at once, within a fraction of a millisecond; what is not, or turns out not to be, on
//! threads apart from those that serve, never on the reactor's. Its time is charged to the tenant as guests' time is.
//!
//! **Bounds.** Threads, and each tenant's share of them; work that waits for one; steps of a check (`tandem_catalog::Effort`).

use std::{sync::Arc, time::Duration};

use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;
use tandem_catalog::{Effort, Tool, Unfit};
use tandem_engine::{Account, Exhausted, Limit, heap_size};
use tandem_store::CallRecord;
use tandem_types::{Caller, json_text};
use tokio_util::sync::CancellationToken;

use crate::{
    api::{CallError, Violation},
    config::AuditedCalls,
    exact::{Arguments, ExactNumbers},
    job::Job,
    outcome::exhausted,
    refusal::{invalid, queue_full},
    router::Router,
    scope::CallScope,
    size::{SMALL, is_small},
    tenant::{CallAccount, Tenant},
};

/// The priority of work that belongs to no plugin yet, or no more: what a plugin has by default.
const PRIORITY: u8 = 5;
/// Why the structured result of a tool is not passed on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadResult {
    #[error("`{0}` has an output schema but gave no structured result")]
    Missing(String),
    #[error("the structured result is not JSON: {0}")]
    NotJson(#[source] serde_json::Error),
    #[error("{0} of the structured result is an integer beyond 64 bits; answer a string")]
    WideInteger(String),
    /// The violations, each with its place.
    #[error("the structured result does not fit the output schema: {0}")]
    Unfit(String),
}

/// Arguments that fit.
pub(crate) struct Prepared {
    pub(crate) text: String,
    /// Of their canonical JSON; none where nobody asks for it.
    pub(crate) digest: Option<[u8; 32]>,
}

impl Router {
    /// Brings the arguments of a call to their usual form, encodes and checks them.
    pub(crate) async fn prepare(
        &self,
        job: &Job<'_>,
        cancel: &CancellationToken,
        Arguments { members, exact }: Arguments,
    ) -> Result<Prepared, CallError> {
        let mut arguments = Value::Object(members);
        let tool = job.resolved.tool.clone();
        let digests = self.0.config.audited != AuditedCalls::None || tool.cache_ttl.is_some();
        let encode = move |tool: &Tool, arguments: &Value| {
            let digest = digests.then(|| CallRecord::digest(arguments));
            let text = match exact {
                None => Ok(json_text(arguments)),
                Some(exact) => exact.write(arguments, tool.descriptor.meta.as_ref()),
            };
            (digest, text.map(|text| Prepared { text, digest }))
        };
        let name = &job.resolved.tool.descriptor.name;
        let unfit = |unfit: Unfit| invalid(name, unfit.violations());
        let wide = |found: Violation| invalid(name, vec![(found.pointer, found.message)]);
        if is_small(heap_size(&arguments, SMALL)) {
            tool.normalize_arguments(&mut arguments);
            let (digest, prepared) = encode(&tool, &arguments);
            job.recorder.arguments(digest);
            let prepared = prepared.map_err(wide)?;
            match tool.check_arguments(&arguments, Effort::Brief) {
                Err(Unfit::Effort) => {}
                checked => return checked.map(|()| prepared).map_err(unfit),
            }
            let check = move || tool.check_arguments(&arguments, Effort::Full);
            return self.work(cancel, job.scope, check).await?.map(|()| prepared).map_err(unfit);
        }
        let prepare = move || {
            tool.normalize_arguments(&mut arguments);
            (encode(&tool, &arguments), tool.check_arguments(&arguments, Effort::Full))
        };
        let ((digest, prepared), checked) = self.work(cancel, job.scope, prepare).await?;
        job.recorder.arguments(digest);
        checked.map_err(unfit)?;
        prepared.map_err(wide)
    }

    /// Reads a structured result and checks it.
    pub(crate) async fn decode(
        &self,
        cancel: &CancellationToken,
        scope: &CallScope,
        tool: &Arc<Tool>,
        text: String,
        is_error: bool,
    ) -> Result<Result<Value, BadResult>, CallError> {
        let read = |text: &str| {
            let value = serde_json::from_str::<Value>(text).map_err(BadResult::NotJson)?;
            match ExactNumbers::of(text).and_then(|exact| exact.wide_integer(&value)) {
                None => Ok(value),
                Some(at) => Err(BadResult::WideInteger(at)),
            }
        };
        let mut value = None;
        if is_small(text.len()) {
            let small = match read(&text) {
                Ok(value) => value,
                Err(reason) => return Ok(Err(reason)),
            };
            match if is_error { Ok(()) } else { tool.check_output(&small, Effort::Brief) } {
                Err(Unfit::Effort) => value = Some(small),
                checked => return Ok(checked.map(|()| small).map_err(unfit_result)),
            }
        }
        let tool = tool.clone();
        let decode = move || {
            let value = value.map_or_else(|| read(&text), Ok)?;
            let checked = if is_error { Ok(()) } else { tool.check_output(&value, Effort::Full) };
            checked.map(|()| value).map_err(unfit_result)
        };
        self.work(cancel, scope, decode).await
    }

    /// Reads so many bytes of a caller's: at once where they are few, apart from the threads that serve where they are not.
    /// Dropping the future gives up waiting; work that has begun is finished.
    ///
    /// # Errors
    ///
    /// The tenant's CPU total is used up, or too much work waits, of the tenant or in all.
    pub async fn read_on<T: Send + 'static>(
        &self,
        caller: &Caller,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, CallError> {
        if is_small(bytes) {
            return Ok(work());
        }
        let account = self.account(caller);
        account.cpu(Duration::ZERO).map_err(exhausted)?;
        self.apart(&self.0.tenants.of(&caller.tenant), account, PRIORITY, work).await.map(|(done, _)| done)
    }

    /// The same for an answer. What a call came to is not lost because the total is used up by now: the next call is refused.
    ///
    /// # Errors
    ///
    /// Too much work waits, of the tenant or in all.
    pub async fn answer_on<T: Send + 'static>(
        &self,
        caller: &Caller,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, CallError> {
        self.work_on(caller, self.account(caller), bytes, work).await
    }

    /// The same, on a call's account.
    pub(crate) async fn work_on<T: Send + 'static>(
        &self,
        caller: &Caller,
        account: Arc<dyn Account>,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, CallError> {
        if is_small(bytes) {
            return Ok(work());
        }
        self.apart(&self.0.tenants.of(&caller.tenant), account, PRIORITY, work).await.map(|(done, _)| done)
    }

    fn account(&self, caller: &Caller) -> Arc<dyn Account> {
        Arc::new(CallAccount::new(self.0.tenants.of(&caller.tenant), None))
    }

    /// Does a call's work apart from the threads that serve, until the call is cancelled.
    async fn work<T: Send + 'static>(
        &self,
        cancel: &CancellationToken,
        scope: &CallScope,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, CallError> {
        let (done, charged) = tokio::select! {
            biased;
            done = self.apart(&scope.tenant, scope.account.clone(), scope.priority, work) => done?,
            () = cancel.cancelled() => return Err(CallError::Cancelled),
        };
        charged.map_err(exhausted)?;
        Ok(done)
    }

    /// Does work apart from the threads that serve, once it is the tenant's turn, and charges its time.
    async fn apart<T: Send + 'static>(
        &self,
        tenant: &Tenant,
        account: Arc<dyn Account>,
        priority: u8,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<(T, Result<(), Exhausted>), CallError> {
        let own = tenant.work().enter(priority).await.map_err(|full| queue_full(Limit::TenantWork, &full))?;
        let all = self.0.work.gate.enter(priority).await.map_err(|full| queue_full(Limit::Work, &full))?;
        let timed = move || {
            // Given back when the work is done, also where nobody waits for it any more.
            let _held = (own, all);
            let start = thread_time();
            let done = work();
            (done, account.cpu(thread_time().saturating_sub(start)))
        };
        let task = self.0.work.threads.spawn_blocking(timed).await;
        task.map_err(|error| CallError::Internal(format!("the call's work failed: {error}")))
    }
}

fn unfit_result(unfit: Unfit) -> BadResult {
    let places: Vec<_> =
        unfit.violations().into_iter().map(|(pointer, message)| format!("{pointer}: {message}")).collect();
    BadResult::Unfit(places.join("; "))
}

/// The CPU time of this thread: what it waited for the processor is not the tenant's.
fn thread_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}
