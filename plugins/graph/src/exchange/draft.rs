//! What a document says, before it is merged into a graph.

use std::collections::BTreeMap;

use serde_json::Value;
use tandem_sdk::prelude::*;

use crate::graph::{Key, shortened};
use crate::limits::{MAX_OBSERVATIONS, MAX_STATEMENTS, MAX_VALUES};
use crate::model::{Observation, Properties};

/// Entities and relationships of a document.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) entities: BTreeMap<String, DraftEntity>,
    pub(crate) relationships: BTreeMap<Key, Properties>,
    statements: usize,
}

/// An entity of a document.
#[derive(Debug, Default)]
pub(crate) struct DraftEntity {
    pub(crate) kind: Option<String>,
    /// The values of each property; several become a list.
    values: BTreeMap<String, Vec<Value>>,
    pub(crate) observations: Vec<Observation>,
}

impl Draft {
    /// Counts a statement, and refuses too many.
    pub(super) fn count(&mut self) -> Result<()> {
        self.statements += 1;
        if self.statements > MAX_STATEMENTS {
            return Err(Error::invalid_arguments(format!(
                "`text` has more than {MAX_STATEMENTS} statements: import it in parts"
            )));
        }
        Ok(())
    }

    pub(crate) fn statements(&self) -> u64 {
        self.statements as u64
    }

    /// The entity of a name.
    pub(super) fn entity(&mut self, name: &str) -> &mut DraftEntity {
        self.entities.entry(name.to_owned()).or_default()
    }

    /// A relationship, and its ends.
    pub(super) fn relationship(&mut self, key: Key) -> &mut Properties {
        self.entity(&key.0);
        self.entity(&key.2);
        self.relationships.entry(key).or_default()
    }
}

impl DraftEntity {
    /// Adds a value of a property.
    pub(super) fn value(&mut self, entity: &str, name: String, value: Value) -> Result<()> {
        if value.is_null() {
            return Ok(());
        }
        let values = self.values.entry(name.clone()).or_default();
        if !values.contains(&value) {
            values.push(value);
        }
        if values.len() > MAX_VALUES {
            return Err(Error::invalid_arguments(format!(
                "`{}` of entity `{}` has more than {MAX_VALUES} values",
                shortened(&name),
                shortened(entity)
            )));
        }
        Ok(())
    }

    /// Adds an observation; without its time where `at` is 0.
    pub(super) fn observe(&mut self, entity: &str, observation: Observation) -> Result<()> {
        self.observations.push(observation);
        if self.observations.len() > MAX_OBSERVATIONS {
            return Err(Error::invalid_arguments(format!(
                "entity `{}` has more than {MAX_OBSERVATIONS} observations",
                shortened(entity)
            )));
        }
        Ok(())
    }

    /// Its properties.
    pub(crate) fn properties(&self) -> Properties {
        let one = |values: &Vec<Value>| match values.as_slice() {
            [value] => value.clone(),
            values => Value::Array(values.to_vec()),
        };
        self.values
            .iter()
            .filter(|(_, values)| !values.is_empty())
            .map(|(name, values)| (name.clone(), one(values)))
            .collect()
    }
}
