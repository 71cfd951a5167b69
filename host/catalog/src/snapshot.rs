//! One immutable state of the catalog.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use crate::{Category, Tool, search::Index};

/// A plugin that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Its file's name.
    pub file: String,
    /// Why.
    pub reason: String,
}

/// Built whole, then only read.
pub(crate) struct Snapshot {
    pub(crate) categories: BTreeMap<Arc<str>, Arc<Category>>,
    /// Sorted by name.
    pub(crate) tools: Vec<Arc<Tool>>,
    by_name: HashMap<String, Arc<Tool>>,
    pub(crate) index: Index,
    pub(crate) rejected: Vec<Rejected>,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("categories", &self.categories.keys()).finish_non_exhaustive()
    }
}

impl Snapshot {
    /// Takes the categories in their order; one that collides with an earlier one, or with a tool of the host's own,
    /// is left out, whole.
    pub(crate) fn build(own: &[String], candidates: Vec<(String, Category)>, mut rejected: Vec<Rejected>) -> Self {
        let mut taken = Taken::by_the_host(own);
        let mut categories = BTreeMap::new();
        for (file, category) in candidates {
            match taken.claim(&category) {
                Ok(()) => {
                    categories.insert(category.name.clone(), Arc::new(category));
                }
                Err(reason) => rejected.push(Rejected { file, reason }),
            }
        }
        let mut tools: Vec<_> = categories.values().flat_map(|category| category.tools.iter().cloned()).collect();
        tools.sort_by(|a, b| a.descriptor.name.cmp(&b.descriptor.name));
        let by_name = tools.iter().map(|tool| (tool.descriptor.name.clone(), tool.clone())).collect();
        Self { index: Index::build(&tools), categories, tools, by_name, rejected }
    }

    pub(crate) fn tool(&self, name: &str) -> Option<&Arc<Tool>> {
        self.by_name.get(name)
    }
}

/// Who has which name, as it stands in the reason.
struct Taken(HashMap<String, String>);

impl Taken {
    fn by_the_host(tools: &[String]) -> Self {
        let owner = |name: &String| {
            format!("meta-tool `{name}` of this host; call it otherwise with `plugins.aliases` or `plugins.prefixes`")
        };
        Self(tools.iter().map(|name| (format!("tool `{name}`"), owner(name))).collect())
    }

    fn claim(&mut self, category: &Category) -> Result<(), String> {
        let names: Vec<String> = std::iter::once(format!("category `{}`", category.name))
            .chain(category.tools.iter().map(|tool| format!("tool `{}`", tool.descriptor.name)))
            .chain(category.prompts.iter().map(|prompt| format!("prompt `{}`", prompt.name)))
            .chain(category.resources.iter().map(|resource| format!("resource `{}`", resource.uri)))
            .collect();
        for name in &names {
            if let Some(owner) = self.0.get(name) {
                return Err(format!("{name} of plugin `{}` is already taken by {owner}", category.plugin_name));
            }
        }
        let owner = format!("plugin `{}`", category.plugin_name);
        self.0.extend(names.into_iter().map(|name| (name, owner.clone())));
        Ok(())
    }
}

/// Whether a URI fits a template of RFC 6570 level 1: each `{name}` stands for one or more characters other
/// than `/`.
pub(crate) fn template_matches(template: &str, uri: &str) -> bool {
    let Some((literal, rest)) = template.split_once('{') else { return template == uri };
    let Some((_, after)) = rest.split_once('}') else { return template == uri };
    let Some(tail) = uri.strip_prefix(literal) else { return false };
    let segment = tail.find('/').unwrap_or(tail.len());
    (1..=segment)
        .rev()
        .filter(|end| tail.is_char_boundary(*end))
        .any(|end| tail.get(end..).is_some_and(|tail| template_matches(after, tail)))
}

#[cfg(test)]
mod tests {
    use super::template_matches;

    #[test]
    fn templates_match_whole_uris_segment_by_segment() {
        assert!(template_matches("test://template/{id}/data", "test://template/123/data"));
        assert!(template_matches("a://{x}-{y}", "a://1-2"));
        assert!(!template_matches("test://template/{id}/data", "test://template/1/2/data"));
        assert!(!template_matches("test://template/{id}/data", "test://template//data"));
        assert!(!template_matches("a://b", "a://b/c"));
    }
}
