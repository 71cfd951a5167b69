//! What keeps each host from running a task.

use std::sync::Arc;

use libp2p::PeerId;
use serde_json::{Value, json};
use tandem_queue::Timestamp;
use tandem_reactor::{PingSettings, network::Connected, trust::UnixMillis};

use super::{
    reason::Reason,
    wait::{SHOWN, TaskNeeds, Wait},
};
use crate::{
    format::{rfc3339, without_nulls},
    peers::{PeerDirectory, TaskPolicy},
    queue::{
        claims::{ClaimNotes, Trust},
        outside::OutsideWorkers,
    },
    worker::LocalWorker,
};

/// Who could run a task.
#[derive(Clone, Copy)]
enum Host {
    Local,
    Peer(PeerId),
    /// A worker that is no host.
    Outside,
}

/// One that could if this were not.
struct Candidate {
    host: Host,
    obstacle: Reason,
}

/// See the module.
pub(crate) struct HostObstacles {
    pub(in crate::queue) peers: Arc<PeerDirectory>,
    pub(in crate::queue) worker: Arc<LocalWorker>,
    pub(in crate::queue) policy: Arc<TaskPolicy>,
    pub(in crate::queue) claims: Arc<ClaimNotes>,
    pub(in crate::queue) outside: Arc<OutsideWorkers>,
    pub(in crate::queue) ping: PingSettings,
}

impl HostObstacles {
    /// Why no host runs it.
    pub(super) fn explain(&self, needs: TaskNeeds<'_>) -> Wait {
        let target: Option<PeerId> = match needs.target.map(str::parse) {
            None => None,
            Some(Ok(target)) => Some(target),
            Some(Err(_)) => return unknown(needs.target.unwrap_or_default()),
        };
        let (me, connected) = (self.peers.me(), self.peers.network.connected());
        if let Some(target) = target.filter(|target| *target != me)
            && !connected.iter().any(|(peer, _)| *peer == target)
        {
            return self.absent(&target);
        }
        let meant = |peer: &PeerId| target.is_none_or(|target| target == *peer);
        let local = meant(&me).then(|| self.local(needs.tool)).flatten();
        let mut candidates: Vec<_> =
            local.map(|obstacle| Candidate { host: Host::Local, obstacle }).into_iter().collect();
        candidates.extend(connected.iter().filter(|(peer, _)| meant(peer)).filter_map(|(peer, connected)| {
            self.peer(peer, connected, needs).map(|obstacle| Candidate { host: Host::Peer(*peer), obstacle })
        }));
        if target.is_none() {
            candidates.extend(self.away(&connected, needs));
            if self.outside.has(needs.tenant, needs.tool) {
                candidates.push(Candidate { host: Host::Outside, obstacle: Reason::AwaitingClaim });
            }
        }
        candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.obstacle));
        match candidates.first() {
            Some(nearest) => self.obstructed(nearest, &candidates, needs),
            None => self.nobody(target.as_ref(), connected.len(), needs.tool),
        }
    }

    fn absent(&self, target: &PeerId) -> Wait {
        let Some(known) = self.peers.book().get(target, UnixMillis::now()) else { return unknown(&target.to_string()) };
        let remedy = format!(
            "start {}, or mend its network, so that it connects; or cancel the task and submit it without `target_peer`",
            self.peers.describe(target)
        );
        let last_seen = rfc3339(Timestamp::from_millis(known.last_seen.0));
        Wait::new(Reason::TargetAway, remedy).with("target_peer", target.to_string()).with("last_seen", last_seen)
    }

    fn nobody(&self, target: Option<&PeerId>, connected: usize, tool: &str) -> Wait {
        let there = "that host's `categories` of [tenants.peers] may leave it out for this one";
        match target {
            Some(target) => {
                let remedy = format!(
                    "{} does not offer `{tool}`: install its plugin there ({there}), or cancel the task and submit it \
                     without `target_peer`",
                    self.peers.describe(target)
                );
                Wait::new(Reason::TargetWithoutTool, remedy).with("target_peer", target.to_string())
            }
            None if connected == 0 => {
                let remedy = format!(
                    "this host has no tool `{tool}`, and no other host is connected: start one that has it, or mend the network \
                     (`tandem peer list --all` lists hosts that are known, `tandem doctor` what fails); or install its plugin here, or \
                     cancel the task"
                );
                Wait::new(Reason::NoHostHasTheTool, remedy)
            }
            None => {
                let remedy = format!(
                    "none of {connected} connected hosts offers `{tool}`, and this one has no such tool: install its plugin, \
                     connect a host that has it ({there}), or cancel the task"
                );
                Wait::new(Reason::NoHostHasTheTool, remedy)
            }
        }
        .with("connected", connected)
    }

    /// What keeps this host from it; none when it does not have the tool.
    fn local(&self, tool: &str) -> Option<Reason> {
        self.worker.task_tool(tool)?;
        let slots = &self.worker.slots;
        Some(match (slots.capacity(), slots.free_capacity()) {
            (0, _) => Reason::WorkersZero,
            _ if slots.is_draining() => Reason::WorkerDraining,
            (_, 0) => Reason::NoFreeWorker,
            _ => Reason::AwaitingClaim,
        })
    }

    /// What keeps a connected host from it; none when it does not offer the tool.
    fn peer(&self, peer: &PeerId, connected: &Connected, needs: TaskNeeds<'_>) -> Option<Reason> {
        let known = self.peers.advertisements.get(peer)?.worker;
        if !known.has_tool(needs.tool) {
            return None;
        }
        if !self.policy.leases_to_peers() {
            return Some(Reason::AdmissionOpen);
        }
        let (tenant, most) = match self.claims.get(peer) {
            Some(Trust::Refused) => return Some(Reason::PeerUnauthorized),
            Some(Trust::With { tenant, max_priority }) => (tenant, max_priority),
            None => (self.policy.own_tenant(peer), self.policy.max_priority_of(peer)),
        };
        // After this, one answer to a ping is missing.
        let silence = self.ping.interval + self.ping.timeout / 2;
        Some(match () {
            () if tenant.is_some_and(|tenant| tenant != needs.tenant) => Reason::TenantMismatch,
            () if needs.priority > most => Reason::PriorityAboveMaximum,
            () if known.capacity == 0 => Reason::WorkersZero,
            () if UnixMillis::now().since(connected.heard) > silence => Reason::PeerUnreachable,
            () if known.draining => Reason::WorkerDraining,
            () if known.free == 0 => Reason::NoFreeWorker,
            () => Reason::AwaitingClaim,
        })
    }

    /// Hosts that had the tool and are not connected; of those that could be leased the task only.
    fn away(&self, connected: &[(PeerId, Connected)], needs: TaskNeeds<'_>) -> Vec<Candidate> {
        if !self.policy.leases_to_peers() {
            return Vec::new();
        }
        let had = self.peers.advertisements.last_with_tool(needs.tool).into_iter();
        had.filter(|peer| !connected.iter().any(|(other, _)| other == peer))
            .filter(|peer| self.policy.may_lease_to(peer, needs.tenant, needs.priority))
            .filter(|peer| self.peers.book().may_connect(peer, UnixMillis::now()).is_ok())
            .map(|peer| Candidate { host: Host::Peer(peer), obstacle: Reason::PeerAway })
            .collect()
    }

    fn describe(&self, host: Host) -> String {
        match host {
            Host::Local => "this host".to_owned(),
            Host::Peer(peer) => self.peers.describe(&peer),
            Host::Outside => "a worker outside of all hosts".to_owned(),
        }
    }

    fn obstructed(&self, nearest: &Candidate, all: &[Candidate], needs: TaskNeeds<'_>) -> Wait {
        let (reason, host) = (nearest.obstacle, self.describe(nearest.host));
        let most = match nearest.host {
            Host::Peer(peer) => Some(match self.claims.get(&peer) {
                Some(Trust::With { max_priority, .. }) => max_priority,
                _ => self.policy.max_priority_of(&peer),
            }),
            Host::Local | Host::Outside => None,
        };
        let hosts: Vec<Value> = all.iter().take(SHOWN).map(|candidate| self.candidate_json(candidate)).collect();
        let wait = Wait::new(reason, remedy(reason, &host, needs, most.unwrap_or_default())).with("hosts", hosts);
        match (reason, most) {
            (Reason::PriorityAboveMaximum, Some(most)) => wait.with("max_priority", most),
            _ => wait,
        }
    }

    fn candidate_json(&self, candidate: &Candidate) -> Value {
        let peer = match candidate.host {
            Host::Local => Some(self.peers.me()),
            Host::Peer(peer) => Some(peer),
            Host::Outside => None,
        };
        let name = peer.and_then(|peer| self.peers.name_of(&peer));
        without_nulls(json!({
            "peer_id": peer.map(|peer| peer.to_string()),
            "name": name,
            "reason": candidate.obstacle,
        }))
    }
}

