//! The graph category: a knowledge graph as a memory for agents, in the plugin's own `kv` store.
//!
//! **Promises.** What a call acknowledged is durable and is never lost, whatever other calls did at the same time; a call sees
//! one consistent state of its graph. Adding what is there changes nothing.
//!
//! **Bounds.** All of them are in [`limits`], each with its reason.
//!
//! **Refuses.** Names that are not there, with the nearest; queries that write or that look at too much.

mod change;
mod cypher;
pub mod draw;
pub mod exchange;
mod graph;
mod limits;
pub mod model;
pub mod neighbours;
mod paths;
mod search;
mod store;
mod view;

use serde_json::Map;
use tandem_sdk::prelude::*;

use crate::limits::{BASE, DEFAULT_GRAPH, MAX_ENTITIES_A_CALL};
use crate::model::{
    Added, Created, Deleted, Drawing, Entities, Exported, Format, Found, GraphList, Imported, Language, NewEntity,
    Observed, Paths, Relationship, Rows,
};
use crate::neighbours::Direction;

/// The category.
#[derive(Debug)]
pub struct KnowledgeGraph;

#[tools]
impl KnowledgeGraph {
    /// Creates a named knowledge graph and returns its counts. The graph `memory` needs no creation; a graph that is there stays as
    /// it is.
    #[tool(idempotent, title = "Create a graph")]
    fn graph_create(
        /// The new graph's name: letters, digits, `_`, `.` and `-`, as `project-x`.
        #[arg(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_.-]+$")]
        graph: &str,
        /// What it is for, in a sentence.
        #[arg(default = String::new(), max_length = 1000)]
        description: String,
    ) -> Result<Created> {
        let (graph, created) = store::create(graph, &description)?;
        Ok(Created { graph, created })
    }

    /// Lists the graphs with their numbers of entities and relationships, in pages.
    #[tool(read_only, idempotent, title = "List graphs")]
    fn graph_list(
        /// How many graphs a page has at most.
        #[arg(default = 50, min = 1, max = 100)]
        limit: u32,
        /// The `next_cursor` of the page before.
        cursor: Option<String>,
    ) -> Result<GraphList> {
        let (graphs, next_cursor) = store::list(limit, cursor.as_deref())?;
        Ok(GraphList { graphs, next_cursor })
    }

    /// Adds entities with types, properties and observations, or merges them into entities of the same names. Use `graph_observe` to
    /// add facts to one entity that is there.
    #[tool(idempotent, title = "Add entities")]
    fn graph_add_entities(
        /// The name of the graph, as `memory`.
        #[arg(default = DEFAULT_GRAPH.to_owned())]
        graph: String,
        /// At most 1000 entities, as `[{"name": "Ada", "type": "Person", "observations": ["Likes chess."]}]`.
        entities: Vec<NewEntity>,
    ) -> Result<Added> {
        let at = store::now();
        let (added, info) = store::update(&graph, |graph| change::add_entities(graph, &entities, at))?;
        Ok(Added { entities: info.entities, relationships: info.relationships, ..added })
    }

    /// Adds directed relationships between entities that are there; one with the same `from`, `type` and `to` is merged, not doubled.
    /// Use `graph_add_entities` first for their ends.
    #[tool(idempotent, title = "Add relationships")]
    fn graph_add_relationships(
        /// The name of the graph, as `memory`.
        #[arg(default = DEFAULT_GRAPH.to_owned())]
        graph: String,
        /// At most 5000 relationships, as `[{"from": "Ada", "type": "KNOWS", "to": "Charles"}]`.
        relationships: Vec<Relationship>,
    ) -> Result<Added> {
        let plan = |graph: &graph::Graph| change::add_relationships(graph, &relationships);
        let (added, info) = store::update(&graph, plan)?;
        Ok(Added { entities: info.entities, relationships: info.relationships, ..added })
    }

    /// Notes observations, which are dated facts to be remembered, about an entity that is there, and returns how many it has; for a new
    /// one use `graph_add_entities` with its observations. An observation that is there already is not added twice.
    #[tool(idempotent, title = "Add observations")]
    fn graph_observe(
        /// The name of the graph, as `memory`.
        #[arg(default = DEFAULT_GRAPH.to_owned())]
        graph: String,
        /// The name of an entity, as `Ada`.
        entity: &str,
        /// Facts of at most 4096 bytes, one sentence each, as `["Prefers tea."]`.
        observations: Vec<String>,
    ) -> Result<Observed> {
        let at = store::now();
        let plan = |graph: &graph::Graph| change::observe(graph, entity, &observations, at);
        Ok(store::update(&graph, plan)?.0)
    }

