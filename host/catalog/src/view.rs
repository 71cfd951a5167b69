//! What one caller sees: a snapshot less what is hidden from the tenant. Listing and calling use the same view.

use std::sync::Arc;

use tandem_engine::EntryKind;
use tandem_package::{PromptDescriptor, ResourceDescriptor, ResourceTemplate, ToolAlias};
use tandem_types::Access;

use crate::{
    Backend, Canary, Category, Rejected, Selection, Tool,
    hidden::Hidden,
    names,
    search::LEAST_SHARE,
    snapshot::{Snapshot, template_matches},
};

/// What became of a tool that was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovedTool {
    /// Its category.
    pub category: Arc<str>,
    /// The category's version now; none when it is there no more.
    pub version: Option<String>,
    /// The tools of that category that may be meant, best first.
    pub near: Vec<String>,
}

/// A tool as one call uses it: all of one snapshot.
#[derive(Clone, Debug)]
pub struct ResolvedTool {
    /// The tool of the version that serves.
    pub tool: Arc<Tool>,
    /// Its category.
    pub category: Arc<Category>,
    /// The canary beside it.
    pub canary: Option<Arc<Canary>>,
    /// The alias by which it was found, if it was one.
    pub alias: Option<Arc<ToolAlias>>,
}

/// Cheap to make and to clone.
#[derive(Clone, Debug)]
pub struct View {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) hidden: Arc<Hidden>,
    pub(crate) tenant: Arc<str>,
    pub(crate) access: Access,
    pub(crate) network: bool,
    /// Whether it is the host's own: nothing is kept from it.
    pub(crate) everybody: bool,
    pub(crate) selection: Option<Arc<dyn Selection>>,
    pub(crate) generation: u64,
}

impl View {
    fn shows(&self, kind: EntryKind, name: &str) -> bool {
        !self.hidden.hides(&self.tenant, kind, name)
    }

    /// Whether a backend is there for the tenant at all.
    fn admits(&self, backend: &Backend) -> bool {
        self.everybody || backend.admits(&self.tenant)
    }

    fn shows_tool(&self, tool: &Tool) -> bool {
        self.may_use(tool) && !self.lacks_network_for(&tool.category)
    }

    fn may_use(&self, tool: &Tool) -> bool {
        let name = &tool.descriptor.name;
        self.admits(&tool.backend)
            && self.selects(tool)
            && self.shows(EntryKind::Tool, name)
            && (self.access.is_everything() || self.access.tool(&tool.category, name))
    }

    fn selects(&self, tool: &Tool) -> bool {
        self.selection.as_ref().is_none_or(|selection| selection.has_tool(tool))
    }

    /// The part of it that was chosen.
    #[must_use]
    pub fn select(self, selection: Arc<dyn Selection>) -> Self {
        Self { selection: Some(selection), ..self }
    }

    /// Whether a category is of no use here because there is no network of hosts.
    fn lacks_network_for(&self, category: &str) -> bool {
        !self.network && self.snapshot.categories.get(category).is_some_and(|category| category.requires_p2p)
    }

    /// A category is there when all of it is, or one of its tools.
    fn shows_category(&self, category: &Category) -> bool {
        self.may_see(category) && !self.lacks_network_for(&category.name)
    }

    fn may_see(&self, category: &Category) -> bool {
        if self.selection.is_some() {
            return category.tools.iter().any(|tool| self.may_use(tool));
        }
        self.admits(&category.backend)
            && (self.access.is_everything()
                || self.access.category(&category.name)
                || category.tools.iter().any(|tool| self.access.tool(&category.name, &tool.descriptor.name)))
    }

    /// How many plugins are still being compiled, whose tools may be new.
    #[must_use]
    pub fn compiling(&self) -> usize {
        self.snapshot.rejected.iter().filter(|rejected| rejected.is_compiling()).count()
    }

    /// All tools, sorted by name.
    pub fn tools(&self) -> impl Iterator<Item = &Arc<Tool>> {
        self.snapshot.tools.iter().filter(|tool| self.shows_tool(tool))
    }

    /// One tool, by its name or an alias of it.
    #[must_use]
    pub fn tool(&self, name: &str) -> Option<&Arc<Tool>> {
        // Even to look a text of megabytes up takes milliseconds.
        Some(name)
            .filter(|name| !names::is_too_long(name))
            .and_then(|name| self.snapshot.tool(name))
            .filter(|tool| self.shows_tool(tool))
    }

    /// One tool with what a call of it needs.
    #[must_use]
    pub fn resolve(&self, name: &str) -> Option<ResolvedTool> {
        let tool = self.tool(name)?;
        let category = self.snapshot.categories.get(&tool.category)?;
        let canary = self.snapshot.parts.canaries.get(&category.name).cloned();
        let alias = self.snapshot.named(name).and_then(|named| named.alias.clone());
        Some(ResolvedTool { tool: tool.clone(), category: category.clone(), canary, alias })
    }

    /// All categories, sorted by name.
    pub fn categories(&self) -> impl Iterator<Item = &Arc<Category>> {
        self.snapshot.categories.values().filter(|category| self.shows_category(category))
    }

    /// Those whose prompts and resources are there too.
    fn whole_categories(&self) -> impl Iterator<Item = &Arc<Category>> {
        let selects = |name: &str| self.selection.as_ref().is_none_or(|selection| selection.has_category(name));
        let whole = move |category: &&Arc<Category>| {
            self.access.category(&category.name) && self.admits(&category.backend) && selects(&category.name)
        };
        self.snapshot.categories.values().filter(whole).filter(|category| !self.lacks_network_for(&category.name))
    }

    /// One category.
    #[must_use]
    pub fn category(&self, name: &str) -> Option<&Arc<Category>> {
        self.snapshot.categories.get(name).filter(|category| self.shows_category(category))
    }

