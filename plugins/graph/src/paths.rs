//! The shortest paths between two entities.

use std::collections::{HashMap, HashSet};

use tandem_sdk::prelude::*;

use crate::graph::{Graph, Key, nearest, relationship, shortened};
use crate::limits::{MAX_ANSWER_BYTES, MAX_COUNTED_PATHS, MAX_TYPES};
use crate::model::{GraphPath, Paths};
use crate::neighbours::{Direction, Links, Steps};

/// Which paths are looked for.
pub(crate) struct Request<'a> {
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    pub(crate) direction: Direction,
    pub(crate) types: &'a [String],
    pub(crate) max_length: u32,
    pub(crate) limit: usize,
}

/// A relationship with the entity before it on a path.
type Step<'g> = (&'g Key, &'g str);

/// Where an entity lies: how far from the start, by which relationships it is reached, and by how many shortest paths.
struct Place<'g> {
    distance: u32,
    before: Vec<Step<'g>>,
    paths: u64,
}

/// All shortest paths between two entities, up to a number.
pub(crate) fn paths(ctx: &Ctx, graph: &Graph, request: &Request<'_>) -> Result<Paths> {
    let end = |argument: &str, name: &str| match graph.entities.get_key_value(name) {
        Some((name, _)) => Ok(name.as_str()),
        None => Err(Error::not_found(format!("`{argument}`: {}", graph.no_entity(name)))),
    };
    let (from, to) = (end("from", request.from)?, end("to", request.to)?);
    check_types(graph, request.types)?;
    let places = spread(ctx, graph, from, to, request)?;
    let visited = places.len() as u64;
    let Some(place) = places.get(to) else {
        return Ok(Paths { paths: Vec::new(), length: None, total: 0, visited });
    };
    let mut found = Vec::new();
    let mut bytes = 0;
    walk(&places, to, &mut Vec::new(), &mut |steps| {
        let path = path(graph, from, steps);
        bytes += serde_json::to_vec(&path)?.len();
        if bytes <= MAX_ANSWER_BYTES || found.is_empty() {
            found.push(path);
        }
        Ok(found.len() < request.limit && bytes <= MAX_ANSWER_BYTES)
    })?;
    Ok(Paths { paths: found, length: Some(place.distance), total: place.paths, visited })
}

/// The entities as far from the start as the end is, level by level.
fn spread<'g>(
    ctx: &Ctx,
    graph: &'g Graph,
    from: &'g str,
    to: &str,
    request: &Request<'_>,
) -> Result<HashMap<&'g str, Place<'g>>> {
    let links = Links::of(graph, request.direction, request.types);
    let mut places = HashMap::from([(from, Place { distance: 0, before: Vec::new(), paths: 1 })]);
    let mut level = vec![from];
    let mut steps = Steps::new(ctx);
    for distance in 1..=request.max_length {
        if level.is_empty() || places.contains_key(to) {
            break;
        }
        let mut next = Vec::new();
        for name in level {
            let ways = places.get(name).map_or(0, |place| place.paths);
            for &(by, other) in links.from(name) {
                steps.step()?;
                let place = places.entry(other).or_insert_with(|| {
                    next.push(other);
                    Place { distance, before: Vec::new(), paths: 0 }
                });
                if place.distance == distance {
                    place.before.push((by, name));
                    place.paths = place.paths.saturating_add(ways).min(MAX_COUNTED_PATHS);
                }
            }
        }
        level = next;
    }
    Ok(places)
}

/// Goes back from an entity to the start by every way, until `visit` has enough. It is no deeper than a path is long.
fn walk<'g>(
    places: &HashMap<&'g str, Place<'g>>,
    name: &str,
    steps: &mut Vec<Step<'g>>,
    visit: &mut dyn FnMut(&[Step<'g>]) -> Result<bool>,
) -> Result<bool> {
    let Some(place) = places.get(name) else { return Ok(true) };
    if place.distance == 0 {
        return visit(steps);
    }
    for &(by, before) in &place.before {
        steps.push((by, before));
        let go_on = walk(places, before, steps, visit)?;
        steps.pop();
        if !go_on {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A path of steps that lead back.
fn path(graph: &Graph, from: &str, steps: &[Step<'_>]) -> GraphPath {
    let mut entities = vec![from.to_owned()];
    let mut relationships = Vec::new();
    for (key, before) in steps.iter().rev() {
        let other = if key.0 == **before { &key.2 } else { &key.0 };
        entities.push(other.clone());
        relationships.push(relationship(key, graph.relationships.get(*key).unwrap_or(&serde_json::Map::new())));
    }
    GraphPath { entities, relationships }
}

/// Refuses types that no relationship has.
fn check_types(graph: &Graph, types: &[String]) -> Result<()> {
    if types.len() > MAX_TYPES {
        return Err(Error::invalid_arguments(format!(
            "`types` has {} items; the bound is {MAX_TYPES}: leave it out for all",
            types.len()
        )));
    }
    let there: HashSet<&str> = graph.relationships.keys().map(|key| key.1.as_str()).collect();
    if let Some(kind) = types.iter().find(|kind| !there.contains(kind.as_str())) {
        let near = nearest(kind, there.iter().copied());
        let near = near.map_or_else(
            || "leave `types` out for all".to_owned(),
            |near| format!("did you mean `{}`?", shortened(near)),
        );
        return Err(Error::not_found(format!("`types`: no relationship is of the type `{}`; {near}", shortened(kind))));
    }
    Ok(())
}
