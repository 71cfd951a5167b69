//! The graph of a plan's steps: dependencies resolved, depths, cycles, ancestors. Steps are known by their place in
//! the list.

use std::collections::{BTreeSet, HashMap};

use super::{
    StepSpec,
    plan_error::PlanError,
    reference::{self, Permission, shortened},
};

/// A step with its place in the graph; `needs` and `feeds` are places in the plan's list.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) spec: StepSpec,
    pub(super) depth: usize,
    pub(super) needs: Vec<usize>,
    pub(super) feeds: Vec<usize>,
}

/// For each step, the places of those it depends on, each once.
pub(super) fn dependencies(steps: &[StepSpec]) -> Result<Vec<Vec<usize>>, PlanError> {
    let mut places = HashMap::with_capacity(steps.len());
    for (place, step) in steps.iter().enumerate() {
        if places.insert(step.id.as_str(), place).is_some() {
            return Err(PlanError::Duplicate { step: step.id.clone() });
        }
    }
    let needs = |step: &StepSpec| {
        let place = |id: &String| {
            places
                .get(id.as_str())
                .copied()
                .ok_or_else(|| PlanError::UnknownDependency { step: step.id.clone(), dependency: shortened(id) })
        };
        Ok(step.depends_on.iter().map(place).collect::<Result<BTreeSet<_>, _>>()?.into_iter().collect())
    };
    steps.iter().map(needs).collect()
}

/// The depth of each step: one more than the deepest it depends on, from 1.
pub(super) fn depths(steps: &[StepSpec], needs: &[Vec<usize>]) -> Result<Vec<usize>, PlanError> {
    let feeds = reversed(needs);
    let mut waits: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut depths = vec![1; steps.len()];
    let mut free: Vec<usize> =
        waits.iter().enumerate().filter(|(_, waits)| **waits == 0).map(|(place, _)| place).collect();
    let mut done = 0;
    while let Some(place) = free.pop() {
        done += 1;
        let depth = depths.get(place).copied().unwrap_or(1);
        for &fed in feeds.get(place).into_iter().flatten() {
            let (Some(its_depth), Some(waiting)) = (depths.get_mut(fed), waits.get_mut(fed)) else { continue };
            *its_depth = (*its_depth).max(depth + 1);
            *waiting -= 1;
            if *waiting == 0 {
                free.push(fed);
            }
        }
    }
    if done < steps.len() {
        return Err(PlanError::Cycle { steps: on_cycle(steps, needs, &waits) });
    }
    Ok(depths)
}

/// One cycle. Each step that still waits depends on another that waits, so that a walk along these comes back.
fn on_cycle(steps: &[StepSpec], needs: &[Vec<usize>], waits: &[usize]) -> Vec<String> {
    let waiting = |place: &usize| waits.get(*place).is_some_and(|waits| *waits > 0);
    let mut path: Vec<usize> = Vec::new();
    let mut next = (0..steps.len()).find(waiting);
    while let Some(place) = next {
        if let Some(from) = path.iter().position(|seen| *seen == place) {
            path.drain(..from);
            break;
        }
        path.push(place);
        next = needs.get(place).and_then(|needs| needs.iter().copied().find(waiting));
    }
    path.into_iter().filter_map(|place| steps.get(place)).map(|step| step.id.clone()).collect()
}

fn reversed(needs: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut feeds = vec![Vec::new(); needs.len()];
    for (place, needs) in needs.iter().enumerate() {
        for &need in needs {
            feeds.get_mut(need).into_iter().for_each(|feeds: &mut Vec<usize>| feeds.push(place));
        }
    }
    feeds
}

/// Checks that each reference is to a step that is surely settled before.
pub(super) fn references(steps: &[StepSpec], needs: &[Vec<usize>], depths: &[usize]) -> Result<(), PlanError> {
    let places: HashMap<_, _> = steps.iter().enumerate().map(|(place, step)| (step.id.as_str(), place)).collect();
    let words = steps.len().div_ceil(64);
    // A set of bits for each step: a thousand steps with a thousand dependencies each would be too many walks.
    let mut ancestors: Vec<Vec<u64>> = vec![vec![0; words]; steps.len()];
    let mut order: Vec<usize> = (0..steps.len()).collect();
    order.sort_unstable_by_key(|place| depths.get(*place));
    for place in order {
        let mut mine = vec![0_u64; words];
        for &need in needs.get(place).into_iter().flatten() {
            for (word, theirs) in mine.iter_mut().zip(ancestors.get(need).into_iter().flatten()) {
                *word |= theirs;
            }
            mine.get_mut(need / 64).into_iter().for_each(|word| *word |= 1 << (need % 64));
        }
        ancestors.get_mut(place).into_iter().for_each(|slot| *slot = std::mem::take(&mut mine));
    }
    for (step, ancestors) in steps.iter().zip(&ancestors) {
        let may = |from: &str| match places.get(from) {
            None => Permission::Unknown,
            Some(place) if ancestors.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1) => {
                Permission::Ancestor
            }
            Some(_) => Permission::Unrelated,
        };
        reference::check(&step.arguments, &may)
            .map_err(|error| PlanError::Reference { step: step.id.clone(), error })?;
    }
    Ok(())
}

/// The steps as nodes, sorted by depth and id, with their links renumbered.
pub(super) fn ordered(steps: Vec<StepSpec>, needs: &[Vec<usize>], depths: &[usize]) -> Vec<Node> {
    let mut order: Vec<usize> = (0..steps.len()).collect();
    order.sort_unstable_by_key(|place| (depths.get(*place), steps.get(*place).map(|step| &step.id)));
    let mut now_at = vec![0; steps.len()];
    for (new, old) in order.iter().enumerate() {
        now_at.get_mut(*old).into_iter().for_each(|slot| *slot = new);
    }
    let feeds = reversed(needs);
    let renumbered = |links: &[Vec<usize>], old: usize| {
        let mut links: Vec<usize> =
            links.get(old).into_iter().flatten().filter_map(|link| now_at.get(*link).copied()).collect();
        links.sort_unstable();
        links
    };
    let mut steps: Vec<Option<StepSpec>> = steps.into_iter().map(Some).collect();
    let node = |old: usize| {
        let spec = steps.get_mut(old)?.take()?;
        let depth = depths.get(old).copied().unwrap_or(1);
        Some(Node { spec, depth, needs: renumbered(needs, old), feeds: renumbered(&feeds, old) })
    };
    order.into_iter().filter_map(node).collect()
}
