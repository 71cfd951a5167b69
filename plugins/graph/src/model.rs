//! What goes in and out of the tools, and what is stored.

use serde_json::Map;
use tandem_sdk::prelude::*;

/// Properties by name.
pub(crate) type Properties = Map<String, Value>;

/// A fact about an entity.
#[data]
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// The fact.
    pub text: String,
    /// When it was added: seconds since 1970.
    pub at: u64,
}

/// An entity to add.
#[input]
#[derive(Clone, Debug)]
pub struct NewEntity {
    /// Its name, unique in the graph, as `Ada Lovelace`; at most 256 bytes.
    pub name: String,
    /// What it is, as `Person`: the label in queries. `Entity` for a new entity without one.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Values by name, as `{"born": 1815}`. Those of an entity that is there are merged; null removes one.
    #[serde(default)]
    pub properties: Properties,
    /// Facts, one sentence each, as `Wrote the first published program.`
    #[serde(default)]
    pub observations: Vec<String>,
}

/// A relationship, by its ends and type.
#[data]
#[derive(Clone, Debug, PartialEq)]
pub struct Relationship {
    /// The name of the entity where it starts.
    pub from: String,
    /// What it says, as `WORKS_WITH`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The name of the entity where it ends.
    pub to: String,
    /// Values by name, as `{"since": 1833}`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub properties: Properties,
}

/// An entity.
#[data]
#[derive(Clone, Debug, PartialEq)]
pub struct Entity {
    /// Its name.
    pub name: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// Values by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub properties: Properties,
    /// Facts, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observations: Vec<Observation>,
}

/// A graph.
#[output]
#[derive(Clone, Debug)]
pub struct GraphInfo {
    /// Its name.
    pub graph: String,
    /// What it is for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// How many entities it has.
    pub entities: u64,
    /// How many relationships it has.
    pub relationships: u64,
}

/// What became of a graph to create.
#[output]
#[derive(Clone, Debug)]
pub struct Created {
    /// The graph.
    pub graph: GraphInfo,
    /// Whether it is new; otherwise it was there and is unchanged.
    pub created: bool,
}

/// One page of graphs.
#[output]
#[derive(Clone, Debug)]
pub struct GraphList {
    /// The graphs, by name.
    pub graphs: Vec<GraphInfo>,
    /// Pass it as `cursor` to get the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// What became of things to add.
#[output]
#[derive(Clone, Debug, Default)]
pub struct Added {
    /// How many were new.
    pub added: u64,
    /// How many were there and have changed.
    pub updated: u64,
    /// How many were there already, just so.
    pub unchanged: u64,
    /// Entities that the graph has now.
    pub entities: u64,
    /// Relationships that the graph has now.
    pub relationships: u64,
}

/// What became of observations.
#[output]
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// How many were new; those that were there are not added twice.
    pub added: u64,
    /// How many observations the entity has now.
    pub observations: u64,
}

/// An entity with what it is related to.
#[output]
#[derive(Clone, Debug)]
pub struct EntityView {
    /// The entity.
    pub entity: Entity,
    /// Relationships that start here, at most 50.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outgoing: Vec<Relationship>,
    /// Relationships that end here, at most 50.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub incoming: Vec<Relationship>,
    /// How many relationships it has in all.
    pub relationships: u64,
}

/// Entities of a graph.
#[output]
#[derive(Clone, Debug)]
pub struct Entities {
    /// The entities, in the order of the request, or by name.
    pub entities: Vec<EntityView>,
    /// How many there are in all.
    pub total: u64,
    /// Pass it as `cursor` to get the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Rows that a query found.
#[output]
#[derive(Clone, Debug)]
pub struct Rows {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows: a value for each column.
    pub rows: Vec<Vec<Value>>,
    /// Whether rows are left out: use `SKIP` and `LIMIT` to page.
    pub truncated: bool,
}

/// What was deleted.
#[output]
#[derive(Clone, Debug, Default)]
pub struct Deleted {
    /// Entities that are gone.
    pub entities: u64,
    /// Relationships that are gone, with those of deleted entities.
    pub relationships: u64,
    /// Whether the graph is gone too.
    pub graph_deleted: bool,
}
