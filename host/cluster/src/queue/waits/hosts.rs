//! What keeps each host from running a task.

use std::time::Duration;

use libp2p::PeerId;
use serde_json::{Value, json};
use tandem_config::Admission;
use tandem_reactor::{network::Connected, trust::UnixMillis};
use tandem_types::Caller;

use super::{Reason, SHOWN, Trust, Wait, Wanted};
use crate::{core::Core, guest_api::without_nulls};

/// Who could run a task.
#[derive(Clone, Copy)]
enum Who {
    Here,
    Peer(PeerId),
    /// A worker that is no host.
    Outside,
}

/// One that could if this were not.
struct Candidate {
    who: Who,
    obstacle: Reason,
}

impl Candidate {
    fn called(&self, core: &Core) -> String {
        match self.who {
            Who::Here => "this host".to_owned(),
            Who::Peer(peer) => core.called(&peer),
            Who::Outside => "a worker outside of all hosts".to_owned(),
        }
    }
}

/// Why no host runs it.
pub(super) fn explain(core: &Core, wanted: Wanted<'_>) -> Wait {
    let target: Option<PeerId> = match wanted.target.map(str::parse) {
        None => None,
        Some(Ok(target)) => Some(target),
        Some(Err(_)) => return unknown(wanted.target.unwrap_or_default()),
    };
    let connected = core.network.connected();
    if let Some(target) = target.filter(|target| *target != core.network.me)
        && !connected.iter().any(|(peer, _)| *peer == target)
    {
        return absent(core, &target);
    }
    let me = core.network.me;
    let meant = |peer: &PeerId| target.is_none_or(|target| target == *peer);
    let here = meant(&me).then(|| here(core, wanted.tool)).flatten();
    let mut candidates: Vec<_> = here.map(|obstacle| Candidate { who: Who::Here, obstacle }).into_iter().collect();
    candidates.extend(connected.iter().filter(|(peer, _)| meant(peer)).filter_map(|(peer, connected)| {
        there(core, peer, connected, wanted).map(|obstacle| Candidate { who: Who::Peer(*peer), obstacle })
    }));
    if target.is_none() && core.queue.outside.has(wanted.tenant, wanted.tool) {
        candidates.push(Candidate { who: Who::Outside, obstacle: Reason::AwaitingClaim });
    }
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.obstacle));
    match candidates.first() {
        Some(nearest) => obstructed(core, nearest, &candidates, wanted),
        None => nobody(core, target.as_ref(), connected.len(), wanted.tool),
    }
}

fn unknown(target: &str) -> Wait {
    let remedy = format!(
        "no host {target} was ever heard of; `tandem peers --all` lists those that are known. Cancel the task, and submit it with \
         another `target_peer` or without one"
    );
    Wait::new(Reason::TargetUnknown, remedy).with("target_peer", target)
}

fn absent(core: &Core, target: &PeerId) -> Wait {
    let Some(known) = core.book().get(target, UnixMillis::now()) else { return unknown(&target.to_string()) };
    let remedy = format!(
        "start {}, or mend its network, so that it connects; or cancel the task and submit it without `target_peer`",
        core.called(target)
    );
    let last_seen = super::super::moment(tandem_queue::Timestamp::from_millis(known.last_seen.0));
    Wait::new(Reason::TargetAway, remedy).with("target_peer", target.to_string()).with("last_seen", last_seen)
}

fn nobody(core: &Core, target: Option<&PeerId>, connected: usize, tool: &str) -> Wait {
    let there = "that host's `categories` of [tenants.peers] may leave it out for this one";
    match target {
        Some(target) => {
            let remedy = format!(
                "{} does not offer `{tool}`: install its plugin there ({there}), or cancel the task and submit it without \
                 `target_peer`",
                core.called(target)
            );
            Wait::new(Reason::TargetWithoutTool, remedy).with("target_peer", target.to_string())
        }
        None => {
            let remedy = format!(
                "none of {connected} connected hosts offers `{tool}`, and this one has no such tool: install its plugin, connect a \
                 host that has it ({there}), or cancel the task"
            );
            Wait::new(Reason::NoHostHasTheTool, remedy)
        }
    }
    .with("connected", connected)
}

/// What keeps this host from it; none when it does not have the tool.
fn here(core: &Core, tool: &str) -> Option<Reason> {
    let info = core.tools().ok()?.info(&Caller::local(), tool)?;
    let (capacity, free) = core.places();
    (!info.local).then_some(match (capacity, free) {
        (0, _) => Reason::WorkersZero,
        _ if core.queue.is_draining() => Reason::WorkerDraining,
        (_, 0) => Reason::NoFreeWorker,
        _ => Reason::AwaitingClaim,
    })
}

