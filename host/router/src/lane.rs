//! Which lane a tool runs in, and why; and the way there.
//!
//! The lane is decided by the manifest, then by what the plugin needs, then by the tool's name. A call that is in its lane
//! already runs where it is; any other one is handed over once, and its answer comes back once. While the reactor is down,
//! a call waits a moment for it, then is refused, or runs in the general lane where the operator allows it and the author
//! says that twice is the same as once.

use std::{future::Future, sync::Arc, time::Duration};

use tandem_catalog::{Category, Tool};
use tandem_engine::Limit;
use tandem_reactor::LaneError;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    api::{CallError, Lane},
    meters::LaneMeters,
    router::Router,
    routing::{PREFERRED, choose},
    scope::Route,
};

/// Between two looks whether the reactor is back.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

impl Router {
    pub(crate) fn meters(&self, lane: Lane) -> &LaneMeters {
        match lane {
            Lane::General => &self.0.general,
            Lane::Reactor => &self.0.reactor,
            Lane::Upstream => &self.0.upstream,
        }
    }

    /// Where a call will run.
    pub(crate) async fn route(&self, category: &Category, tool: Option<&Arc<Tool>>) -> Result<Route, CallError> {
        let (lane, reason) = choose(category, tool.map(AsRef::as_ref));
        if reason == PREFERRED && self.has_reactor() != Some(true) {
            self.0.general.routed("default");
            return Ok(Route { lane: Lane::General, reason: "default" });
        }
        self.meters(lane).routed(reason);
        if lane != Lane::Reactor || self.reactor_is_up().await {
            return Ok(Route { lane, reason });
        }
        if self.0.config.reactor_fallback && tool.is_some_and(|tool| tool.descriptor.annotations.idempotent) {
            self.0.general.routed("fallback");
            return Ok(Route { lane: Lane::General, reason: "fallback" });
        }
        let what = if self.0.config.reactor.is_some() { "which is down" } else { "which this host does not have" };
        Err(CallError::Unavailable {
            reason: format!("`{}` runs in the reactor lane, {what}", category.name),
            retry_after: self.0.config.reactor.is_some().then_some(Duration::from_secs(1)),
        })
    }

    /// Whether the reactor lane takes calls; none where the host has no such lane.
    #[must_use]
    pub fn has_reactor(&self) -> Option<bool> {
        self.0.config.reactor.as_ref().map(tandem_reactor::Lane::is_up)
    }

    async fn reactor_is_up(&self) -> bool {
        let Some(reactor) = &self.0.config.reactor else { return false };
        if reactor.is_up() {
            return true;
        }
        let back = async {
            while !reactor.is_up() {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        };
        tokio::time::timeout(self.0.config.reactor_patience, back).await.is_ok()
    }

    /// Whether the calling thread is of that lane.
    pub(crate) fn on_current_lane(&self, lane: Lane) -> bool {
        lane != Lane::Reactor && !tandem_reactor::Lane::is_reactor_thread()
    }

    /// Does work in a lane and answers what it came to. Dropping the answer stops the work.
    pub(crate) async fn run_on_lane<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, CallError> {
        let down = |retry_after| CallError::Unavailable { reason: LaneError::Down.to_string(), retry_after };
        match (lane, &self.0.config.reactor) {
            (Lane::Reactor, Some(reactor)) => reactor.run(work).await.map_err(|error| match error {
                LaneError::Busy => CallError::Limited {
                    limit: Limit::Queue,
                    value: format!("{} calls in the reactor lane", tandem_reactor::MAX_IN_FLIGHT),
                    retryable: true,
                    retry_after: None,
                },
                LaneError::Down => down(Some(Duration::from_secs(1))),
            }),
            (Lane::Reactor, None) => Err(down(None)),
            (Lane::General | Lane::Upstream, _) => {
                let task = AbortOnDropHandle::new(self.0.config.general.spawn(work));
                task.await.map_err(|error| CallError::Internal(format!("the call's task failed: {error}")))
            }
        }
    }
}
