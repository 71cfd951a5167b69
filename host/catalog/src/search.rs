//! Ranked full text over tools (BM25): names, titles, descriptions, parameter names and their descriptions.

use std::sync::Arc;

use bm25::{Document, Language, SearchEngine, SearchEngineBuilder};
use serde_json::Value;

use crate::entry::Tool;

/// A word of the name counts as this many of the text: an agent that knows the name wants that tool.
const NAME_WEIGHT: usize = 3;

/// The index of one snapshot.
pub(crate) struct Index(SearchEngine<u32>);

impl Index {
    pub(crate) fn build(tools: &[Arc<Tool>]) -> Self {
        let documents = tools.iter().enumerate().map(|(i, tool)| Document::new(i as u32, text(tool)));
        Self(SearchEngineBuilder::<u32>::with_documents(Language::English, documents).build())
    }

    /// Positions of the tools that fit `query`, with their scores, best first.
    pub(crate) fn search(&self, query: &str) -> impl Iterator<Item = (usize, f32)> + use<> {
        self.0.search(&words(query), None).into_iter().map(|hit| (hit.document.id as usize, hit.score))
    }
}

fn text(tool: &Tool) -> String {
    let descriptor = &tool.descriptor;
    let mut text = String::new();
    for _ in 0..NAME_WEIGHT {
        push(&mut text, &words(&descriptor.name));
        push(&mut text, descriptor.title.as_deref().unwrap_or(""));
    }
    push(&mut text, &words(&tool.category));
    push(&mut text, &descriptor.description);
    let properties = descriptor.input_schema.get("properties").and_then(Value::as_object);
    for (name, schema) in properties.into_iter().flatten() {
        push(&mut text, &words(name));
        push(&mut text, schema.get("description").and_then(Value::as_str).unwrap_or(""));
    }
    text
}

fn push(text: &mut String, part: &str) {
    text.push_str(part);
    text.push(' ');
}

/// `dataset_load` and `dataset.load` are two words to whoever searches.
fn words(name: &str) -> String {
    name.replace(['_', '-', '.'], " ")
}
