//! The calls that wait, each for so long.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use rmcp::model::{CallToolResult, GetPromptResult, ReadResourceResult};
use tokio::task::AbortHandle;

use super::state::{Binding, CallId, Sealer, State, carried};
use crate::{
    limiter::{Permit, TenantLimiter},
    mcp::driver::CallDriver,
};

struct Entry<T> {
    driver: CallDriver<T>,
    round: u32,
    expiry: AbortHandle,
    _permit: Permit,
}

/// The calls of one method that wait; `T` is its result.
#[derive(Debug)]
pub(crate) struct Suspended<T> {
    entries: Mutex<HashMap<CallId, Entry<T>>>,
    /// AppState with the other methods.
    limiter: Arc<TenantLimiter>,
    ttl: Duration,
}

/// The calls that wait.
#[derive(Debug)]
pub(crate) struct SuspendedCalls {
    pub(crate) tools: Arc<Suspended<CallToolResult>>,
    pub(crate) prompts: Arc<Suspended<GetPromptResult>>,
    pub(crate) resources: Arc<Suspended<ReadResourceResult>>,
}

impl SuspendedCalls {
    /// At most `limit` in all, and `per_tenant` of each tenant, each for `ttl`.
    pub(crate) fn new(limit: usize, per_tenant: usize, ttl: Duration) -> Self {
        let limiter = TenantLimiter::new(limit, per_tenant);
        Self {
            tools: Suspended::new(limiter.clone(), ttl),
            prompts: Suspended::new(limiter.clone(), ttl),
            resources: Suspended::new(limiter, ttl),
        }
    }

    /// Stops all that wait.
    pub(crate) fn clear(&self) {
        self.tools.clear();
        self.prompts.clear();
        self.resources.clear();
    }
}

impl<T> std::fmt::Debug for Entry<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("round", &self.round).finish_non_exhaustive()
    }
}

impl<T: Send + 'static> Suspended<T> {
    pub(crate) fn new(limiter: Arc<TenantLimiter>, ttl: Duration) -> Arc<Self> {
        Arc::new(Self { entries: Mutex::default(), limiter, ttl })
    }

    /// Keeps a call that asked something and gives the state that resumes it. A call that finds no place comes back,
    /// with the limit that stands against it.
    pub(crate) fn park(
        self: &Arc<Self>,
        driver: CallDriver<T>,
        sealer: &Sealer,
        binding: &Binding,
    ) -> Result<String, (Box<CallDriver<T>>, usize)> {
        let (id, round) = driver.turn();
        let permit = match self.limiter.take(&binding.tenant) {
            Ok(permit) => permit,
            Err(limit) => return Err((Box::new(driver), limit)),
        };
        let state = State { id, round, answers: carried(driver.answers_so_far()) };
        let sealed = match sealer.seal(&state, binding) {
            Ok(sealed) => sealed,
            Err(error) => {
                tracing::error!(%error, "mcp: cannot seal a request state");
                return Err((Box::new(driver), self.limiter.limit()));
            }
        };
        let expiry = expire(Arc::downgrade(self), id, self.ttl);
        self.lock().insert(id, Entry { driver, round, expiry, _permit: permit });
        Ok(sealed)
    }

    /// Takes the call that a state names, if it still waits in the state's round.
    pub(crate) fn take(&self, state: &State) -> Option<CallDriver<T>> {
        let mut entries = self.lock();
        if entries.get(&state.id)?.round != state.round {
            return None;
        }
        let entry = entries.remove(&state.id)?;
        entry.expiry.abort();
        Some(entry.driver)
    }

    pub(crate) fn clear(&self) {
        let entries = std::mem::take(&mut *self.lock());
        entries.values().for_each(|entry| entry.expiry.abort());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<CallId, Entry<T>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn expire<T: Send + 'static>(table: Weak<Suspended<T>>, id: CallId, ttl: Duration) -> AbortHandle {
    let task = tokio::spawn(async move {
        tokio::time::sleep(ttl).await;
        // The guest is dropped outside the lock.
        let gone = table.upgrade().and_then(|table| table.lock().remove(&id));
        if gone.is_some() {
            tracing::debug!(id, "mcp: suspended call timed out");
        }
    });
    task.abort_handle()
}