fn unknown(target: &str) -> Wait {
    let remedy = format!(
        "no host {target} was ever heard of; `tandem peer list --all` lists those that are known. Cancel the task, and submit it with \
         another `target_peer` or without one"
    );
    Wait::new(Reason::TargetUnknown, remedy).with("target_peer", target)
}

/// What makes `host` run it.
fn remedy(reason: Reason, host: &str, needs: TaskNeeds<'_>, most: u8) -> String {
    let (tool, tenant) = (needs.tool, needs.tenant);
    match reason {
        Reason::WorkersZero => {
            format!(
                "{host} has `{tool}` and runs no tasks: set `workers` of [p2p.task-queue] in its configuration above 0 and restart it"
            )
        }
        Reason::PeerAway => format!(
            "{host} had `{tool}` and is not connected: start it, or mend its network, so that it connects; `tandem doctor` says what \
             fails"
        ),
        Reason::PeerUnreachable => format!("{host} is connected and does not answer: see its network and its log"),
        Reason::PeerUnauthorized => format!(
            "claims of {host} are refused, as it shows no token that this host takes: set `p2p.tokens` there, or \
             `p2p.require-token = false` here"
        ),
        Reason::AdmissionOpen => {
            "this host's `p2p.admission` is open, and in an open network tasks are not leased to peers: set it to \
             `psk`, or to `closed` with `p2p.allow`"
                .to_owned()
        }
        Reason::TenantMismatch => format!(
            "{host} gets tasks of another tenant alone: name it for `{tenant}` in `p2p.tenants` of this host, or let it show a \
             token of `{tenant}` (`p2p.tokens` there)"
        ),
        Reason::PriorityAboveMaximum => format!(
            "{host} gets tasks up to priority {most}, and this one has {}: lower it with `p2p_taskqueue_priority`, or raise \
             `max-priority` of the tenant that the peer is here",
            needs.priority
        ),
        Reason::WorkerDraining => {
            format!("{host} is draining (`p2p_taskqueue_shutdown`): run `tandem task resume` there")
        }
        Reason::NoFreeWorker => format!(
            "wait until a worker is free: those of all hosts that have `{tool}` are busy. Raise `workers` of [p2p.task-queue], or \
             add hosts"
        ),
        _ => format!("wait: {host} has a free worker, and has not claimed it yet; if that stays so, see its log"),
    }
}
