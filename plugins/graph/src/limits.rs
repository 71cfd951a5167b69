//! Bounds, each with its reason.

/// The graph that is used when none is named. It needs no `graph_create`.
pub(crate) const DEFAULT_GRAPH: &str = "memory";
/// What names begin with as IRIs, unless another is given.
pub(crate) const BASE: &str = "urn:tandem:";
/// Longer names of graphs would not fit into keys of the store with the rest.
pub(crate) const MAX_GRAPH_NAME_BYTES: usize = 64;
/// A longer name is more likely a text than a name.
pub(crate) const MAX_NAME_BYTES: usize = 256;
/// One observation is a sentence or a paragraph; longer texts belong into documents.
pub(crate) const MAX_OBSERVATION_BYTES: usize = 4096;
/// Observations of one entity: more cannot be read by a model at once.
pub(crate) const MAX_OBSERVATIONS: usize = 1000;
/// Properties of one entity or relationship.
pub(crate) const MAX_PROPERTIES: usize = 64;
/// Properties of one entity or relationship, as JSON.
pub(crate) const MAX_PROPERTIES_BYTES: usize = 16 << 10;
/// How deep values of properties may nest: keeps recursion within a guest's small stack.
pub(crate) const MAX_PROPERTY_DEPTH: usize = 8;
/// Entities that one call adds, gets or deletes.
pub(crate) const MAX_ENTITIES_A_CALL: usize = 1000;
/// Relationships that one call adds or deletes.
pub(crate) const MAX_RELATIONSHIPS_A_CALL: usize = 5000;
/// Entities of one graph: calls read the whole graph into memory.
pub(crate) const MAX_ENTITIES: usize = 50_000;
/// Relationships of one graph: as for entities.
pub(crate) const MAX_RELATIONSHIPS: usize = 200_000;
/// Stored bytes of one graph: as for entities.
pub(crate) const MAX_GRAPH_BYTES: usize = 16 << 20;
/// A value of the store has 1 MiB at most; a chunk is closed before.
pub(crate) const CHUNK_BYTES: usize = 768 << 10;
/// Chunks of changes before a graph is written as a whole: few reads a call against few rewrites.
pub(crate) const MAX_CHANGES: usize = 16;
/// Each failed attempt means that another call succeeded: outlasts every call that may run at once.
pub(crate) const MAX_ATTEMPTS: u32 = 32;
/// No call lives this long: a chunk of this age (seconds) that no head lists belongs to none that could still list it.
pub(crate) const ABANDONED_AFTER_SECONDS: u64 = 3600;
/// Relationships that `graph_get` gives for one entity and direction.
pub(crate) const MAX_RELATIONSHIPS_SHOWN: usize = 50;

/// Length of a query.
pub(crate) const MAX_QUERY_BYTES: usize = 8192;
/// How deep expressions may nest: keeps recursion within a guest's small stack.
pub(crate) const MAX_EXPRESSION_DEPTH: usize = 24;
/// Nodes and relationships of all patterns of a query: the depth of the search for matches.
pub(crate) const MAX_PATTERN_PARTS: usize = 24;
/// The longest path of a pattern such as `-[:KNOWS*1..8]->`.
pub(crate) const MAX_HOPS: u32 = 8;
/// Candidates that a query may look at: a few seconds of the ten that a call has.
pub(crate) const MAX_STEPS: u64 = 2_000_000;
/// Matches that a query may hold to sort or to group them.
pub(crate) const MAX_MATCHES: usize = 20_000;
/// Bytes of the rows of one answer.
pub(crate) const MAX_ANSWER_BYTES: usize = 1 << 20;
/// Bytes of the matches that a query holds: they are several times larger in memory.
pub(crate) const MAX_HELD_BYTES: usize = 8 << 20;

/// Different words of a search: each is compared with every word of the graph.
pub(crate) const MAX_SEARCH_WORDS: usize = 12;
/// Neighbours that a search gives for one entity.
pub(crate) const MAX_NEIGHBOURS: usize = 25;

/// Types of relationships that paths may have: each relationship is compared with each of them.
pub(crate) const MAX_TYPES: usize = 50;
/// Paths that are counted: their number may be beyond what numbers hold.
pub(crate) const MAX_COUNTED_PATHS: u64 = 1_000_000;

/// Bytes of a page of an export, as N-Triples; other formats take up to a few times as many, and an answer has 4 MiB.
pub(crate) const MAX_EXPORT_BYTES: usize = 256 << 10;
/// Bytes of a document that is imported: it is in memory as a whole, several times.
pub(crate) const MAX_IMPORT_BYTES: usize = 1 << 20;
/// Statements of a document that is imported: short ones take many times their length in memory.
pub(crate) const MAX_STATEMENTS: usize = 50_000;
/// Values of one property of a document: each is compared with the others.
pub(crate) const MAX_VALUES: usize = 1000;
/// Bytes of JSON-LD with more than one context: each use of a context copies the one around it.
pub(crate) const MAX_CONTEXTS_BYTES: usize = 64 << 10;
/// How deep JSON-LD may nest: each level is a step of a small stack. Exported documents have 5.
pub(crate) const MAX_JSON_LD_DEPTH: usize = 64;
/// How deep elements of GraphML may nest, those of other programs in them.
pub(crate) const MAX_XML_DEPTH: usize = 64;

/// Entities that a drawing may begin with.
pub(crate) const MAX_DRAWN_NAMES: usize = 50;
/// Relationships of a drawing: Mermaid draws no more, and nobody sees anything in more.
pub(crate) const MAX_DRAWN_RELATIONSHIPS: usize = 500;
/// Characters of a name in a drawing.
pub(crate) const MAX_LABEL_CHARS: usize = 48;
