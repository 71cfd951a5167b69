//! One immutable state of the catalog.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::Arc,
};

use tandem_package::ToolAlias;

use crate::{
    Backend, Canary, Category, Tool,
    rejected::{RejectCode, Rejected},
    search::Index,
};

/// Names of tools that went away, which are kept so that a caller can be told what became of them. The oldest is
/// forgotten first.
const MAX_GONE: usize = 256;

/// A tool that went away with a version, or with its plugin.
#[derive(Clone, Debug)]
pub(crate) struct Tombstone {
    pub(crate) name: String,
    pub(crate) category: Arc<str>,
}

/// What a snapshot is made of.
#[derive(Clone, Default)]
pub(crate) struct Parts {
    /// By file, which is the order of precedence.
    pub(crate) categories: BTreeMap<String, Arc<Category>>,
    /// The mounted MCP servers, by their names in the configuration.
    pub(crate) upstreams: BTreeMap<String, Arc<Category>>,
    /// By file. A file may be here while an earlier version of it is served.
    pub(crate) rejected: BTreeMap<String, Rejected>,
    /// The canaries, by category.
    pub(crate) canaries: BTreeMap<Arc<str>, Arc<Canary>>,
    pub(crate) gone: VecDeque<Tombstone>,
    /// Tools of the host's own.
    pub(crate) own: Arc<[String]>,
}

impl Parts {
    /// Whether a category's names are free, where `files` are about to go.
    pub(crate) fn free_for(&self, category: &Category, files: &[&str]) -> Result<(), NameTaken> {
        let mut taken = NameRegistry::by_the_host(&self.own);
        let is_upstream = category.backend.is_upstream();
        let plugins = self.categories.iter().filter(|(file, _)| is_upstream || !files.contains(&file.as_str()));
        let upstreams = self.upstreams.iter().filter(|(name, _)| !is_upstream || !files.contains(&name.as_str()));
        for (_, other) in plugins.chain(upstreams) {
            taken.claim(other)?;
        }
        taken.claim(category)
    }

    /// Plugins, and then mounted servers.
    fn all(&self) -> impl Iterator<Item = &Arc<Category>> {
        self.categories.values().chain(self.upstreams.values())
    }

    /// Notes which tools of `before` are there no more.
    pub(crate) fn record_removed(&mut self, before: &Category) {
        let there = |name: &str| {
            let all = self.categories.values().chain(self.upstreams.values());
            all.flat_map(|category| &category.tools).any(|tool| tool.descriptor.name == name)
        };
        self.gone.retain(|gone| !there(&gone.name));
        let lost: Vec<_> = before.tools.iter().map(|tool| &tool.descriptor.name).filter(|name| !there(name)).collect();
        for name in lost {
            self.gone.push_back(Tombstone { name: name.clone(), category: before.name.clone() });
        }
        while self.gone.len() > MAX_GONE {
            self.gone.pop_front();
        }
    }
}

/// Built whole, then only read.
pub(crate) struct Snapshot {
    pub(crate) parts: Parts,
    pub(crate) categories: BTreeMap<Arc<str>, Arc<Category>>,
    /// Sorted by name.
    pub(crate) tools: Vec<Arc<Tool>>,
    by_name: HashMap<String, Named>,
    pub(crate) index: Index,
    pub(crate) rejected: Vec<Rejected>,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("categories", &self.categories.keys()).finish_non_exhaustive()
    }
}

impl Snapshot {
    /// Of parts whose names do not collide.
    pub(crate) fn of(parts: Parts) -> Self {
        let categories: BTreeMap<_, _> =
            parts.all().map(|category| (category.name.clone(), category.clone())).collect();
        let mut tools: Vec<_> = categories.values().flat_map(|category| category.tools.iter().cloned()).collect();
        tools.sort_by(|a, b| a.descriptor.name.cmp(&b.descriptor.name));
        let by_name = tools.iter().flat_map(Named::all).collect();
        let rejected = parts.rejected.values().cloned().collect();
        Self { index: Index::build(&tools), parts, categories, tools, by_name, rejected }
    }

