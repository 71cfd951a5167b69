//! What an operator does about the queue and about peers.
//!
//! **Promises.** The queue's pause is in the store and so survives a restart; it is seen by every host that shares the store.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use serde_json::{Value, json};
use tandem_cluster::{ClusterHandle, QUEUE};
use tandem_queue::{SqliteTasks, TaskStore as _};
use tandem_store::Store;

use super::{
    records::{of_actor, record},
    request::P2pRequest,
};

/// What answers: the queue, and the network where a host runs that has one.
#[derive(Clone)]
pub(crate) struct P2pParts {
    pub(crate) tasks: SqliteTasks,
    pub(crate) reactor: Option<Arc<ClusterHandle>>,
}

impl P2pParts {
    pub(super) async fn answer(&self, ask: P2pRequest, store: &Store, actor: &str) -> anyhow::Result<Value> {
        let reactor = || {
            let reactor = self.reactor.as_deref();
            reactor.context("no host with a reactor lane runs with this configuration; start one first")
        };
        let record = async |event| record(store, event).await;
        match ask {
            P2pRequest::Pause { paused } => {
                self.tasks.pause(QUEUE, paused).await?;
                let what = if paused { "queue.paused" } else { "queue.resumed" };
                record(of_actor(what, actor, None)).await?;
                let took_none = match &self.reactor {
                    // A thread that starts anew takes tasks.
                    Some(reactor) if !paused && reactor.lane().is_up() => reactor.take_tasks().await?,
                    _ => false,
                };
                Ok(json!({ "paused": paused, "ended_shutdown": took_none }))
            }
            P2pRequest::Tools { peer } => Ok(reactor()?.peer_tools(&peer).await?.into()),
            P2pRequest::Call { peer, tool, arguments, wait_s } => {
                let called = of_actor("peer.called", actor, None).with("peer", &peer).with("tool", &tool);
                record(called).await?;
                Ok(reactor()?.peer_call(&peer, &tool, arguments, Duration::from_secs(wait_s.into())).await?)
            }
            P2pRequest::Block { peer, for_s } => {
                reactor()?.block_peer(&peer, Duration::from_secs(for_s)).await?;
                record(of_actor("peer.blocked", actor, None).with("peer", &peer)).await?;
                Ok(json!({ "peer_id": peer, "for_s": for_s }))
            }
            P2pRequest::Unblock { peer } => {
                let was = reactor()?.unblock_peer(&peer).await?;
                record(of_actor("peer.unblocked", actor, None).with("peer", &peer)).await?;
                Ok(json!({ "peer_id": peer, "was_kept_out": was }))
            }
        }
    }
}
