//! From what a caller wants to the change that is stored.

use std::collections::BTreeMap;

use serde_json::Map;
use tandem_json_depth::is_within;
use tandem_sdk::prelude::*;

use crate::graph::{Change, Graph, Key, shortened};
use crate::limits::{
    MAX_ENTITIES_A_CALL, MAX_NAME_BYTES, MAX_OBSERVATION_BYTES, MAX_OBSERVATIONS, MAX_PROPERTIES, MAX_PROPERTIES_BYTES,
    MAX_PROPERTY_DEPTH, MAX_RELATIONSHIPS_A_CALL,
};
use crate::model::{Added, Deleted, Entity, NewEntity, Observation, Observed, Properties, Relationship};

/// The names of what every entity has; a property cannot have them.
const RESERVED: [&str; 3] = ["name", "type", "observations"];

/// Refuses lists that are too long.
pub(crate) fn check_count(argument: &str, count: usize, bound: usize) -> Result<()> {
    if count > bound {
        let text = format!("`{argument}` has {count} items; a call takes {bound} at most: split it");
        return Err(Error::invalid_arguments(text));
    }
    Ok(())
}

fn check_text(what: &str, text: &str, bound: usize) -> Result<()> {
    if text.trim().is_empty() || text.len() > bound {
        return Err(Error::invalid_arguments(format!("{what} has {} bytes; use 1 to {bound}, not blank", text.len())));
    }
    Ok(())
}

fn check_properties(what: &str, properties: &Properties) -> Result<()> {
    let refuse = |text: String| Err(Error::invalid_arguments(format!("{what}: {text}")));
    for (name, value) in properties {
        check_text(&format!("{what}: the name of a property"), name, MAX_NAME_BYTES)?;
        if RESERVED.contains(&name.as_str()) {
            return refuse(format!("no property may be named `{name}`: give it beside `properties`, or rename it"));
        }
        if !is_within(value, MAX_PROPERTY_DEPTH) {
            return refuse(format!("property `{}` nests deeper than {MAX_PROPERTY_DEPTH} levels", shortened(name)));
        }
    }
    let bytes = serde_json::to_vec(properties)?.len();
    if properties.len() > MAX_PROPERTIES || bytes > MAX_PROPERTIES_BYTES {
        return refuse(format!(
            "{} properties of {bytes} bytes; the bounds are {MAX_PROPERTIES} and {MAX_PROPERTIES_BYTES}",
            properties.len()
        ));
    }
    Ok(())
}

fn merge(into: &mut Properties, from: &Properties) {
    for (name, value) in from {
        if value.is_null() {
            into.remove(name);
        } else {
            into.insert(name.clone(), value.clone());
        }
    }
}

fn add_observations(entity: &mut Entity, texts: &[String], at: u64) -> Result<u64> {
    let mut added = 0;
    for text in texts {
        check_text(&format!("an observation of `{}`", shortened(&entity.name)), text, MAX_OBSERVATION_BYTES)?;
        if entity.observations.iter().all(|other| other.text != *text) {
            entity.observations.push(Observation { text: text.clone(), at });
            added += 1;
        }
    }
    if entity.observations.len() > MAX_OBSERVATIONS {
        return Err(Error::invalid_arguments(format!(
            "`{}` would have {} observations; the bound is {MAX_OBSERVATIONS}: delete some",
            shortened(&entity.name),
            entity.observations.len()
        )));
    }
    Ok(added)
}