    /// A category's tools, sorted by name.
    pub fn tools_of<'a>(&'a self, category: &'a Category) -> impl Iterator<Item = &'a Arc<Tool>> {
        category.tools.iter().filter(|tool| self.shows_tool(tool))
    }

    /// All prompts, by category and name.
    pub fn prompts(&self) -> impl Iterator<Item = (&Arc<Category>, &PromptDescriptor)> {
        self.whole_categories()
            .flat_map(|category| category.prompts.iter().map(move |prompt| (category, prompt)))
            .filter(|(_, prompt)| self.shows(EntryKind::Prompt, &prompt.name))
    }

    /// One prompt and its category.
    #[must_use]
    pub fn prompt(&self, name: &str) -> Option<(&Arc<Category>, &PromptDescriptor)> {
        self.prompts().find(|(_, prompt)| prompt.name == name)
    }

    /// All listed resources, by category and URI.
    pub fn resources(&self) -> impl Iterator<Item = (&Arc<Category>, &ResourceDescriptor)> {
        self.whole_categories()
            .flat_map(|category| category.resources.iter().map(move |resource| (category, resource)))
            .filter(|(_, resource)| self.shows(EntryKind::Resource, &resource.uri))
    }

    /// All resource templates, by category.
    pub fn resource_templates(&self) -> impl Iterator<Item = (&Arc<Category>, &ResourceTemplate)> {
        self.whole_categories().flat_map(|category| category.resource_templates.iter().map(move |t| (category, t)))
    }

    /// The category that serves a URI: one that lists it, or one with a template that fits.
    #[must_use]
    pub fn resource_owner(&self, uri: &str) -> Option<&Arc<Category>> {
        if !self.shows(EntryKind::Resource, uri) {
            return None;
        }
        let listed = self.resources().find(|(_, resource)| resource.uri == uri).map(|(category, _)| category);
        listed.or_else(|| {
            self.resource_templates()
                .find(|(_, t)| template_matches(&t.uri_template, uri))
                .map(|(category, _)| category)
        })
    }

    /// The tools that fit a query, best first, without those that are far behind the best.
    #[must_use]
    pub fn search(&self, query: &str, limit: usize) -> Vec<(Arc<Tool>, f32)> {
        let mut least = None;
        self.snapshot
            .index
            .search(query)
            .into_iter()
            .filter_map(|(i, score)| Some((self.snapshot.tools.get(i)?, score)))
            .filter(|(tool, _)| self.shows_tool(tool))
            .take_while(|(_, score)| *score >= *least.get_or_insert(score * LEAST_SHARE))
            .take(limit)
            .map(|(tool, score)| (tool.clone(), score))
            .collect()
    }

    /// Whether the best that fits a query is not shown because there is no network of hosts.
    #[must_use]
    pub fn search_lacks_network(&self, query: &str) -> bool {
        let found = if self.network { Vec::new() } else { self.snapshot.index.search(query) };
        let mut fit =
            found.into_iter().filter_map(|(i, _)| self.snapshot.tools.get(i)).filter(|tool| self.may_use(tool));
        fit.next().is_some_and(|tool| self.lacks_network_for(&tool.category))
    }

    /// Whether there is such a tool, which is not shown because there is no network of hosts.
    #[must_use]
    pub fn tool_lacks_network(&self, name: &str) -> bool {
        let tool = Some(name).filter(|name| !names::is_too_long(name)).and_then(|name| self.snapshot.tool(name));
        tool.is_some_and(|tool| self.may_use(tool) && self.lacks_network_for(&tool.category))
    }

    /// The same of a category.
    #[must_use]
    pub fn category_lacks_network(&self, name: &str) -> bool {
        let category = self.snapshot.categories.get(name);
        category.is_some_and(|category| self.may_see(category) && self.lacks_network_for(name))
    }

    /// Names of tools that are near one that is not there.
    #[must_use]
    pub fn near_tools(&self, name: &str) -> Vec<String> {
        names::near(name, self.tools().map(|tool| tool.descriptor.name.as_str()))
    }

    /// What became of a tool that was there, and is not.
    #[must_use]
    pub fn vanished(&self, name: &str) -> Option<RemovedTool> {
        if names::is_too_long(name) {
            return None;
        }
        let gone = self.snapshot.parts.gone.iter().rev().find(|gone| gone.name == name)?;
        if self.snapshot.tool(name).is_some()
            || !(self.access.is_everything() || self.access.tool(&gone.category, name))
        {
            return None;
        }
        let category = self.category(&gone.category);
        let there = || category.into_iter().flat_map(|category| self.tools_of(category)).map(|t| &*t.descriptor.name);
        let mut near = names::near(name, there());
        if near.is_empty() {
            near = there().take(names::MAX_NEAR).map(str::to_owned).collect();
        }
        let version = category.map(|category| category.version.clone());
        Some(RemovedTool { category: gone.category.clone(), version, near })
    }

    /// Names of categories that are near one that is not there.
    #[must_use]
    pub fn near_categories(&self, name: &str) -> Vec<String> {
        names::near(name, self.categories().map(|category| &*category.name))
    }

    /// Names of prompts that are near one that is not there.
    #[must_use]
    pub fn near_prompts(&self, name: &str) -> Vec<String> {
        names::near(name, self.prompts().map(|(_, prompt)| prompt.name.as_str()))
    }

    /// The plugins that were left out, and why.
    #[must_use]
    pub fn rejected(&self) -> &[Rejected] {
        &self.snapshot.rejected
    }

    /// What of the catalog is there for the caller: with tenant and generation, a key for rendered lists.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Another number whenever what is visible may be different: a key for rendered lists.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }
}
