//! Which host a step is for at first: the operator's choice of `p2p_workflow_coordinate`, else the one that rendezvous hashing names,
//! among the `target_peers` of the workflow where it has some.
//!
//! **Promises.** Beside those it is a preference. Who does not come for its step in time shares it with all others: nobody waits for a host
//! that is gone, full, or sees other peers.
//!
//! **Bounds.** A look at the tools of each connected peer for a step that starts; nothing where no peer has the tool.
//!
//! **Refuses.** Peers that may claim nothing here, that behaved badly, and the one that the step's attempt before was on.

use std::time::Duration;

use libp2p::PeerId;
use tandem_config::Admission;
use tandem_reactor::trust::UnixMillis;
use tandem_types::Caller;
use tandem_workflow::{Candidate, Start, Strategy, choose};

use crate::core::Core;

/// How long a host that was chosen by name has its step for itself.
pub(super) const CHOSEN: Duration = Duration::from_secs(30);
/// The same for one that the hash chose, beside its way here and back: hearing of a task and claiming it are a matter of
/// milliseconds, and whoever is busy must not make a step wait.
const HASHED: Duration = Duration::from_millis(100);

/// The longest way that is waited for: a peer measures as far as it likes to.
const FARTHEST: Duration = Duration::from_secs(1);

/// The peer that has this step for itself at first, and how long; none where this host is as good as any.
pub(super) fn preferred(
    core: &Core,
    caller: &Caller,
    start: &Start,
    before: Option<&str>,
) -> Option<(String, Duration)> {
    // In an open network, tasks are given to nobody.
    if core.settings.network.admission == Admission::Open {
        return None;
    }
    let now = UnixMillis::now();
    let behaves = |peer: &PeerId| core.book().get(peer, now).is_some_and(|known| known.score >= 0.0);
    let priority = core.default_priority(&caller.tenant);
    let mut able = core.queue.announced.with_tool(&start.tool);
    able.retain(|(peer, ..)| {
        core.network.is_connected(peer)
            && before != Some(&*peer.to_string())
            && core.may_lease_to(peer, &caller.tenant, priority)
            && behaves(peer)
    });
    if able.is_empty() {
        return None;
    }
    let mut candidates: Vec<_> = able
        .iter()
        .map(|(peer, capacity)| Candidate { peer: peer.to_string(), capacity: *capacity, running: 0, local: false })
        .collect();
    let (capacity, _) = core.places();
    let here = core.tools().ok().and_then(|tools| tools.info(caller, &start.tool)).is_some_and(|info| !info.local);
    if here {
        candidates.push(Candidate { peer: core.network.me.to_string(), capacity, running: 0, local: true });
    }
    let first = (*choose(Strategy::Rendezvous, &start.content, &candidates, 1).first()?).to_owned();
    let (peer, _) = able.iter().find(|(peer, _)| peer.to_string() == first)?;
    let way = core.network.rtt(peer).unwrap_or_default().min(FARTHEST);
    Some((first, HASHED + 2 * way))
}

/// Which of the hosts that a workflow is for has a step first: of those that are there with its tool, the one that the hash names,
/// and not the one that the attempt before was on where there is another.
pub(super) fn target(core: &Core, targets: &[String], start: &Start, before: Option<&str>) -> Option<String> {
    let there: Vec<_> = targets.iter().filter(|peer| has(core, peer, &start.tool)).collect();
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
pub(super) fn after(core: &Core, targets: &[String], tool: &str, before: Option<&str>) -> Option<String> {
    let at = targets.iter().position(|peer| before == Some(peer.as_str())).map_or(0, |at| at + 1);
    let mut turn = targets.iter().cycle().skip(at).take(targets.len());
    let next = turn.clone().find(|peer| has(core, peer, tool));
    next.or_else(|| turn.next()).cloned()
}

/// Whether a host is there and has a tool.
fn has(core: &Core, peer: &str, tool: &str) -> bool {
    if core.network.me.to_string() == peer {
        return core.tools().ok().and_then(|tools| tools.info(&Caller::local(), tool)).is_some_and(|info| !info.local);
    }
    let Ok(peer) = peer.parse::<PeerId>() else { return false };
    core.network.is_connected(&peer)
        && core.queue.announced.of(&peer).is_some_and(|known| known.tools.iter().any(|name| name == tool))
}
