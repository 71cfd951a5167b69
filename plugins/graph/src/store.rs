//! Graphs in the store.
//!
//! A graph has a head, `graph/NAME`, which lists its chunks, `chunk/NAME/ID`. A chunk is a [`Change`] as JSON and is never
//! changed. A call reads the head and its chunks, writes its own change as new chunks, and sets the head only while it is
//! the one that was read; otherwise it starts again. So calls at once lose nothing, and a call that dies leaves a chunk
//! that no head lists, which a later rewrite removes.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tandem_sdk::prelude::*;

use crate::graph::{Change, Graph, nearest};
use crate::limits::{
    ABANDONED_AFTER_SECONDS, CHUNK_BYTES, DEFAULT_GRAPH, MAX_ATTEMPTS, MAX_CHANGES, MAX_GRAPH_BYTES,
    MAX_GRAPH_NAME_BYTES,
};
use crate::model::GraphInfo;

/// The stored form. A reader refuses any other.
const FORMAT: u32 = 1;
const HEADS: &str = "graph/";

/// What a graph is, as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Head {
    format: u32,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    entities: u64,
    #[serde(default)]
    relationships: u64,
    #[serde(default)]
    bytes: usize,
    /// How many of the chunks came after the graph was last written as a whole.
    #[serde(default)]
    changes: usize,
    #[serde(default)]
    chunks: Vec<String>,
}

impl Head {
    fn new(description: &str) -> Self {
        let description = description.to_owned();
        Self { format: FORMAT, description, entities: 0, relationships: 0, bytes: 0, changes: 0, chunks: Vec::new() }
    }

    fn info(&self, name: &str) -> GraphInfo {
        GraphInfo {
            graph: name.to_owned(),
            description: self.description.clone(),
            entities: self.entities,
            relationships: self.relationships,
        }
    }
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn head_key(name: &str) -> String {
    format!("{HEADS}{name}")
}

fn chunk_key(name: &str, id: &str) -> String {
    format!("chunk/{name}/{id}")
}

fn new_id() -> Result<String> {
    let random = getrandom::u64().map_err(|error| Error::other(format!("no randomness: {error}")))?;
    Ok(format!("{:010x}{random:016x}", now()))
}

fn check_name(name: &str) -> Result<()> {
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    if name.is_empty() || name.len() > MAX_GRAPH_NAME_BYTES || !name.bytes().all(legal) {
        return Err(Error::invalid_arguments(format!(
            "`graph` must be 1 to {MAX_GRAPH_NAME_BYTES} letters, digits, `_`, `.` and `-`"
        )));
    }
    Ok(())
}

fn corrupt(what: impl std::fmt::Display) -> Error {
    Error::other(format!("stored graph cannot be read ({what}); delete the graph and add its contents again"))
}

/// The head of a graph and its bytes. The default graph is empty when it is not there.
fn load_head(name: &str) -> Result<(Head, Option<Vec<u8>>)> {
    check_name(name)?;
    let Some(bytes) = kv::get(&head_key(name))? else {
        if name == DEFAULT_GRAPH {
            return Ok((Head::new(""), None));
        }
        let keys = kv::keys(HEADS)?;
        let near = nearest(name, keys.iter().filter_map(|key| key.strip_prefix(HEADS)));
        let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        return Err(Error::not_found(format!(
            "no graph `{name}`; {near}`graph_create` makes one, `graph_list` lists them"
        )));
    };
    let head: Head = serde_json::from_slice(&bytes).map_err(corrupt)?;
    if head.format != FORMAT {
        return Err(corrupt(format!("format {}, this version reads {FORMAT}", head.format)));
    }
    Ok((head, Some(bytes)))
}

/// The graph that a head lists, or none when a chunk is not there.
fn load_graph(name: &str, head: &Head) -> Result<Option<Graph>> {
    let mut graph = Graph::default();
    for id in &head.chunks {
        let Some(bytes) = kv::get(&chunk_key(name, id))? else { return Ok(None) };
        graph.apply(serde_json::from_slice(&bytes).map_err(corrupt)?);
    }
    Ok(Some(graph))
}

/// A graph as it is now.
pub(crate) fn load(name: &str) -> Result<Graph> {
    Ok(load_consistent(name)?.2)
}

fn load_consistent(name: &str) -> Result<(Head, Option<Vec<u8>>, Graph)> {
    let mut before = None;
    for _ in 0..MAX_ATTEMPTS {
        let (head, bytes) = load_head(name)?;
        if let Some(graph) = load_graph(name, &head)? {
            return Ok((head, bytes, graph));
        }
        // A rewrite took a chunk away meanwhile, which changes the head.
        if before == Some(bytes.clone()) {
            return Err(corrupt("a listed chunk is missing"));
        }
        before = Some(bytes);
    }
    Err(contended(name))
}

fn contended(name: &str) -> Error {
    Error::unavailable(format!("`{name}` is being changed by many calls at once; try again"))
}

/// Changes a graph by what `plan` makes of its present state; again when another call was faster.
pub(crate) fn update<R>(name: &str, plan: impl Fn(&Graph) -> Result<(Change, R)>) -> Result<(R, GraphInfo)> {
    for _ in 0..MAX_ATTEMPTS {
        let (mut head, bytes, mut graph) = load_consistent(name)?;
        let (change, answer) = plan(&graph)?;
        if change.is_empty() {
            return Ok((answer, head.info(name)));
        }
        graph.apply(change.clone());
        graph.check_size()?;
        head.entities = graph.entities.len() as u64;
        head.relationships = graph.relationships.len() as u64;
        let rewrite = head.changes >= MAX_CHANGES;
        let old = if rewrite { std::mem::take(&mut head.chunks) } else { Vec::new() };
        let chunks = if rewrite { split(whole(&graph))? } else { split(change)? };
        let written: usize = chunks.iter().map(Vec::len).sum();
        head.bytes = if rewrite { written } else { head.bytes + written };
        head.changes = if rewrite { 0 } else { head.changes + 1 };
        check_bytes(&head)?;
        let ids = write(name, chunks)?;
        head.chunks.extend(ids.iter().cloned());
        let new = serde_json::to_vec(&head)?;
        if kv::compare_and_set(&head_key(name), bytes.as_deref(), &new)? {
            if rewrite {
                discard(name, &old);
                sweep(name, &head.chunks);
            }
            return Ok((answer, head.info(name)));
        }
        discard(name, &ids);
    }
    Err(contended(name))
}

fn check_bytes(head: &Head) -> Result<()> {
    if head.bytes > MAX_GRAPH_BYTES {
        return Err(Error::invalid_arguments(format!(
            "the graph would take {} bytes; the bound is {MAX_GRAPH_BYTES}: delete some of it or use another graph",
            head.bytes
        )));
    }
    Ok(())
}

fn whole(graph: &Graph) -> Change {
    let relationships = graph.relationships.iter().map(|(key, properties)| crate::graph::relationship(key, properties));
    Change {
        entities: graph.entities.values().cloned().collect(),
        relationships: relationships.collect(),
        ..Change::default()
    }
}

/// A change as chunks, in order.
fn split(change: Change) -> Result<Vec<Vec<u8>>> {
    let bytes = serde_json::to_vec(&change)?;
    if bytes.len() <= CHUNK_BYTES {
        return Ok(vec![bytes]);
    }
    let Change { deleted_entities, deleted_relationships, entities, relationships } = change;
    let mut chunks = Vec::new();
    pack(&mut chunks, deleted_entities, |c| &mut c.deleted_entities)?;
    pack(&mut chunks, deleted_relationships, |c| &mut c.deleted_relationships)?;
    pack(&mut chunks, entities, |c| &mut c.entities)?;
    pack(&mut chunks, relationships, |c| &mut c.relationships)?;
    Ok(chunks)
}

fn pack<T: Serialize>(chunks: &mut Vec<Vec<u8>>, items: Vec<T>, list: fn(&mut Change) -> &mut Vec<T>) -> Result<()> {
    let (mut change, mut size) = (Change::default(), 0);
    for item in items {
        let bytes = serde_json::to_vec(&item)?.len();
        if size + bytes > CHUNK_BYTES && size > 0 {
            chunks.push(serde_json::to_vec(&std::mem::take(&mut change))?);
            size = 0;
        }
        size += bytes + 1;
        list(&mut change).push(item);
    }
    if !change.is_empty() {
        chunks.push(serde_json::to_vec(&change)?);
    }
    Ok(())
}

fn write(name: &str, chunks: Vec<Vec<u8>>) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for chunk in chunks {
        let id = new_id()?;
        kv::set(&chunk_key(name, &id), &chunk)?;
        ids.push(id);
    }
    Ok(ids)
}