    /// Takes the categories in their order; one that collides with an earlier one, or with a tool of the host's own, is left
    /// out, whole, and answered.
    pub(crate) fn build(
        own: Arc<[String]>,
        candidates: Vec<Category>,
        rejected: Vec<Rejected>,
    ) -> (Self, Vec<Rejected>) {
        let (mut taken, mut collided) = (NameRegistry::by_the_host(&own), Vec::new());
        let mut parts = Parts { own, ..Parts::default() };
        for category in candidates {
            match taken.claim(&category) {
                Ok(()) => {
                    parts.categories.insert(category.file.clone(), Arc::new(category));
                }
                Err(taken) => {
                    collided.push(Rejected::now(category.file, RejectCode::NameCollision, taken.to_string()));
                }
            }
        }
        let all = rejected.into_iter().chain(collided.iter().cloned());
        parts.rejected = all.map(|rejected| (rejected.file.clone(), rejected)).collect();
        (Self::of(parts), collided)
    }

    /// The tool of this name or alias.
    pub(crate) fn named(&self, name: &str) -> Option<&Named> {
        self.by_name.get(name)
    }

    /// The tool of this name or alias.
    pub(crate) fn tool(&self, name: &str) -> Option<&Arc<Tool>> {
        self.named(name).map(|named| &named.tool)
    }
}

/// What a name stands for.
pub(crate) struct Named {
    pub(crate) tool: Arc<Tool>,
    /// The alias that it is, if it is one.
    pub(crate) alias: Option<Arc<ToolAlias>>,
}

impl Named {
    fn all(tool: &Arc<Tool>) -> impl Iterator<Item = (String, Self)> {
        let own = (tool.descriptor.name.clone(), Self { tool: tool.clone(), alias: None });
        let alias =
            |alias: &Arc<ToolAlias>| (alias.name.to_string(), Self { tool: tool.clone(), alias: Some(alias.clone()) });
        std::iter::once(own).chain(tool.aliases.iter().map(alias))
    }
}

/// A category, tool, prompt or resource has the name of another plugin's, or of a meta-tool.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} of {claimant} is already taken by {owner}{remedy}")]
pub struct NameTaken {
    name: String,
    claimant: String,
    owner: String,
    remedy: String,
}

/// Who has which name, as it stands in the reason.
struct NameRegistry(HashMap<String, String>);

impl NameRegistry {
    fn by_the_host(tools: &[String]) -> Self {
        let owner = |name: &String| format!("meta-tool `{name}` of this host");
        Self(tools.iter().map(|name| (format!("tool `{name}`"), owner(name))).collect())
    }

    fn claim(&mut self, category: &Category) -> Result<(), NameTaken> {
        let plugin = &category.plugin_name;
        let (claimant, rename) = match &category.backend {
            Backend::Plugin(_) => (
                format!("plugin `{plugin}`"),
                format!("; rename it with `plugins.prefixes` or `plugins.aliases` of `{plugin}`"),
            ),
            Backend::Upstream(_) => (
                format!("upstream `{plugin}`"),
                format!("; rename it with `upstreams.{plugin}.prefix` or `upstreams.{plugin}.rename`"),
            ),
        };
        let aliases = category.tools.iter().flat_map(|tool| &tool.aliases);
        let names: Vec<(String, &str)> = std::iter::once((format!("category `{}`", category.name), ""))
            .chain(category.tools.iter().map(|tool| (format!("tool `{}`", tool.descriptor.name), rename.as_str())))
            .chain(aliases.map(|alias| (format!("tool `{}`", alias.name), "")))
            .chain(category.prompts.iter().map(|prompt| (format!("prompt `{}`", prompt.name), "")))
            .chain(category.resources.iter().map(|resource| (format!("resource `{}`", resource.uri), "")))
            .collect();
        for (name, remedy) in &names {
            if let Some(owner) = self.0.get(name) {
                let (name, owner) = (name.clone(), owner.clone());
                return Err(NameTaken { name, claimant, owner, remedy: (*remedy).to_owned() });
            }
        }
        let mut own = HashSet::new();
        if let Some((name, remedy)) = names.iter().find(|(name, _)| !own.insert(name)) {
            let owner = "another of its tools".to_owned();
            return Err(NameTaken { name: name.clone(), claimant, owner, remedy: (*remedy).to_owned() });
        }
        self.0.extend(names.into_iter().map(|(name, _)| (name, claimant.clone())));
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
