//! One plugin after another is replaced while the others serve.
//!
//! Each change makes a new snapshot beside the one that is read, and puts it in its place at once. What it displaces
//! is answered: whoever changes the catalog lets those versions finish their calls. Clients are notified of lists that are
//! different afterwards, and only of those.

use std::sync::{Arc, PoisonError};

use tandem_engine::EntryKind;

use crate::{
    Canary, CanaryCriteria, Catalog, Category, Change, PluginStatus, RejectCode, Rejected,
    canary::same_tool,
    snapshot::{NameTaken, Parts, Snapshot},
    status,
};

/// Versions that serve no new calls.
pub type Displaced = Vec<Arc<Category>>;

impl Catalog {
    /// Serves a category from now on: in the place of what its file, and the file `instead`, had before.
    ///
    /// # Errors
    /// One of its names is another plugin's. Nothing has changed then.
    pub fn swap(&self, category: Category, instead: Option<&str>) -> Result<Displaced, NameTaken> {
        self.change(|parts| {
            parts.free_for(&category, &[&category.file, instead.unwrap_or(&category.file)])?;
            Ok(put(parts, Arc::new(category), instead))
        })
    }

    /// Serves nothing of a file any more.
    pub fn unload(&self, file: &str) -> Displaced {
        self.change_always(|parts| {
            parts.rejected.remove(file);
            let Some(before) = parts.categories.remove(file) else { return Vec::new() };
            let canary = parts.canaries.remove(&before.name);
            parts.record_removed(&before);
            canary.map(|canary| canary.category.clone()).into_iter().chain([before]).collect()
        })
    }

    /// Forgets why a file is not served: what it has now is what serves.
    pub fn accept(&self, file: &str) {
        if self.snapshot.load().parts.rejected.contains_key(file) {
            self.change_always(|parts| drop(parts.rejected.remove(file)));
        }
    }

    /// Why a file is not served as it is, if it is not.
    #[must_use]
    pub fn rejection(&self, file: &str) -> Option<Rejected> {
        self.snapshot.load().parts.rejected.get(file).cloned()
    }

    /// Notes why a file is not served as it is. What it had before goes on.
    pub fn reject(&self, rejected: Rejected) {
        self.change_always(|parts| drop(parts.rejected.insert(rejected.file.clone(), rejected)));
    }

    /// Starts a canary beside what its file has now. It is answered back where there is nothing to compare it
    /// with: another category, or no tool that is the same in both.
    ///
    /// # Errors
    /// One of its names is another plugin's. Nothing has changed then.
    pub fn start_canary(
        &self,
        category: Category,
        criteria: CanaryCriteria,
    ) -> Result<Result<Displaced, Box<Category>>, NameTaken> {
        self.change(|parts| {
            parts.free_for(&category, &[&category.file])?;
            let comparable = parts.categories.get(&category.file).is_some_and(|old| {
                old.name == category.name && old.tools.iter().any(|tool| same_tool(&category, tool).is_some())
            });
            if !comparable {
                return Ok(Err(Box::new(category)));
            }
            parts.rejected.remove(&category.file);
            let (name, canary) = (category.name.clone(), Canary::new(Arc::new(category), criteria));
            let before = parts.canaries.insert(name, Arc::new(canary));
            Ok(Ok(before.map(|canary| canary.category.clone()).into_iter().collect()))
        })
    }

    /// The canaries.
    #[must_use]
    pub fn canaries(&self) -> Vec<Arc<Canary>> {
        self.snapshot.load().parts.canaries.values().cloned().collect()
    }

    /// Promotes a canary; none if it is not a canary any more.
    ///
    /// # Errors
    /// One of its names is another plugin's by now. It stays a canary.
    pub fn promote(&self, canary: &Canary) -> Result<Option<Displaced>, NameTaken> {
        self.change(|parts| {
            let new = &canary.category;
            if !is_current(parts, canary) {
                return Ok(None);
            }
            parts.free_for(new, &[&new.file])?;
            parts.canaries.remove(&new.name);
            Ok(Some(put(parts, new.clone(), None)))
        })
    }

    /// Rolls a canary back; false if it had ended before.
    pub fn roll_back(&self, canary: &Canary, reason: String) -> bool {
        self.change_always(|parts| {
            let there = is_current(parts, canary);
            if there {
                parts.canaries.remove(&canary.category.name);
                let file = canary.category.file.clone();
                parts.rejected.insert(file.clone(), Rejected::now(file, RejectCode::RolledBack, reason));
            }
            there
        })
    }