/// Removes chunks that no head lists. What cannot be removed now, a sweep will remove.
fn discard(name: &str, ids: &[String]) {
    for id in ids {
        let _ = kv::delete(&chunk_key(name, id));
    }
}

/// Removes chunks that calls left behind which died before a head listed them.
fn sweep(name: &str, listed: &[String]) {
    let prefix = chunk_key(name, "");
    let deadline = now().saturating_sub(ABANDONED_AFTER_SECONDS);
    for key in kv::keys(&prefix).unwrap_or_default() {
        let id = key.strip_prefix(&prefix).unwrap_or_default();
        let born = id.get(..10).and_then(|born| u64::from_str_radix(born, 16).ok());
        if born.is_some_and(|born| born < deadline) && !listed.iter().any(|other| other == id) {
            let _ = kv::delete(&key);
        }
    }
}

/// Makes a graph. Answers it and whether it is new.
pub(crate) fn create(name: &str, description: &str) -> Result<(GraphInfo, bool)> {
    check_name(name)?;
    let head = Head::new(description);
    if kv::compare_and_set(&head_key(name), None, &serde_json::to_vec(&head)?)? {
        return Ok((head.info(name), true));
    }
    Ok((load_head(name)?.0.info(name), false))
}

/// One page of graphs, by name.
pub(crate) fn list(limit: u32, cursor: Option<&str>) -> Result<(Vec<GraphInfo>, Option<String>)> {
    if let Some(cursor) = cursor {
        check_name(cursor).map_err(|_| Error::invalid_arguments("`cursor` is not a `next_cursor` of a page before"))?;
    }
    let page = kv::list_keys(HEADS, limit, cursor.map(head_key).as_deref())?;
    let mut graphs = Vec::new();
    for name in page.keys.iter().filter_map(|key| key.strip_prefix(HEADS)) {
        match load_head(name) {
            Ok((head, _)) => graphs.push(head.info(name)),
            Err(Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok((graphs, page.next.and_then(|key| key.strip_prefix(HEADS).map(str::to_owned))))
}

/// Deletes a graph with everything in it. Answers what it was.
pub(crate) fn remove(name: &str) -> Result<GraphInfo> {
    let (head, _) = load_head(name)?;
    kv::delete(&head_key(name))?;
    discard(name, &head.chunks);
    sweep(name, &[]);
    Ok(head.info(name))
}
