//! From what a caller wants to the change that is stored.

use std::collections::BTreeMap;

use serde_json::Map;
use tandem_json_depth::is_within;
use tandem_sdk::prelude::*;

use crate::exchange::Draft;
use crate::graph::{Change, Graph, Key, relationship, shortened};
use crate::limits::{
    MAX_ENTITIES_A_CALL, MAX_NAME_BYTES, MAX_OBSERVATION_BYTES, MAX_OBSERVATIONS, MAX_PROPERTIES, MAX_PROPERTIES_BYTES,
    MAX_PROPERTY_DEPTH, MAX_RELATIONSHIPS_A_CALL,
};
use crate::model::{Added, Deleted, Entity, Imported, NewEntity, Observation, Observed, Properties, Relationship};

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

fn add_observations(entity: &mut Entity, new: &[Observation]) -> Result<u64> {
    let mut added = 0;
    for item in new {
        check_text(&format!("an observation of `{}`", shortened(&entity.name)), &item.text, MAX_OBSERVATION_BYTES)?;
        if entity.observations.iter().all(|other| other.text != item.text) {
            entity.observations.push(item.clone());
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

/// Observations of a time.
fn observations(texts: &[String], at: u64) -> Vec<Observation> {
    texts.iter().map(|text| Observation { text: text.clone(), at }).collect()
}

/// Entities as they will be.
#[derive(Default)]
struct Entities {
    changed: BTreeMap<String, Entity>,
}

impl Entities {
    /// Merges into an entity of the graph or a new one.
    fn merge(
        &mut self,
        graph: &Graph,
        name: &str,
        kind: Option<&String>,
        properties: &Properties,
        observations: &[Observation],
    ) -> Result<()> {
        check_text("`name` of an entity", name, MAX_NAME_BYTES)?;
        let what = format!("entity `{}`", shortened(name));
        let blank = || Entity {
            name: name.to_owned(),
            kind: "Entity".to_owned(),
            properties: Map::new(),
            observations: Vec::new(),
        };
        let old = || graph.entities.get(name).cloned().unwrap_or_else(blank);
        let entity = self.changed.entry(name.to_owned()).or_insert_with(old);
        if let Some(kind) = kind {
            check_text(&format!("{what}: `type`"), kind, MAX_NAME_BYTES)?;
            entity.kind.clone_from(kind);
        }
        merge(&mut entity.properties, properties);
        check_properties(&what, &entity.properties)?;
        add_observations(entity, observations)?;
        Ok(())
    }

    /// Those that differ from the graph, and how many are new, differ and do not.
    fn finish(self, graph: &Graph) -> (Vec<Entity>, Added) {
        let mut added = Added::default();
        let mut entities = Vec::new();
        for (name, entity) in self.changed {
            match graph.entities.get(&name) {
                Some(old) if *old == entity => {
                    added.unchanged += 1;
                    continue;
                }
                Some(_) => added.updated += 1,
                None => added.added += 1,
            }
            entities.push(entity);
        }
        (entities, added)
    }
}

/// Adds entities, or merges them into those that are there.
pub(crate) fn add_entities(graph: &Graph, new: &[NewEntity], at: u64) -> Result<(Change, Added)> {
    check_count("entities", new.len(), MAX_ENTITIES_A_CALL)?;
    let mut merged = Entities::default();
    for item in new {
        let observations = observations(&item.observations, at);
        merged.merge(graph, &item.name, item.kind.as_ref(), &item.properties, &observations)?;
    }
    let (entities, added) = merged.finish(graph);
    Ok((Change { entities, ..Change::default() }, added))
}

/// Adds relationships, or merges them into those that are there.
pub(crate) fn add_relationships(graph: &Graph, new: &[Relationship]) -> Result<(Change, Added)> {
    check_count("relationships", new.len(), MAX_RELATIONSHIPS_A_CALL)?;
    for (at, item) in new.iter().enumerate() {
        for (end, name) in [("from", &item.from), ("to", &item.to)] {
            if !graph.entities.contains_key(name) {
                return Err(Error::not_found(format!("relationships[{at}]: `{end}`: {}", graph.no_entity(name))));
            }
        }
    }
    let (relationships, added) = merge_relationships(graph, new)?;
    Ok((Change { relationships, ..Change::default() }, added))
}

/// The relationships that differ from the graph, and how many are new, differ and do not. The ends are there.
fn merge_relationships(graph: &Graph, new: &[Relationship]) -> Result<(Vec<Relationship>, Added)> {
    let mut changed: BTreeMap<Key, Properties> = BTreeMap::new();
    for (at, item) in new.iter().enumerate() {
        let what = format!("relationships[{at}]");
        check_text(&format!("{what}: `type`"), &item.kind, MAX_NAME_BYTES)?;
        let key = (item.from.clone(), item.kind.clone(), item.to.clone());
        let old = graph.relationships.get(&key).cloned().unwrap_or_default();
        let properties = changed.entry(key).or_insert(old);
        merge(properties, &item.properties);
        check_properties(&what, properties)?;
    }
    let mut added = Added::default();
    let mut relationships = Vec::new();
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
        relationships.push(Relationship { from, kind, to, properties });
    }
    Ok((relationships, added))
}

/// Merges all that a document says.
pub(crate) fn import(graph: &Graph, draft: &Draft, at: u64) -> Result<(Change, Imported)> {
    let mut merged = Entities::default();
    for (name, entity) in &draft.entities {
        let mut observations = entity.observations.clone();
        observations.iter_mut().filter(|observation| observation.at == 0).for_each(|observation| observation.at = at);
        merged.merge(graph, name, entity.kind.as_ref(), &entity.properties(), &observations)?;
    }
    let (entities, of_entities) = merged.finish(graph);
    let new: Vec<Relationship> = draft.relationships.iter().map(|(key, of)| relationship(key, of)).collect();
    let (relationships, of_relationships) = merge_relationships(graph, &new)?;
    let imported = Imported {
        statements: draft.statements(),
        new_entities: of_entities.added,
        updated_entities: of_entities.updated,
        new_relationships: of_relationships.added,
        updated_relationships: of_relationships.updated,
        entities: 0,
        relationships: 0,
    };
    Ok((Change { entities, relationships, ..Change::default() }, imported))
}

/// Adds observations to an entity.
pub(crate) fn observe(graph: &Graph, name: &str, texts: &[String], at: u64) -> Result<(Change, Observed)> {
    let mut entity = graph.entity(name)?.clone();
    check_count("observations", texts.len(), MAX_OBSERVATIONS)?;
    let added = add_observations(&mut entity, &observations(texts, at))?;
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