/// Adds entities, or merges them into those that are there.
pub(crate) fn add_entities(graph: &Graph, new: &[NewEntity], at: u64) -> Result<(Change, Added)> {
    check_count("entities", new.len(), MAX_ENTITIES_A_CALL)?;
    let mut changed: BTreeMap<&str, Entity> = BTreeMap::new();
    for item in new {
        check_text("`name` of an entity", &item.name, MAX_NAME_BYTES)?;
        let what = format!("entity `{}`", shortened(&item.name));
        let blank = || Entity {
            name: item.name.clone(),
            kind: "Entity".to_owned(),
            properties: Map::new(),
            observations: Vec::new(),
        };
        let entity =
            changed.entry(&item.name).or_insert_with(|| graph.entities.get(&item.name).cloned().unwrap_or_else(blank));
        if let Some(kind) = &item.kind {
            check_text(&format!("{what}: `type`"), kind, MAX_NAME_BYTES)?;
            entity.kind.clone_from(kind);
        }
        merge(&mut entity.properties, &item.properties);
        check_properties(&what, &entity.properties)?;
        add_observations(entity, &item.observations, at)?;
    }
    let mut added = Added::default();
    let mut change = Change::default();
    for (name, entity) in changed {
        match graph.entities.get(name) {
            Some(old) if *old == entity => added.unchanged += 1,
            Some(_) => added.updated += 1,
            None => added.added += 1,
        }
        if graph.entities.get(name) != Some(&entity) {
            change.entities.push(entity);
        }
    }
    Ok((change, added))
}

/// Adds relationships, or merges them into those that are there.
pub(crate) fn add_relationships(graph: &Graph, new: &[Relationship]) -> Result<(Change, Added)> {
    check_count("relationships", new.len(), MAX_RELATIONSHIPS_A_CALL)?;
    let mut changed: BTreeMap<Key, Properties> = BTreeMap::new();
    for (at, item) in new.iter().enumerate() {
        let what = format!("relationships[{at}]");
        check_text(&format!("{what}: `type`"), &item.kind, MAX_NAME_BYTES)?;
        for (end, name) in [("from", &item.from), ("to", &item.to)] {
            if !graph.entities.contains_key(name) {
                return Err(Error::not_found(format!("{what}: `{end}`: {}", graph.no_entity(name))));
            }
        }
        let key = (item.from.clone(), item.kind.clone(), item.to.clone());
        let old = graph.relationships.get(&key).cloned().unwrap_or_default();
        let properties = changed.entry(key).or_insert(old);
        merge(properties, &item.properties);
        check_properties(&what, properties)?;
    }
    let mut added = Added::default();
    let mut change = Change::default();
    for (key, properties) in changed {
        match graph.relationships.get(&key) {
            Some(old) if *old == properties => {
                added.unchanged += 1;
                continue;
            }
            Some(_) => added.updated += 1,
            None => added.added += 1,
        }
        let (from, kind, to) = key;
        change.relationships.push(Relationship { from, kind, to, properties });
    }
    Ok((change, added))
}

/// Adds observations to an entity.
pub(crate) fn observe(graph: &Graph, name: &str, texts: &[String], at: u64) -> Result<(Change, Observed)> {
    let mut entity = graph.entity(name)?.clone();
    check_count("observations", texts.len(), MAX_OBSERVATIONS)?;
    let added = add_observations(&mut entity, texts, at)?;
    let observed = Observed { added, observations: entity.observations.len() as u64 };
    let entities = if added > 0 { vec![entity] } else { Vec::new() };
    Ok((Change { entities, ..Change::default() }, observed))
}

/// Deletes entities, with their relationships, and relationships. A missing one is not an error.
pub(crate) fn delete(graph: &Graph, entities: &[String], relationships: &[Relationship]) -> Result<(Change, Deleted)> {
    check_count("entities", entities.len(), MAX_ENTITIES_A_CALL)?;
    check_count("relationships", relationships.len(), MAX_RELATIONSHIPS_A_CALL)?;
    let gone: std::collections::BTreeSet<&String> =
        entities.iter().filter(|name| graph.entities.contains_key(*name)).collect();
    let named: std::collections::BTreeSet<Key> =
        relationships.iter().map(|r| (r.from.clone(), r.kind.clone(), r.to.clone())).collect();
    let dies = |key: &&Key| gone.contains(&key.0) || gone.contains(&key.2) || named.contains(*key);
    let deleted_relationships: Vec<Key> = graph.relationships.keys().filter(dies).cloned().collect();
    let deleted = Deleted {
        entities: gone.len() as u64,
        relationships: deleted_relationships.len() as u64,
        graph_deleted: false,
    };
    let deleted_entities = gone.into_iter().cloned().collect();
    Ok((Change { deleted_entities, deleted_relationships, ..Change::default() }, deleted))
}
