//! A feed as it was read: nothing is rendered yet.

use super::model::Format;
use crate::limits::MAX_ENTRIES;

/// A text, which may be HTML.
#[derive(Debug, Default)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) html: bool,
}

/// A file that belongs to an entry.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) url: String,
    pub(crate) media_type: Option<String>,
    pub(crate) bytes: Option<u64>,
}

/// An entry.
#[derive(Debug, Default)]
pub(crate) struct RawEntry {
    pub(crate) id: Option<String>,
    pub(crate) title: Option<Text>,
    pub(crate) link: Option<String>,
    pub(crate) published: Option<String>,
    pub(crate) updated: Option<String>,
    pub(crate) authors: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) summary: Option<Text>,
    pub(crate) content: Option<Text>,
    pub(crate) files: Vec<File>,
}

/// A feed.
#[derive(Debug)]
pub(crate) struct RawFeed {
    pub(crate) format: Format,
    pub(crate) title: Option<Text>,
    pub(crate) description: Option<Text>,
    pub(crate) link: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) updated: Option<String>,
    pub(crate) entries: Vec<RawEntry>,
}

impl RawFeed {
    pub(crate) fn new(format: Format) -> Self {
        Self { format, title: None, description: None, link: None, language: None, updated: None, entries: Vec::new() }
    }

    /// Adds an entry, unless there are too many.
    pub(crate) fn add(&mut self, entry: RawEntry) -> Result<(), String> {
        if self.entries.len() >= MAX_ENTRIES {
            return Err(format!("the feed has more than {MAX_ENTRIES} entries"));
        }
        self.entries.push(entry);
        Ok(())
    }
}

/// Sets what is not set yet: the first of several wins.
pub(crate) fn set<T>(slot: &mut Option<T>, value: T) {
    if slot.is_none() {
        *slot = Some(value);
    }
}

/// Adds a name of an author or a category, unless it is empty or there.
pub(crate) fn name(list: &mut Vec<String>, name: &str) {
    /// Names of one entry: more are no information.
    const MAX_NAMES: usize = 50;
    let name: String = name.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect();
    if !name.is_empty() && list.len() < MAX_NAMES && !list.contains(&name) {
        list.push(name);
    }
}