    /// Every plugin file, by name.
    #[must_use]
    pub fn plugins(&self) -> Vec<PluginStatus> {
        status::of(&self.snapshot.load())
    }

    /// What serves of a file, and its canary.
    #[must_use]
    pub fn of_file(&self, file: &str) -> (Option<Arc<Category>>, Option<Arc<Canary>>) {
        let snapshot = self.snapshot.load();
        let serving = snapshot.parts.categories.get(file).cloned();
        let canary = serving.as_ref().and_then(|category| snapshot.parts.canaries.get(&category.name)).cloned();
        (serving, canary)
    }

    pub(crate) fn change_always<T>(&self, change: impl FnOnce(&mut Parts) -> T) -> T {
        let always = self.change(|parts| Ok::<_, std::convert::Infallible>(change(parts)));
        match always {
            Ok(result) => result,
        }
    }

    pub(crate) fn change<T, E>(&self, change: impl FnOnce(&mut Parts) -> Result<T, E>) -> Result<T, E> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.snapshot.load_full();
        let mut parts = before.parts.clone();
        let result = change(&mut parts)?;
        let next = Snapshot::of(parts);
        let news = different(&before, &next);
        self.put(next, news);
        Ok(result)
    }

    pub(crate) fn put(&self, next: Snapshot, news: Vec<Change>) {
        let next = Arc::new(next);
        self.snapshot.store(next.clone());
        self.hidden.rcu(|hidden| hidden.of_those(|kind, name| is_there(&next, kind, name)));
        self.generation.fetch_add(1, std::sync::atomic::Ordering::AcqRel);
        for change in news {
            drop(self.changes.send(change));
        }
    }
}

/// Puts a category where its file's was.
fn put(parts: &mut Parts, category: Arc<Category>, instead: Option<&str>) -> Displaced {
    let file = category.file.clone();
    let mut displaced: Displaced = Vec::new();
    for old in [Some(file.as_str()), instead].into_iter().flatten() {
        parts.rejected.remove(old);
        displaced.extend(parts.categories.remove(old));
    }
    for name in displaced.iter().map(|old| old.name.clone()).collect::<Vec<_>>() {
        displaced.extend(parts.canaries.remove(&name).map(|canary| canary.category.clone()));
    }
    parts.categories.insert(file, category);
    for old in &displaced {
        parts.record_removed(old);
    }
    displaced
}

fn is_current(parts: &Parts, canary: &Canary) -> bool {
    let current = parts.canaries.get(&canary.category.name);
    current.is_some_and(|current| Arc::ptr_eq(&current.category, &canary.category))
}

fn is_there(snapshot: &Snapshot, kind: EntryKind, name: &str) -> bool {
    let mut categories = snapshot.categories.values();
    match kind {
        EntryKind::Tool => snapshot.tool(name).is_some(),
        EntryKind::Prompt => categories.any(|category| category.prompts.iter().any(|prompt| prompt.name == name)),
        EntryKind::Resource => categories.any(|category| category.resources.iter().any(|r| r.uri == name)),
    }
}

/// The lists that are not the same in both.
fn different(before: &Snapshot, after: &Snapshot) -> Vec<Change> {
    let of = |snapshot: &Snapshot| snapshot.categories.values().cloned().collect::<Vec<_>>();
    let (old, new) = (of(before), of(after));
    let differ = |same: fn(&Category, &Category) -> bool| {
        old.len() != new.len() || old.iter().zip(&new).any(|(a, b)| a.name != b.name || !same(a, b))
    };
    let tools = differ(|a, b| a.tools.iter().map(|t| &t.descriptor).eq(b.tools.iter().map(|t| &t.descriptor)));
    let prompts = differ(|a, b| a.prompts == b.prompts);
    let resources = differ(|a, b| a.resources == b.resources && a.resource_templates == b.resource_templates);
    let change = |differ: bool, change: Change| differ.then_some(change);
    [
        change(tools, Change::Tools { tenant: None }),
        change(prompts, Change::Prompts { tenant: None }),
        change(resources, Change::Resources { tenant: None }),
    ]
    .into_iter()
    .flatten()
    .collect()
}