    /// Returns what you know about entities, such as a person: their properties, observations and relationships; of those named, or a
    /// page of all or of one type. Use `graph_search` to find entities by words, `graph_query` by conditions.
    #[tool(read_only, idempotent, title = "Get entities")]
    fn graph_get(
        /// The name of the graph, as `memory`.
        #[arg(default = DEFAULT_GRAPH.to_owned())]
        graph: String,
        /// Names of entities, at most 1000, as `["Ada"]`; all entities, in pages, unless given.
        names: Option<Vec<String>>,
        /// Only entities of this type, as `Person`; without `names`.
        #[arg(name = "type")]
        kind: Option<String>,
        /// How many entities a page has at most.
        #[arg(default = 50, min = 1, max = 200)]
        limit: u32,
        /// The `next_cursor` of the page before.
        cursor: Option<String>,
    ) -> Result<Entities> {
        let graph = store::load(&graph)?;
        match names {
            Some(_) if kind.is_some() || cursor.is_some() => {
                Err(Error::invalid_arguments("give either `names`, or `type` and `cursor`"))
            }
            Some(names) => {
                change::check_count("names", names.len(), MAX_ENTITIES_A_CALL)?;
                view::named(&graph, &names)
            }
            None => Ok(view::page(&graph, kind.as_deref(), limit as usize, cursor.as_deref())),
        }
    }

    /// Searches a graph, which is the memory, for entities by words in their names, types, properties and observations. Returns them
    /// ranked, the best first, each with the entities around it. Use `graph_query` for conditions, `graph_get` for a known name.
    #[tool(read_only, idempotent, title = "Search a graph")]
    fn graph_search(
        ctx: &Ctx,
        /// The name of the graph, as `memory`.
        #[arg(default = DEFAULT_GRAPH.to_owned())]
        graph: String,
        /// Words, as `chess tea`; an entity needs one of them, more rank higher. At most 12 different words; parts of words count less.
        #[arg(min_length = 1, max_length = 1024)]
        query: &str,
        /// Only entities of this type, as `Person`.
        #[arg(name = "type")]
        kind: Option<String>,
        /// How many relationships away the entities are that are given with each; 0 for none.
        #[arg(default = 1, min = 0, max = 3)]
        depth: u32,
        /// How many entities a page has at most.
        #[arg(default = 10, min = 1, max = 100)]
        limit: u32,
        /// The `next_cursor` of the page before.
        cursor: Option<String>,
    ) -> Result<Found> {
        let graph = store::load(&graph)?;
        search::check_type(&graph, kind.as_deref())?;
        let (limit, cursor) = (limit as usize, cursor.as_deref());
        search::search(ctx, &graph, &search::Request { query, kind: kind.as_deref(), depth, limit, cursor })
    }

    /// Runs a read-only Cypher query (MATCH, WHERE, RETURN, DISTINCT, ORDER BY, SKIP, LIMIT, and count, collect, sum, avg, min, max)
    /// and returns rows. Every entity has `name`, `type` (its label) and `observations`; paths need an upper bound, as `*1..3`.
    #[tool(read_only, idempotent, title = "Query a graph")]
    fn graph_query(
        ctx: &Ctx,
        /// The name of the graph, as `memory`.
        #[arg(default = DEFAULT_GRAPH.to_owned())]
        graph: String,
        /// The query, as `MATCH (a:Person)-[:KNOWS]->(b) WHERE b.born < 1800 RETURN a.name, b.name ORDER BY a.name LIMIT 10`.
        query: &str,
        /// Values of `$name` in the query, by name, as `{"name": "Ada"}`.
        #[arg(default)]
        parameters: Map<String, Value>,
        /// How many rows to give at most; `SKIP` in the query goes on.
        #[arg(default = 100, min = 1, max = 1000)]
        limit: u32,
    ) -> Result<Rows> {
        let graph = store::load(&graph)?;
        cypher::run(ctx, &graph, query, &parameters, limit as usize)
    }

    /// Finds the shortest paths between two entities: how they are connected, by which relationships and over whom. Returns all of the
    /// same smallest length, up to `limit`. Use `graph_query` for paths of a pattern.
    #[tool(read_only, idempotent, title = "Find paths")]
    fn graph_paths(
        ctx: &Ctx,
        /// The name of the graph, as `memory`.
        #[arg(default = DEFAULT_GRAPH.to_owned())]
        graph: String,
        /// The entity where the paths begin, as `Ada`.
        from: &str,
        /// The entity where they end, as `Charles`.
        to: &str,
        /// Which way relationships are followed.
        #[arg(default)]
        direction: Direction,
        /// Only relationships of these types, as `["KNOWS"]`; all if empty. At most 50.
        #[arg(default)]
        types: Vec<String>,
        /// How many relationships a path may have.
        #[arg(default = 6, min = 1, max = 32)]
        max_length: u32,
        /// How many paths to give at most.
        #[arg(default = 5, min = 1, max = 100)]
        limit: u32,
    ) -> Result<Paths> {
        let graph = store::load(&graph)?;
        let request = paths::Request { from, to, direction, types: &types, max_length, limit: limit as usize };
        paths::paths(ctx, &graph, &request)
    }

