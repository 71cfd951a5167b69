//! Which host a step is for at first: the operator's choice of `p2p_workflow_coordinate`, else the one that rendezvous hashing names,
//! among the `target_peers` of the workflow where it has some.
//!
//! **Promises.** Beside those it is a preference. Who does not come for its step in time shares it with all others: nobody waits for a host
//! that is gone, full, or sees other peers.
//!
//! **Bounds.** A look at the tools of each connected peer for a step that starts; nothing where no peer has the tool.
//!
//! **Refuses.** Peers that may claim nothing here, that behaved badly, and the one that the step's attempt before was on.

use std::{sync::Arc, time::Duration};

use libp2p::PeerId;
use tandem_reactor::trust::UnixMillis;
use tandem_types::Caller;
use tandem_workflow::{Candidate, Start, Strategy, choose};

use crate::{
    peers::{PeerDirectory, TaskPolicy},
    worker::LocalWorker,
};

/// How long a host that was chosen by name has its step for itself.
pub(super) const CHOSEN: Duration = Duration::from_secs(30);
/// The same for one that the hash chose, beside its way here and back: hearing of a task and claiming it are a matter of
/// milliseconds, and whoever is busy must not make a step wait.
const HASHED: Duration = Duration::from_millis(100);

/// The longest way that is waited for: a peer measures as far as it likes to.
const FARTHEST: Duration = Duration::from_secs(1);

/// See the module.
pub(super) struct StepPlacement {
    pub(super) peers: Arc<PeerDirectory>,
    pub(super) worker: Arc<LocalWorker>,
    pub(super) policy: Arc<TaskPolicy>,
}

impl StepPlacement {
    /// The peer that has this step for itself at first, and how long; none where this host is as good as any.
    pub(super) fn preferred_host(
        &self,
        caller: &Caller,
        start: &Start,
        before: Option<&str>,
    ) -> Option<(String, Duration)> {
        if !self.policy.leases_to_peers() {
            return None;
        }
        let able = self.able_peers(caller, start, before);
        if able.is_empty() {
            return None;
        }
        let mut candidates: Vec<_> = able
            .iter()
            .map(|(peer, capacity)| Candidate { peer: peer.to_string(), capacity: *capacity, running: 0, local: false })
            .collect();
        let here = self.worker.tools.info(caller, &start.tool).is_some_and(|info| !info.local);
        if here {
            let (peer, capacity) = (self.peers.me().to_string(), self.worker.slots.capacity());
            candidates.push(Candidate { peer, capacity, running: 0, local: true });
        }
        let first = (*choose(Strategy::Rendezvous, &start.content, &candidates, 1).first()?).to_owned();
        let (peer, _) = able.iter().find(|(peer, _)| peer.to_string() == first)?;
        let way = self.peers.network.rtt(peer).unwrap_or_default().min(FARTHEST);
        Some((first, HASHED + 2 * way))
    }

    /// Connected peers that have a step's tool and may have its task, with how many tasks each runs at a time.
    fn able_peers(&self, caller: &Caller, start: &Start, before: Option<&str>) -> Vec<(PeerId, u32)> {
        let now = UnixMillis::now();
        let behaves = |peer: &PeerId| self.peers.book().get(peer, now).is_some_and(|known| known.score >= 0.0);
        let priority = self.policy.default_priority(&caller.tenant);
        let mut able = self.peers.advertisements.with_tool(&start.tool);
        able.retain(|(peer, ..)| {
            self.peers.network.is_connected(peer)
                && before != Some(&*peer.to_string())
                && self.policy.may_lease_to(peer, &caller.tenant, priority)
                && behaves(peer)
        });
        able
    }

    /// Which of the hosts that a workflow is for has a step first: of those that are there with its tool, the one that the hash
    /// names, and not the one that the attempt before was on where there is another.
    pub(super) fn first_target(&self, targets: &[String], start: &Start, before: Option<&str>) -> Option<String> {
        let there: Vec<_> = targets.iter().filter(|peer| self.has_tool(peer, &start.tool)).collect();
        let others: Vec<_> = there.iter().copied().filter(|peer| before != Some(peer.as_str())).collect();
        let among = match (others.is_empty(), there.is_empty()) {
            (false, _) => others,
            (true, false) => there,
            // Whoever comes first.
            (true, true) => targets.iter().collect(),
        };
        let candidate = |peer: &&String| Candidate { peer: (*peer).clone(), capacity: 1, running: 0, local: false };
        let candidates: Vec<_> = among.iter().map(candidate).collect();
        choose(Strategy::Rendezvous, &start.content, &candidates, 1).first().map(|peer| (*peer).to_owned())
    }

    /// The one after that, where it did not come for the step in time: the next that is there with its tool, else the next.
    pub(super) fn next_target(&self, targets: &[String], tool: &str, before: Option<&str>) -> Option<String> {
        let at = targets.iter().position(|peer| before == Some(peer.as_str())).map_or(0, |at| at + 1);
        let mut turn = targets.iter().cycle().skip(at).take(targets.len());
        let next = turn.clone().find(|peer| self.has_tool(peer, tool));
        next.or_else(|| turn.next()).cloned()
    }

    /// Whether this host is the peer, or is connected with it.
    pub(super) fn is_there(&self, peer: &str) -> bool {
        let me = self.peers.me().to_string() == peer;
        me || peer.parse().is_ok_and(|peer| self.peers.network.is_connected(&peer))
    }

    /// Whether a host is there and has a tool.
    fn has_tool(&self, peer: &str, tool: &str) -> bool {
        if self.peers.me().to_string() == peer {
            return self.worker.task_tool(tool).is_some();
        }
        peer.parse().is_ok_and(|peer| self.peers.has_tool(&peer, tool))
    }

    /// The priority of a tenant's steps.
    pub(super) fn default_priority(&self, tenant: &str) -> u8 {
        self.policy.default_priority(tenant)
    }
}
