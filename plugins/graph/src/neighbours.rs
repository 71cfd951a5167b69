//! Which entities are connected, and how far apart they are.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_sdk::prelude::*;

use crate::graph::{Graph, Key};

/// Relationships between two looks at whether the client gave the call up.
const STEPS_BETWEEN_CHECKS: u64 = 1 << 16;

/// Which way relationships are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Both ways.
    #[default]
    Any,
    /// From `from` to `to`, as they point.
    Out,
    /// Against the way they point.
    In,
}

/// The relationships of each entity.
pub(crate) struct Links<'g> {
    ends: HashMap<&'g str, Vec<(&'g Key, &'g str)>>,
}

/// An entity that was reached.
pub(crate) struct Reached<'g> {
    pub(crate) name: &'g str,
    pub(crate) distance: u32,
    /// The relationship that it was first reached by.
    pub(crate) by: &'g Key,
}

impl<'g> Links<'g> {
    /// Those of a graph, of some types or of all.
    pub(crate) fn of(graph: &'g Graph, direction: Direction, types: &[String]) -> Self {
        let mut ends: HashMap<&str, Vec<(&Key, &str)>> = HashMap::new();
        for key in graph.relationships.keys() {
            if !types.is_empty() && !types.contains(&key.1) {
                continue;
            }
            if direction != Direction::In {
                ends.entry(key.0.as_str()).or_default().push((key, key.2.as_str()));
            }
            if direction != Direction::Out && (direction == Direction::In || key.0 != key.2) {
                ends.entry(key.2.as_str()).or_default().push((key, key.0.as_str()));
            }
        }
        Self { ends }
    }

    /// The relationships of an entity with their other ends, in the order of the graph.
    pub(crate) fn from(&self, name: &str) -> &[(&'g Key, &'g str)] {
        self.ends.get(name).map_or(&[], Vec::as_slice)
    }

    /// The entities within `depth` relationships of `starts`, the nearest first, without these; `most` of them, and whether there are more.
    pub(crate) fn around(
        &self,
        ctx: &Ctx,
        starts: &[&'g str],
        depth: u32,
        most: usize,
    ) -> Result<(Vec<Reached<'g>>, bool)> {
        let mut seen: std::collections::HashSet<&str> = starts.iter().copied().collect();
        let mut level = starts.to_vec();
        let mut reached = Vec::new();
        let mut steps = Steps::new(ctx);
        for distance in 1..=depth {
            let mut next = Vec::new();
            for name in level {
                for &(by, other) in self.from(name) {
                    steps.step()?;
                    if !seen.insert(other) {
                        continue;
                    }
                    if reached.len() >= most {
                        return Ok((reached, true));
                    }
                    reached.push(Reached { name: other, distance, by });
                    next.push(other);
                }
            }
            level = next;
        }
        Ok((reached, false))
    }
}

/// Stops a call that was given up.
pub(crate) struct Steps<'c> {
    ctx: &'c Ctx,
    steps: u64,
}

impl<'c> Steps<'c> {
    pub(crate) fn new(ctx: &'c Ctx) -> Self {
        Self { ctx, steps: 0 }
    }

    /// One more relationship or entity was looked at.
    pub(crate) fn step(&mut self) -> Result<()> {
        self.steps += 1;
        if self.steps.is_multiple_of(STEPS_BETWEEN_CHECKS) { self.ctx.check() } else { Ok(()) }
    }
}
