//! The permits that a call needs to run: its tenant's, its plugin's and its lane's.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use tandem_engine::{CallContext, Limit};

use crate::{
    admission::Permit,
    api::{CallError, Lane},
    refusal::queue_full,
    router::Router,
    scope::CallScope,
};

impl Router {
    /// Waits for the permits: first the tenant's and the plugin's, then the lane's, so that who waits for one's own busy
    /// plugin does not hold the lane's meanwhile. A nested call has its parent's and does not wait.
    pub(crate) async fn admit(&self, scope: &CallScope, cx: &CallContext, at: Lane) -> Result<Running, CallError> {
        let CallScope { state, share, .. } = scope;
        share.breaker.admit(Instant::now()).map_err(|wait| CallError::Unavailable {
            reason: format!("`{}` failed repeatedly and is paused", state.name),
            retry_after: Some(wait),
        })?;
        let before = Instant::now();
        let permits = tokio::select! {
            biased;
            permits = self.permits(scope, cx.depth, at) => permits,
            () = cx.cancel.cancelled() => Err(CallError::Cancelled),
            () = tokio::time::sleep_until(cx.deadline.into()) => Err(CallError::Limited {
                limit: Limit::Queue,
                value: "the call's whole deadline".to_owned(),
                retryable: true,
                retry_after: None,
            }),
        };
        if permits.is_err() {
            share.breaker.neutral(Instant::now());
        }
        self.meters(at).waited(before.elapsed());
        Ok(Running::new(scope, permits?))
    }

    async fn permits(&self, scope: &CallScope, depth: u8, at: Lane) -> Result<[Option<Permit>; 3], CallError> {
        let CallScope { state, share, tenant, .. } = scope;
        if depth > 0 {
            // The plugin may be one of the callers above: waiting for its permit would be waiting for itself.
            let full = || CallError::Limited {
                limit: Limit::Concurrency,
                value: format!("{} calls", state.concurrency),
                retryable: true,
                retry_after: None,
            };
            let plugin = share.gate.try_enter().ok_or_else(full)?;
            let upstream = state.upstream.as_ref().map(|gate| gate.try_enter().ok_or_else(full)).transpose()?;
            return Ok([None, Some(plugin), upstream]);
        }
        let own = match tenant.places() {
            Some(gate) => {
                Some(gate.enter(scope.priority).await.map_err(|full| queue_full(Limit::TenantConcurrency, &full))?)
            }
            None => None,
        };
        let plugin = share.gate.enter(scope.priority).await.map_err(|full| queue_full(Limit::Concurrency, &full))?;
        let lane = match at {
            Lane::General => {
                Some(self.0.gate.enter(scope.priority).await.map_err(|full| queue_full(Limit::Queue, &full))?)
            }
            // The reactor has permits of its own, and refuses at once.
            Lane::Reactor => None,
            // Each server is a lane of its own: one that is slow keeps no other waiting.
            Lane::Upstream => match &state.upstream {
                Some(gate) => Some(gate.enter(scope.priority).await.map_err(|full| queue_full(Limit::Queue, &full))?),
                None => None,
            },
        };
        Ok([own, Some(plugin), lane])
    }
}

/// The permits that a running call holds; it counts as in flight while this lives.
pub(crate) struct Running {
    in_flight: Arc<AtomicU64>,
    gauge: metrics::Gauge,
    _permits: [Option<Permit>; 3],
}

impl Running {
    fn new(scope: &CallScope, permits: [Option<Permit>; 3]) -> Self {
        let (in_flight, gauge) = (scope.state.in_flight.clone(), scope.state.gauge(scope.lane).clone());
        in_flight.fetch_add(1, Ordering::Relaxed);
        gauge.increment(1);
        Self { in_flight, gauge, _permits: permits }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.gauge.decrement(1);
    }
}
