//! Entities with their relationships.

use tandem_sdk::prelude::*;

use crate::graph::{Graph, relationship};
use crate::limits::{MAX_ANSWER_BYTES, MAX_RELATIONSHIPS_SHOWN};
use crate::model::{Entities, EntityView};

/// Entities by their names.
pub(crate) fn named(graph: &Graph, names: &[String]) -> Result<Entities> {
    for name in names {
        graph.entity(name)?;
    }
    let mut views = views(graph, names);
    let total = views.len() as u64;
    let bytes = serde_json::to_vec(&views.iter().map(|view| &view.entity).collect::<Vec<_>>())?.len();
    if bytes > MAX_ANSWER_BYTES && views.len() > 1 {
        return Err(Error::invalid_arguments(format!(
            "`names` has entities of {bytes} bytes; an answer has {MAX_ANSWER_BYTES} at most: ask for fewer"
        )));
    }
    views.shrink_to_fit();
    Ok(Entities { entities: views, total, next_cursor: None })
}

/// A page of entities by name, of one type or of all.
pub(crate) fn page(graph: &Graph, kind: Option<&str>, limit: usize, cursor: Option<&str>) -> Entities {
    let fits =
        |name: &&String| kind.is_none_or(|kind| graph.entities.get(*name).is_some_and(|entity| entity.kind == kind));
    let total = graph.entities.keys().filter(fits).count() as u64;
    let after = |name: &&String| cursor.is_none_or(|cursor| name.as_str() > cursor);
    let mut names: Vec<String> = Vec::new();
    let mut next_cursor = None;
    let mut bytes = 0;
    for name in graph.entities.keys().filter(fits).filter(after) {
        bytes += graph.entities.get(name).and_then(|entity| serde_json::to_vec(entity).ok()).map_or(0, |e| e.len());
        if names.len() >= limit || (bytes > MAX_ANSWER_BYTES && !names.is_empty()) {
            next_cursor = names.last().cloned();
            break;
        }
        names.push(name.clone());
    }
    Entities { entities: views(graph, &names), total, next_cursor }
}

fn views(graph: &Graph, names: &[String]) -> Vec<EntityView> {
    let mut at = std::collections::HashMap::new();
    let mut views: Vec<EntityView> = Vec::new();
    for entity in names.iter().filter_map(|name| graph.entities.get(name)) {
        at.entry(entity.name.as_str()).or_insert_with(|| {
            let view =
                EntityView { entity: entity.clone(), outgoing: Vec::new(), incoming: Vec::new(), relationships: 0 };
            views.push(view);
            views.len() - 1
        });
    }
    for (key, properties) in &graph.relationships {
        if let Some(view) = at.get(key.0.as_str()).and_then(|at| views.get_mut(*at)) {
            view.relationships += 1;
            if view.outgoing.len() < MAX_RELATIONSHIPS_SHOWN {
                view.outgoing.push(relationship(key, properties));
            }
        }
        if let Some(view) = at.get(key.2.as_str()).and_then(|at| views.get_mut(*at)) {
            view.relationships += u64::from(key.0 != key.2);
            if view.incoming.len() < MAX_RELATIONSHIPS_SHOWN {
                view.incoming.push(relationship(key, properties));
            }
        }
    }
    views
}