/// What keeps a connected host from it; none when it does not offer the tool.
fn there(core: &Core, peer: &PeerId, connected: &Connected, wanted: Wanted<'_>) -> Option<Reason> {
    let known = core.queue.announced.of(peer)?;
    if !known.tools.iter().any(|tool| tool == wanted.tool) {
        return None;
    }
    if core.settings.network.admission == Admission::Open {
        return Some(Reason::AdmissionOpen);
    }
    let (tenant, most) = match core.queue.claims.of(peer) {
        Some(Trust::Refused) => return Some(Reason::PeerUnauthorized),
        Some(Trust::With { tenant, max_priority }) => (tenant, max_priority),
        None => {
            let caller = core.operator.caller(&peer.to_string());
            (core.operator.own_tenant(&peer.to_string()), core.operator.max_priority(&caller.tenant))
        }
    };
    let silent = UnixMillis::now().since(connected.heard) > silence(core);
    Some(match () {
        () if tenant.is_some_and(|tenant| tenant != wanted.tenant) => Reason::TenantMismatch,
        () if wanted.priority > most => Reason::PriorityAboveMaximum,
        () if known.capacity == 0 => Reason::WorkersZero,
        () if silent => Reason::PeerUnreachable,
        () if known.draining => Reason::WorkerDraining,
        () if known.free == 0 => Reason::NoFreeWorker,
        () => Reason::AwaitingClaim,
    })
}

/// After this, one answer to a ping is missing.
fn silence(core: &Core) -> Duration {
    let ping = core.settings.network.ping;
    ping.interval + ping.timeout / 2
}

fn obstructed(core: &Core, nearest: &Candidate, all: &[Candidate], wanted: Wanted<'_>) -> Wait {
    let (reason, host) = (nearest.obstacle, nearest.called(core));
    let most = match nearest.who {
        Who::Peer(peer) => Some(match core.queue.claims.of(&peer) {
            Some(Trust::With { max_priority, .. }) => max_priority,
            _ => core.operator.max_priority(&core.operator.caller(&peer.to_string()).tenant),
        }),
        Who::Here | Who::Outside => None,
    };
    let shown = |one: &Candidate| {
        let peer = match one.who {
            Who::Here => Some(core.network.me),
            Who::Peer(peer) => Some(peer),
            Who::Outside => None,
        };
        let name = peer.and_then(|peer| core.name_of(&peer));
        without_nulls(json!({"peer_id": peer.map(|peer| peer.to_string()), "name": name, "reason": one.obstacle}))
    };
    let hosts: Vec<Value> = all.iter().take(SHOWN).map(shown).collect();
    let wait = Wait::new(reason, remedy(reason, &host, wanted, most.unwrap_or_default())).with("hosts", hosts);
    match (reason, most) {
        (Reason::PriorityAboveMaximum, Some(most)) => wait.with("max_priority", most),
        _ => wait,
    }
}

/// What makes `host` run it.
fn remedy(reason: Reason, host: &str, wanted: Wanted<'_>, most: u8) -> String {
    let (tool, tenant) = (wanted.tool, wanted.tenant);
    match reason {
        Reason::WorkersZero => {
            format!(
                "{host} has `{tool}` and runs no tasks: set `workers` of [p2p.task-queue] there above 0 and restart it"
            )
        }
        Reason::PeerUnreachable => format!("{host} is connected and does not answer: see its network and its log"),
        Reason::PeerUnauthorized => format!(
            "claims of {host} are refused, as it shows no token that this host takes: set `p2p.tokens` there, or \
             `p2p.require-token = false` here"
        ),
        Reason::AdmissionOpen => {
            "this host's `p2p.admission` is open, and in an open network tasks are given to nobody: set it to \
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
            wanted.priority
        ),
        Reason::WorkerDraining => {
            format!(
                "{host} was told to take no tasks (`p2p_taskqueue_shutdown`): `tandem tasks resume` there ends that"
            )
        }
        Reason::NoFreeWorker => format!(
            "wait until a worker is free: those of all hosts that have `{tool}` are busy. Raise `workers` of [p2p.task-queue], or \
             add hosts"
        ),
        _ => format!("wait: {host} has a free worker, and has not claimed it yet; if that stays so, see its log"),
    }
}
