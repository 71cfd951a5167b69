//! A graph as a sequence, in pages.

use std::ops::Bound;

use tandem_sdk::prelude::*;

use crate::graph::{Graph, Key};
use crate::limits::MAX_EXPORT_BYTES;
use crate::model::{Entity, Observation, Properties};
use crate::neighbours::Steps;

/// A part of a graph that is exported as a whole.
pub(super) enum Item<'g> {
    /// An entity with its type and properties.
    Entity(&'g Entity),
    /// One of its observations.
    Observation(&'g Entity, &'g Observation),
    /// A relationship that starts at it.
    Relationship(&'g Key, &'g Properties),
}

/// Some of them, and where the next page begins.
pub(super) struct Page<'g> {
    pub(super) items: Vec<Item<'g>>,
    pub(super) next_cursor: Option<String>,
}

/// The items of an entity: itself, its observations, its relationships.
fn of<'g>(graph: &'g Graph, entity: &'g Entity) -> impl Iterator<Item = Item<'g>> {
    let first = (entity.name.clone(), String::new(), String::new());
    let relationships = graph.relationships.range((Bound::Included(first), Bound::Unbounded));
    std::iter::once(Item::Entity(entity))
        .chain(entity.observations.iter().map(|observation| Item::Observation(entity, observation)))
        .chain(
            relationships
                .take_while(|(key, _)| key.0 == entity.name)
                .map(|(key, properties)| Item::Relationship(key, properties)),
        )
}

/// A page of items by the names of entities: `limit` of them, or as many as fit. `length` tells the bytes of an item.
pub(super) fn page<'g>(
    ctx: &Ctx,
    graph: &'g Graph,
    length: impl Fn(&Item<'g>) -> usize,
    limit: usize,
    cursor: Option<&str>,
) -> Result<Page<'g>> {
    let (skip, from) = match cursor {
        None => (0, ""),
        Some(cursor) => parse(cursor)?,
    };
    let (mut items, mut bytes) = (Vec::new(), 0_usize);
    let mut steps = Steps::new(ctx);
    for (name, entity) in graph.entities.range::<str, _>((Bound::Included(from), Bound::Unbounded)) {
        // The entity of a cursor may be gone; the next is whole then.
        let skip = if name == from { skip } else { 0 };
        for (at, item) in of(graph, entity).enumerate().skip(skip) {
            steps.step()?;
            if items.len() >= limit || bytes >= MAX_EXPORT_BYTES {
                return Ok(Page { items, next_cursor: Some(format!("{at}:{name}")) });
            }
            bytes += length(&item);
            items.push(item);
        }
    }
    Ok(Page { items, next_cursor: None })
}

fn parse(cursor: &str) -> Result<(usize, &str)> {
    cursor
        .split_once(':')
        .and_then(|(at, name)| Some((at.parse().ok()?, name)))
        .ok_or_else(|| Error::invalid_arguments("`cursor` is not a `next_cursor` of a page before"))
}
