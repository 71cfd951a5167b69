//! What goes in and out of the tools, and what is stored.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Map;
use tandem_sdk::prelude::*;

/// Properties by name.
pub(crate) type Properties = Map<String, Value>;

/// The form of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum Format {
    /// JSON-LD, compact: an object for each entity.
    #[default]
    #[serde(rename = "json-ld")]
    JsonLd,
    /// RDF as N-Triples: a statement a line.
    #[serde(rename = "n-triples")]
    NTriples,
    /// RDF as Turtle: statements with prefixes, for people to read.
    #[serde(rename = "turtle")]
    Turtle,
    /// GraphML (XML), for programs that draw and analyse graphs.
    #[serde(rename = "graphml")]
    GraphMl,
}

/// What a drawing is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Mermaid, which many chat clients and Markdown viewers draw.
    #[default]
    Mermaid,
    /// DOT of Graphviz.
    Dot,
    /// An SVG image, the entities on a circle.
    Svg,
}

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

/// Where an entity has words of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Field {
    /// In its name.
    Name,
    /// In its type.
    Type,
    /// In a name or value of its properties.
    Property,
    /// In an observation.
    Observation,
}

/// An entity that is connected with another.
#[output]
#[derive(Clone, Debug)]
pub struct Neighbour {
    /// Its name.
    pub name: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// How many relationships it is away.
    pub distance: u32,
    /// The type of the last relationship on the way.
    pub by: String,
    /// Where that relationship starts.
    pub from: String,
    /// Where it ends.
    pub to: String,
}

/// An entity that has words of a search.
#[output]
#[derive(Clone, Debug)]
pub struct Hit {
    /// Its name.
    pub name: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// How well it fits; comparable within one answer.
    pub score: f64,
    /// Where the words are.
    pub matched: Vec<Field>,
    /// The observation that fits best, or the part of it around the word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observation: Option<String>,
    /// Entities within `depth`, the nearest first, at most 25.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub neighbours: Vec<Neighbour>,
    /// Whether there are more of them.
    pub more_neighbours: bool,
}

/// What a search found.
#[output]
#[derive(Clone, Debug)]
pub struct Found {
    /// The entities, the best first.
    pub hits: Vec<Hit>,
    /// How many entities have a word of the query.
    pub total: u64,
    /// The entity with the most similar name, where nothing was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    /// Pass it as `cursor` to get the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A way from one entity to another.
#[output]
#[derive(Clone, Debug)]
pub struct GraphPath {
    /// The names of the entities on the way, the ends included.
    pub entities: Vec<String>,
    /// The relationships between them, each as it points.
    pub relationships: Vec<Relationship>,
}

/// The shortest paths between two entities.
#[output]
#[derive(Clone, Debug)]
pub struct Paths {
    /// The paths; none where the entities are not connected within `max_length`.
    pub paths: Vec<GraphPath>,
    /// How many relationships each of them has; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<u32>,
    /// How many shortest paths there are; more than `paths` where `limit` left some out. 1000000 stands for that many and more.
    pub total: u64,
    /// How many entities were looked at.
    pub visited: u64,
}

/// A page of a graph as a document.
#[output]
#[derive(Clone, Debug)]
pub struct Exported {
    /// The form of the document.
    pub format: Format,
    /// Entities that begin on this page.
    pub entities: u64,
    /// Observations on this page.
    pub observations: u64,
    /// Relationships on this page.
    pub relationships: u64,
    /// The document.
    pub text: String,
    /// Pass it as `cursor` to get the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// What became of a document.
#[output]
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// Statements that it has; in GraphML nodes, edges and their data.
    pub statements: u64,
    /// Entities that were new.
    pub new_entities: u64,
    /// Entities that were there and have changed.
    pub updated_entities: u64,
    /// Relationships that were new.
    pub new_relationships: u64,
    /// Relationships that were there and have changed.
    pub updated_relationships: u64,
    /// Entities that the graph has now.
    pub entities: u64,
    /// Relationships that the graph has now.
    pub relationships: u64,
}

/// A drawing of a part of a graph.
#[output]
#[derive(Clone, Debug)]
pub struct Drawing {
    /// What it is written as.
    pub format: Language,
    /// Entities that are drawn.
    pub entities: u64,
    /// Relationships that are drawn.
    pub relationships: u64,
    /// Whether entities or relationships are left out.
    pub truncated: bool,
    /// The drawing.
    pub text: String,
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
