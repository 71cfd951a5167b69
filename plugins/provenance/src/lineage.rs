//! Where entities come from and what comes of them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Map;
use tandem_sdk::prelude::*;

use crate::limits::MAX_ANSWER_BYTES;
use crate::model::{Direction, Hashed, Lineage, Record, Step};

/// All records, oldest first, without their parameters, which take most of the memory.
pub(crate) fn records(ctx: &Ctx) -> Result<Vec<Hashed>> {
    let mut records = Vec::new();
    let chain = tandem_hash_chain::verify::<Record>(ctx, |mut found| {
        found.entry.parameters = Map::new();
        records.push(Hashed::from(found));
    })?;
    match chain.problem {
        None => Ok(records),
        Some(problem) => Err(Error::other(format!("{problem}; `provenance_verify` says more"))),
    }
}

/// Refuses an entity that no record names, with the nearest.
fn check_known(records: &[Hashed], entity: &str) -> Result<()> {
    /// Below it names are not alike.
    const SIMILAR: f64 = 0.75;
    let names: BTreeSet<&String> =
        records.iter().flat_map(|found| found.record.inputs.iter().chain([&found.record.entity])).collect();
    if names.iter().any(|name| *name == entity) {
        return Ok(());
    }
    let near = names.into_iter().map(|name| (strsim::jaro_winkler(entity, name), name));
    let near = near.filter(|(score, _)| *score >= SIMILAR).max_by(|a, b| a.0.total_cmp(&b.0));
    let near = near.map(|(_, name)| format!("; did you mean `{name}`?")).unwrap_or_default();
    Err(Error::not_found(format!("no record names the entity `{entity}`{near}")))
}

/// The records that link an entity to its sources, or to what was derived of it.
pub(crate) fn run(ctx: &Ctx, entity: &str, direction: Direction, depth: u32) -> Result<Lineage> {
    let records = records(ctx)?;
    check_known(&records, entity)?;
    let mut links: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, found) in records.iter().enumerate() {
        match direction {
            Direction::Sources => links.entry(&found.record.entity).or_default().push(at),
            Direction::Derived => {
                for input in &found.record.inputs {
                    links.entry(input).or_default().push(at);
                }
            }
        }
    }
    let mut entities = vec![Step { entity: entity.to_owned(), depth: 0 }];
    let (mut seen, mut used) = (BTreeSet::from([entity]), BTreeSet::new());
    let (mut queue, mut truncated) = (VecDeque::from([(entity, 0)]), false);
    while let Some((name, at_depth)) = queue.pop_front() {
        for at in links.get(name).into_iter().flatten() {
            if at_depth >= depth {
                truncated = true;
                continue;
            }
            used.insert(*at);
            let Some(found) = records.get(*at) else { continue };
            let nexts = match direction {
                Direction::Sources => found.record.inputs.as_slice(),
                Direction::Derived => std::slice::from_ref(&found.record.entity),
            };
            for next in nexts {
                if seen.insert(next) {
                    entities.push(Step { entity: next.clone(), depth: at_depth + 1 });
                    queue.push_back((next, at_depth + 1));
                }
            }
        }
    }
    let (kept, all) = whole(ctx, used.into_iter().filter_map(|at| records.get(at)))?;
    Ok(Lineage { entities, records: kept, truncated: truncated || !all })
}

/// Records with their parameters, as many as an answer takes; and whether these are all.
pub(crate) fn whole<'r>(ctx: &Ctx, records: impl Iterator<Item = &'r Hashed>) -> Result<(Vec<Hashed>, bool)> {
    let (mut bytes, mut whole) = (0, Vec::new());
    for Hashed { record, .. } in records {
        ctx.check()?;
        let number = record.sequence;
        let found = tandem_hash_chain::get::<Record>(number)?.map(Hashed::from);
        let found = found.ok_or_else(|| Error::other(format!("record {number} is missing")))?;
        bytes += serde_json::to_vec(&found)?.len();
        if bytes > MAX_ANSWER_BYTES {
            return Ok((whole, false));
        }
        whole.push(found);
    }
    Ok((whole, true))
}
