//! What an operator does about the queue and about peers.
//!
//! **Promises.** The queue's pause is in the store and so survives a restart; it is seen by every host that shares the store.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tandem_cluster::{QUEUE, Reactor};
use tandem_queue::{SqliteTasks, TaskStore as _};

use super::{Admin, of_actor};

/// What is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum AboutP2p {
    /// Give no task to anybody, or do so again.
    Pause { paused: bool },
    /// What a peer lets this host call.
    Tools { peer: String },
    /// Call it.
    Call { peer: String, tool: String, arguments: Map<String, Value>, wait_s: u32 },
    /// Take no connection of a peer.
    Block { peer: String, for_s: u64 },
    /// Take them again.
    Unblock { peer: String },
}

/// What answers: the queue, and the network where a host runs that has one.
#[derive(Clone)]
pub(crate) struct P2pParts {
    pub(crate) tasks: SqliteTasks,
    pub(crate) reactor: Option<Arc<Reactor>>,
}

impl Admin {
    pub(super) async fn of_p2p(&self, ask: AboutP2p, actor: &str) -> anyhow::Result<Value> {
        let parts = &self.p2p;
        let reactor = || {
            parts
                .reactor
                .as_deref()
                .context("no host with a reactor lane runs with this configuration; start one first")
        };
        match ask {
            AboutP2p::Pause { paused } => {
                parts.tasks.pause(QUEUE, paused).await?;
                let what = if paused { "queue.paused" } else { "queue.resumed" };
                self.record(of_actor(what, actor, None)).await?;
                let took_none = match &parts.reactor {
                    // A thread that starts anew takes tasks.
                    Some(reactor) if !paused && reactor.lane().is_up() => reactor.take_tasks().await?,
                    _ => false,
                };
                Ok(json!({ "paused": paused, "ended_shutdown": took_none }))
            }
            AboutP2p::Tools { peer } => Ok(reactor()?.peer_tools(&peer).await?.into()),
            AboutP2p::Call { peer, tool, arguments, wait_s } => {
                let called = of_actor("peer.called", actor, None).with("peer", &peer).with("tool", &tool);
                self.record(called).await?;
                Ok(reactor()?.peer_call(&peer, &tool, arguments, Duration::from_secs(wait_s.into())).await?)
            }
            AboutP2p::Block { peer, for_s } => {
                reactor()?.block_peer(&peer, Duration::from_secs(for_s)).await?;
                self.record(of_actor("peer.blocked", actor, None).with("peer", &peer)).await?;
                Ok(json!({ "peer_id": peer, "for_s": for_s }))
            }
            AboutP2p::Unblock { peer } => {
                let was = reactor()?.unblock_peer(&peer).await?;
                self.record(of_actor("peer.unblocked", actor, None).with("peer", &peer)).await?;
                Ok(json!({ "peer_id": peer, "was_kept_out": was }))
            }
        }
    }
}
