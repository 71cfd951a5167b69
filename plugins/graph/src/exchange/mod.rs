//! Graphs as documents of other tools, and back.
//!
//! **Promises.** What is exported and imported again is the same graph, but for what has the name of one of RDF's own
//! terms (types, relationships, properties). Each page is a complete document. An import changes all that it says, or nothing.
//!
//! **Bounds.** Bytes of a page and of a document, statements of a document.
//!
//! **Refuses.** Documents that are not of their format, with line and column; JSON-LD that needs another document; named graphs;
//! GraphML with a document type, ports, hyperedges or nested graphs.

mod draft;
mod from_rdf;
mod graphml_read;
mod graphml_write;
mod items;
mod json_ld;
mod names;
mod to_rdf;

use tandem_sdk::prelude::*;

pub(crate) use draft::Draft;

use crate::graph::Graph;
use crate::limits::MAX_IMPORT_BYTES;
use crate::model::{Exported, Format};
use items::{Item, Page};
use names::Names;

/// A page of a graph as a document.
pub(crate) fn export(
    ctx: &Ctx,
    graph: &Graph,
    format: Format,
    base: &str,
    limit: usize,
    cursor: Option<&str>,
) -> Result<Exported> {
    let names = Names::new(base)?;
    let Page { items, next_cursor } = items::page(ctx, graph, |item| to_rdf::length(&names, item), limit, cursor)?;
    let text = match format {
        Format::JsonLd => json_ld::write(&names, &items)?,
        Format::NTriples => to_rdf::n_triples(&names, &items)?,
        Format::Turtle => to_rdf::turtle(&names, &items)?,
        Format::GraphMl => graphml_write::write(&items)?,
    };
    let count = |what: fn(&Item<'_>) -> bool| items.iter().filter(|item| what(item)).count() as u64;
    Ok(Exported {
        format,
        entities: count(|item| matches!(item, Item::Entity(_))),
        observations: count(|item| matches!(item, Item::Observation(..))),
        relationships: count(|item| matches!(item, Item::Relationship(..))),
        text,
        next_cursor,
    })
}

/// What a document says.
pub(crate) fn read(ctx: &Ctx, format: Format, base: &str, text: &str) -> Result<Draft> {
    let names = Names::new(base)?;
    if text.len() > MAX_IMPORT_BYTES {
        return Err(Error::invalid_arguments(format!(
            "`text` has {} bytes; the bound is {MAX_IMPORT_BYTES}: import it in parts",
            text.len()
        )));
    }
    match format {
        Format::JsonLd => from_rdf::json_ld(ctx, &names, text),
        Format::NTriples => from_rdf::n_triples(ctx, &names, text),
        Format::Turtle => from_rdf::turtle(ctx, &names, text),
        Format::GraphMl => graphml_read::read(ctx, text),
    }
}
