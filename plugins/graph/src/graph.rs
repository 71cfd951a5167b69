//! A graph in memory, and the changes that make it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tandem_sdk::prelude::*;

use crate::limits::{MAX_ENTITIES, MAX_RELATIONSHIPS};
use crate::model::{Entity, Properties, Relationship};

/// Names a relationship: from, type, to.
pub(crate) type Key = (String, String, String);

/// A change of a graph as it is stored. Deletions come first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Change {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) deleted_entities: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) deleted_relationships: Vec<Key>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) entities: Vec<Entity>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) relationships: Vec<Relationship>,
}

impl Change {
    pub(crate) fn is_empty(&self) -> bool {
        self.deleted_entities.is_empty()
            && self.deleted_relationships.is_empty()
            && self.entities.is_empty()
            && self.relationships.is_empty()
    }
}

/// A graph in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Graph {
    pub(crate) entities: BTreeMap<String, Entity>,
    pub(crate) relationships: BTreeMap<Key, Properties>,
}

impl Graph {
    /// Makes a change.
    pub(crate) fn apply(&mut self, change: Change) {
        for name in &change.deleted_entities {
            self.entities.remove(name);
        }
        for key in &change.deleted_relationships {
            self.relationships.remove(key);
        }
        for entity in change.entities {
            self.entities.insert(entity.name.clone(), entity);
        }
        for r in change.relationships {
            self.relationships.insert((r.from, r.kind, r.to), r.properties);
        }
    }

    /// Refuses what outgrows the bounds.
    pub(crate) fn check_size(&self) -> Result<()> {
        for (what, has, bound) in [
            ("entities", self.entities.len(), MAX_ENTITIES),
            ("relationships", self.relationships.len(), MAX_RELATIONSHIPS),
        ] {
            if has > bound {
                return Err(Error::invalid_arguments(format!(
                    "the graph would have {has} {what}; the bound is {bound}: delete some or use another graph"
                )));
            }
        }
        Ok(())
    }

    /// The entity of a name, or an error with the nearest.
    pub(crate) fn entity(&self, name: &str) -> Result<&Entity> {
        self.entities.get(name).ok_or_else(|| Error::not_found(self.no_entity(name)))
    }

    /// Says that there is no such entity, and which is nearest.
    pub(crate) fn no_entity(&self, name: &str) -> String {
        let near = nearest(name, self.entities.keys().map(String::as_str));
        let near =
            near.map_or_else(|| "add it by `graph_add_entities`".to_owned(), |near| format!("did you mean `{near}`?"));
        format!("no entity `{}`; {near}", shortened(name))
    }
}

/// A name as it stands in an error.
pub(crate) fn shortened(name: &str) -> String {
    let mut short: String = name.chars().take(80).collect();
    if short.len() < name.len() {
        short.push('…');
    }
    short
}

/// The most similar of some names, if one is similar.
pub(crate) fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    /// Below it names are not alike.
    const SIMILAR: f64 = 0.75;
    /// Comparing takes time in the product of lengths; longer names are not compared, nor more of them.
    const MAX_COMPARED: (usize, usize) = (64, 5000);
    let lower: String = name.chars().take(MAX_COMPARED.0).collect::<String>().to_lowercase();
    let near = names.filter(|other| other.len() <= MAX_COMPARED.0).take(MAX_COMPARED.1);
    let near = near.map(|other| (strsim::jaro_winkler(&lower, &other.to_lowercase()), other));
    near.filter(|(score, _)| *score >= SIMILAR).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, other)| other)
}

/// A relationship as it goes out.
pub(crate) fn relationship(key: &Key, properties: &Properties) -> Relationship {
    let (from, kind, to) = key.clone();
    Relationship { from, kind, to, properties: properties.clone() }
}
