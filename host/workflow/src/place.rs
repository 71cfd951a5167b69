//! Which peer a step goes to first: weighted rendezvous hashing over the step's content id and the peer's id.
//!
//! Peers with the same view agree without a message, and a peer that comes or goes moves only its own share of the
//! steps. It is a preference: correctness comes from claim, lease and fence, so that two hosts may disagree. No clock
//! and no log is in the key; with those, hosts one event apart would disagree about nearly everything.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{ContentId, State, StepRecord, StepSpec, StepState, plan::step_content};

/// How peers are ranked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// By the weighted hash: each gets its share, and the same step the same peer.
    #[default]
    Rendezvous,
    /// By running steps per capacity, then by the hash.
    LeastLoaded,
    /// This host alone.
    Local,
}

/// A peer that may run the step: allowed, capable and fresh, as the caller has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its id.
    pub peer: String,
    /// Steps it runs at a time, which is its weight. One without capacity is never chosen.
    pub capacity: u32,
    /// Steps it runs now.
    pub running: u32,
    /// Whether it is this host.
    pub local: bool,
}

/// The first `most` candidates for a step, best first: the rest of the list is where to go when the first fails.
#[must_use]
pub fn choose<'a>(strategy: Strategy, step: &ContentId, candidates: &'a [Candidate], most: usize) -> Vec<&'a str> {
    let fits = |candidate: &&Candidate| candidate.capacity > 0 && (strategy != Strategy::Local || candidate.local);
    let mut ranked: Vec<_> = candidates
        .iter()
        .filter(fits)
        .map(|candidate| {
            let load = match strategy {
                Strategy::LeastLoaded => f64::from(candidate.running) / f64::from(candidate.capacity),
                Strategy::Rendezvous | Strategy::Local => 0.0,
            };
            (load, score(step, candidate), candidate.peer.as_str())
        })
        .collect();
    ranked.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)).then(a.2.cmp(b.2)));
    ranked.dedup_by_key(|(_, _, peer)| *peer);
    ranked.into_iter().take(most).map(|(_, _, peer)| peer).collect()
}

/// A preferred peer for every step that has not been started, as (step, peer), from those that are able to run it.
///
/// Each assignment counts as load for the next, so that [`Strategy::LeastLoaded`] spreads them. The work is steps ×
/// candidates.
///
/// # Errors
///
/// The first step that nobody is able to run.
pub fn assign<'a, C: FromIterator<(String, String)>>(
    state: &'a State,
    strategy: Strategy,
    candidates: &[Candidate],
    able: impl Fn(&StepSpec, &Candidate) -> bool,
) -> Result<C, &'a StepSpec> {
    let mut candidates = candidates.to_vec();
    let open = |record: &StepRecord| matches!(record.state, StepState::Pending | StepState::Ready) && !record.in_flight;
    let steps = state.plan().steps().zip(state.steps()).filter(|(_, (_, record))| open(record));
    let assigned = steps.map(|(step, _)| {
        let content = step_content(state.workflow(), step);
        let fit: Vec<_> = candidates.iter().filter(|candidate| able(step, candidate)).cloned().collect();
        let peer = (*choose(strategy, &content, &fit, 1).first().ok_or(step)?).to_owned();
        for candidate in candidates.iter_mut().filter(|candidate| candidate.peer == peer) {
            candidate.running = candidate.running.saturating_add(1);
        }
        Ok((step.id.clone(), peer))
    });
    assigned.collect()
}

