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
use tandem_engine::{Account, Exhausted};
use tandem_store::CallRecord;
use tandem_types::Caller;
use tokio::runtime::Handle;

use crate::{
    admission::Gate,
    api::{CallError, RequestContext, Violation},
    audit::AuditedCalls,
    call::{Job, Place, invalid, queue_full},
    exact::ExactNumbers,
    outcome::exhausted,
    router::Router,
    tenant::{CallAccount, Tenant},
};

/// Bytes that are encoded, decoded or digested between two awaits: some ten microseconds.
pub(crate) const SMALL: usize = 16 << 10;
/// The priority of work that belongs to no plugin yet, or no more: what a plugin has by default.
const PRIORITY: u8 = 5;
/// Pieces of work of one tenant that may wait for its threads: beyond that they would only time out.
const WAITING_OF_A_TENANT: usize = 64;
/// A value's own size in memory, and that of an object's entry and table beside it.
const NODE: usize = 72;
const OBJECT: usize = 256;
const MEMBER: usize = 112;

/// Threads for work, and who may use them now.
pub(crate) struct Work {
    gate: Arc<Gate>,
    threads: Handle,
}

impl Work {
    /// One thread fewer than guests have: the work of all tenants leaves one to what serves.
    pub(crate) fn new(workers: usize, waiting: usize, threads: Handle) -> Self {
        Self { gate: Gate::new(workers.saturating_sub(1).max(1), waiting), threads }
    }
}

/// A tenant's share of the threads: half of them.
pub(crate) fn share(workers: usize) -> Arc<Gate> {
    Gate::new((workers / 2).max(1), WAITING_OF_A_TENANT)
}

/// Arguments that fit.
pub(crate) struct Prepared {
    pub(crate) text: String,
    /// Of their canonical JSON; none where nobody asks for it.
    pub(crate) digest: Option<[u8; 32]>,
}

impl Router {
    /// Brings the arguments of a call to their usual form, encodes and checks them.
    pub(crate) async fn prepare(&self, job: &Job<'_>, mut arguments: Value) -> Result<Prepared, CallError> {
        let (tool, place, exact) = (job.tool.clone(), job.closing.place(), job.cx.exact.clone());
        let digests = self.0.config.audited != AuditedCalls::None || tool.cache_ttl.is_some();
        let encode = move |tool: &Tool, arguments: &Value| {
            let digest = digests.then(|| CallRecord::digest(arguments));
            let text = match exact {
                None => Ok(arguments.to_string()),
                Some(exact) => exact.write(arguments, tool.descriptor.meta.as_ref()),
            };
            (digest, text.map(|text| Prepared { text, digest }))
        };
        let name = &job.tool.descriptor.name;
        let unfit = |unfit: Unfit| invalid(name, unfit.violations());
        let wide = |found: Violation| invalid(name, vec![(found.pointer, found.message)]);
        if is_small(heap_size(&arguments, SMALL)) {
            tool.normalize_arguments(&mut arguments);
            let (digest, prepared) = encode(&tool, &arguments);
            job.closing.arguments(digest);
            let prepared = prepared.map_err(wide)?;
            match tool.check_arguments(&arguments, Effort::Brief) {
                Err(Unfit::Effort) => {}
                checked => return checked.map(|()| prepared).map_err(unfit),
            }
            let check = move || tool.check_arguments(&arguments, Effort::Full);
            return self.work(job.cx, place, check).await?.map(|()| prepared).map_err(unfit);
        }
        let prepare = move || {
            tool.normalize_arguments(&mut arguments);
            (encode(&tool, &arguments), tool.check_arguments(&arguments, Effort::Full))
        };
        let ((digest, prepared), checked) = self.work(job.cx, place, prepare).await?;
        job.closing.arguments(digest);
        checked.map_err(unfit)?;
        prepared.map_err(wide)
    }

    /// Reads a structured result and checks it.
    pub(crate) async fn decode(
        &self,
        cx: &RequestContext,
        place: &Place,
        tool: &Arc<Tool>,
        text: String,
        is_error: bool,
    ) -> Result<Result<Value, String>, CallError> {
        let read = |text: &str| {
            let value = serde_json::from_str::<Value>(text)
                .map_err(|error| format!("the structured result is not JSON: {error}"))?;
            match ExactNumbers::of(text).and_then(|exact| exact.wide_integer(&value)) {
                None => Ok(value),
                Some(at) => Err(format!("{at} of the structured result is an integer beyond 64 bits; answer a string")),
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
        self.work(cx, place, decode).await
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
        cx: &RequestContext,
        place: &Place,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, CallError> {
        let (done, charged) = tokio::select! {
            biased;
            done = self.apart(&place.tenant, place.account.clone(), place.state.priority, work) => done?,
            () = cx.cancel.cancelled() => return Err(CallError::Cancelled),
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
        let own = tenant.work().enter(priority).await.map_err(|full| queue_full("tenant-work", &full))?;
        let all = self.0.work.gate.enter(priority).await.map_err(|full| queue_full("work", &full))?;
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

/// Whether so many bytes are read, written or checked at once, on the thread that serves.
#[must_use]
pub fn is_small(bytes: usize) -> bool {
    bytes <= SMALL
}

fn unfit_result(unfit: Unfit) -> String {
    let places: Vec<_> =
        unfit.violations().into_iter().map(|(pointer, message)| format!("{pointer}: {message}")).collect();
    format!("the structured result does not fit the output schema: {}", places.join("; "))
}

/// The CPU time of this thread: what it waited for the processor is not the tenant's.
fn thread_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// About how much memory a value takes; not looked at any further once it is over `enough`.
pub(crate) fn heap_size(value: &Value, enough: usize) -> usize {
    let mut size = NODE;
    match value {
        Value::String(text) => size += text.len(),
        Value::Array(items) => {
            for item in items {
                if size > enough {
                    break;
                }
                size += heap_size(item, enough - size);
            }
        }
        Value::Object(members) => {
            size += if members.is_empty() { 0 } else { OBJECT };
            for (name, member) in members {
                if size > enough {
                    break;
                }
                size += MEMBER + name.len();
                size += heap_size(member, enough.saturating_sub(size));
            }
        }
        _ => {}
    }
    size
}