    /// Exports a graph as JSON-LD, N-Triples (RDF), Turtle or GraphML, in pages: each page is a complete document, and `graph_import` reads
    /// all of them. Use `graph_visualize` for a picture.
    #[tool(read_only, idempotent, title = "Export a graph")]
    fn graph_export(
        ctx: &Ctx,
        /// The name of the graph, as `memory`.
        #[arg(default = DEFAULT_GRAPH.to_owned())]
        graph: String,
        /// The form of the document.
        #[arg(default)]
        format: Format,
        /// What names begin with as IRIs, as `https://example.com/`; names that are IRIs stay as they are. GraphML has no IRIs.
        #[arg(default = BASE.to_owned(), min_length = 1, max_length = 256)]
        base: String,
        /// How many entities, observations and relationships a page has at most together; fewer where they are long.
        #[arg(default = 200, min = 1, max = 5000)]
        limit: u32,
        /// The `next_cursor` of the page before.
        cursor: Option<String>,
    ) -> Result<Exported> {
        let graph = store::load(&graph)?;
        exchange::export(ctx, &graph, format, &base, limit as usize, cursor.as_deref())
    }

    /// Imports a document into a graph: JSON-LD, N-Triples (RDF), Turtle or GraphML, of `graph_export` or of another program. It is merged
    /// as `graph_add_entities` and `graph_add_relationships` do, and as a whole or not at all.
    #[tool(idempotent, title = "Import into a graph")]
    fn graph_import(
        ctx: &Ctx,
        /// The name of the graph, as `memory`.
        #[arg(default = DEFAULT_GRAPH.to_owned())]
        graph: String,
        /// The document, at most 1 MiB, as `<urn:tandem:Ada> <urn:tandem:KNOWS> <urn:tandem:Charles> .`
        #[arg(min_length = 1)]
        text: &str,
        /// The form of the document.
        #[arg(default)]
        format: Format,
        /// IRIs that begin with it become names without it, as `https://example.com/`; others are names as they are.
        #[arg(default = BASE.to_owned(), min_length = 1, max_length = 256)]
        base: String,
    ) -> Result<Imported> {
        let draft = exchange::read(ctx, format, &base, text)?;
        let at = store::now();
        let (imported, info) = store::update(&graph, |graph| change::import(graph, &draft, at))?;
        Ok(Imported { entities: info.entities, relationships: info.relationships, ..imported })
    }

    /// Draws a graph, or the part around some entities, as a diagram: Mermaid, DOT (Graphviz) or an SVG image. Returns its text. Use
    /// `graph_export` for programs that lay graphs out.
    #[tool(read_only, idempotent, title = "Draw a graph")]
    fn graph_visualize(
        ctx: &Ctx,
        /// The name of the graph, as `memory`.
        #[arg(default = DEFAULT_GRAPH.to_owned())]
        graph: String,
        /// What to write.
        #[arg(default)]
        format: Language,
        /// Entities to draw with what is around them, as `["Ada"]`, at most 50; those with the most relationships if empty.
        #[arg(default)]
        names: Vec<String>,
        /// How many relationships away from `names` entities are drawn.
        #[arg(default = 1, min = 0, max = 3)]
        depth: u32,
        /// How many entities to draw at most; with up to 500 relationships between them.
        #[arg(default = 40, min = 1, max = 200)]
        limit: u32,
    ) -> Result<Drawing> {
        let graph = store::load(&graph)?;
        draw::draw(ctx, &graph, &draw::Request { language: format, names: &names, depth, limit: limit as usize })
    }

    /// Deletes (forgets) entities with everything that is connected with them, or relationships alone, or with `all` the whole graph.
    /// Names that are not there are no error.
    #[tool(destructive, idempotent, title = "Delete from a graph")]
    fn graph_delete(
        /// The name of the graph, as `memory`.
        #[arg(default = DEFAULT_GRAPH.to_owned())]
        graph: String,
        /// Names of entities, at most 1000.
        #[arg(default)]
        entities: Vec<String>,
        /// Relationships by `from`, `type` and `to`, at most 5000.
        #[arg(default)]
        relationships: Vec<Relationship>,
        /// True deletes the graph with everything in it.
        #[arg(default = false)]
        all: bool,
    ) -> Result<Deleted> {
        let name = graph.as_str();
        if all != (entities.is_empty() && relationships.is_empty()) {
            return Err(Error::invalid_arguments("give `entities` or `relationships`, or `all`: true alone"));
        }
        if all {
            let info = store::remove(name)?;
            return Ok(Deleted { entities: info.entities, relationships: info.relationships, graph_deleted: true });
        }
        Ok(store::update(name, |graph| change::delete(graph, &entities, &relationships))?.0)
    }
}

tandem_sdk::export!(KnowledgeGraph);