/// −weight / ln(u) for a u in (0, 1) drawn from the hash: the highest wins in proportion to the weights.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
fn score(step: &ContentId, candidate: &Candidate) -> f64 {
    let digest: [u8; 32] = Sha256::new().chain_update(step.digest()).chain_update(&candidate.peer).finalize().into();
    let draw = digest.first_chunk().map_or(0, |first| u64::from_be_bytes(*first)) >> 11;
    let u = (draw as f64 + 0.5) / (1_u64 << 53) as f64;
    -f64::from(candidate.capacity) / u.ln()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn peers(count: usize) -> Vec<Candidate> {
        (0..count).map(|n| Candidate { peer: format!("peer-{n}"), capacity: 4, running: 0, local: n == 1 }).collect()
    }

    fn keys(count: u32) -> impl Iterator<Item = ContentId> {
        (0..count).map(|n| ContentId::of_bytes(&n.to_be_bytes()))
    }

    fn loads(candidates: &[Candidate], count: u32) -> HashMap<&str, u32> {
        let mut loads = HashMap::new();
        for key in keys(count) {
            *loads.entry(choose(Strategy::Rendezvous, &key, candidates, 1)[0]).or_default() += 1;
        }
        loads
    }

    #[test]
    fn the_load_is_even() {
        // Measured for 20,000 keys: 1.01, 1.03, 1.07 and 1.35.
        for (count, most) in [(3, 1.03), (5, 1.06), (20, 1.12), (100, 1.36)] {
            let candidates = peers(count);
            let max = *loads(&candidates, 20_000).values().max().unwrap();
            let ratio = f64::from(max) * count as f64 / 20_000.0;
            assert!(ratio < most, "{count} peers: {ratio}");
        }
    }

    #[test]
    fn a_weight_is_a_share() {
        let mut candidates = peers(4);
        candidates[2].capacity = 12;
        candidates[3].capacity = 0;
        let loads = loads(&candidates, 20_000);
        let share = f64::from(loads["peer-2"]) / 20_000.0;
        assert!((0.58..0.62).contains(&share), "{share}");
        assert!(!loads.contains_key("peer-3"));
    }

    #[test]
    fn a_new_peer_moves_only_its_own_share() {
        let (before, after) = (peers(19), peers(20));
        let mut moved = 0;
        for key in keys(20_000) {
            let old = choose(Strategy::Rendezvous, &key, &before, 1);
            let new = choose(Strategy::Rendezvous, &key, &after, 1);
            if old != new {
                assert_eq!(new, ["peer-19"], "a key moved between two peers that were there before");
                moved += 1;
            }
        }
        assert!((900..1_100).contains(&moved), "1/20 of the keys is 1,000; {moved} moved");
    }

    #[test]
    fn the_order_of_the_candidates_and_repetitions_do_not_matter() {
        let mut candidates = peers(7);
        let step = ContentId::of_bytes(b"step");
        let first: Vec<_> =
            choose(Strategy::Rendezvous, &step, &candidates, 7).into_iter().map(str::to_owned).collect();
        candidates.reverse();
        candidates.extend(peers(3));
        assert_eq!(choose(Strategy::Rendezvous, &step, &candidates, 10), first);
        assert_eq!(choose(Strategy::Rendezvous, &step, &candidates, 2), first[..2]);
    }

    #[test]
    fn the_next_in_the_list_is_who_takes_over() {
        let candidates = peers(6);
        for key in keys(200) {
            let ranked = choose(Strategy::Rendezvous, &key, &candidates, 2);
            let without: Vec<_> = candidates.iter().filter(|c| c.peer != ranked[0]).cloned().collect();
            assert_eq!(choose(Strategy::Rendezvous, &key, &without, 1), [ranked[1]]);
        }
    }

    #[test]
    fn the_least_loaded_comes_first_and_local_is_alone() {
        let mut candidates = peers(3);
        candidates[0].running = 3;
        candidates[1].running = 2;
        candidates[2].running = 3;
        candidates[2].capacity = 8;
        let step = ContentId::of_bytes(b"step");
        assert_eq!(choose(Strategy::LeastLoaded, &step, &candidates, 9), ["peer-2", "peer-1", "peer-0"]);
        assert_eq!(choose(Strategy::Local, &step, &candidates, 9), ["peer-1"]);
        assert!(choose(Strategy::Local, &step, &candidates[..1], 9).is_empty());
    }
}
