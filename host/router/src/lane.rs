//! Which lane a tool runs in, and why; and the way there.
//!
//! The lane is decided by the manifest, then by what the plugin needs, then by the tool's name. A call that is in its lane
//! already runs where it is; any other one is handed over once, and its answer comes back once. While the reactor is down,
//! a call waits a moment for it, then is refused, or runs in the general lane where the operator allows it and the author
//! says that twice is the same as once.

use std::{future::Future, sync::Arc, time::Duration};

use tandem_catalog::{Category, Tool};
use tandem_package::Affinity;
use tandem_reactor::LaneError;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    api::{CallError, Lane},
    call::Route,
    meters::LaneMeters,
    router::Router,
};

/// Between two looks whether the reactor is back.
const LOOK: Duration = Duration::from_millis(50);

/// Name patterns of tools that need the network, in the order in which they are looked at.
const PATTERNS: [Pattern; 5] = [
    Pattern::Prefix("p2p_"),
    Pattern::Contains("workflow"),
    Pattern::Contains("taskqueue"),
    Pattern::Contains("peer"),
    Pattern::Contains("bootstrap"),
];

enum Pattern {
    Prefix(&'static str),
    Contains(&'static str),
}

impl Pattern {
    fn fits(&self, name: &str) -> bool {
        match self {
            Self::Prefix(text) => name.starts_with(text),
            Self::Contains(text) => name.contains(text),
        }
    }
}

/// The lane, and the reason as it stands in metrics and `_meta`.
#[must_use]
pub fn choose(category: &Category, tool: &str) -> (Lane, &'static str) {
    decide(category.affinity, category.requires_p2p, tool)
}

fn decide(affinity: Affinity, requires_p2p: bool, tool: &str) -> (Lane, &'static str) {
    match affinity {
        Affinity::General => (Lane::General, "affinity"),
        Affinity::Reactor => (Lane::Reactor, "affinity"),
        Affinity::Auto if requires_p2p => (Lane::Reactor, "requires_p2p"),
        Affinity::Auto if PATTERNS.iter().any(|pattern| pattern.fits(tool)) => (Lane::Reactor, "pattern"),
        Affinity::Auto => (Lane::General, "default"),
    }
}

impl Router {
    pub(crate) fn meters(&self, lane: Lane) -> &LaneMeters {
        match lane {
            Lane::General => &self.0.general,
            Lane::Reactor => &self.0.reactor,
        }
    }

    /// Where a call will run.
    pub(crate) async fn route(&self, category: &Category, tool: Option<&Arc<Tool>>) -> Result<Route, CallError> {
        let (lane, reason) = choose(category, tool.map_or("", |tool| &tool.descriptor.name));
        self.meters(lane).routed(reason);
        if lane == Lane::General || self.reactor_is_up().await {
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
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(self.0.config.reactor_patience, back).await.is_ok()
    }

    /// Whether the calling thread is of that lane.
    pub(crate) fn is_at_home(&self, lane: Lane) -> bool {
        lane == Lane::General && !tandem_reactor::Lane::is_here()
    }

    /// Does work in a lane and answers what it came to. Dropping the answer stops the work.
    pub(crate) async fn elsewhere<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, CallError> {
        let down = |retry_after| CallError::Unavailable { reason: LaneError::Down.to_string(), retry_after };
        match (lane, &self.0.config.reactor) {
            (Lane::Reactor, Some(reactor)) => reactor.run(work).await.map_err(|error| match error {
                LaneError::Busy => CallError::Limited {
                    limit: "queue",
                    value: format!("{} calls in the reactor lane", tandem_reactor::PLACES),
                    retryable: true,
                    retry_after: None,
                },
                LaneError::Down => down(Some(Duration::from_secs(1))),
            }),
            (Lane::Reactor, None) => Err(down(None)),
            (Lane::General, _) => {
                let task = AbortOnDropHandle::new(self.0.config.general.spawn(work));
                task.await.map_err(|error| CallError::Internal(format!("the call's task failed: {error}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explicit_affinity_wins_then_need_then_name() {
        assert_eq!(decide(Affinity::General, true, "p2p_x"), (Lane::General, "affinity"));
        assert_eq!(decide(Affinity::Reactor, false, "add"), (Lane::Reactor, "affinity"));
        assert_eq!(decide(Affinity::Auto, true, "add"), (Lane::Reactor, "requires_p2p"));
        assert_eq!(decide(Affinity::Auto, false, "my_workflow_run"), (Lane::Reactor, "pattern"));
        assert_eq!(decide(Affinity::Auto, false, "add"), (Lane::General, "default"));
    }
}
