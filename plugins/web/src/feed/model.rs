//! What `web_feed` returns.

use tandem_sdk::prelude::*;

/// Which kind of feed it is.
#[output]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// RSS 0.9 to 2.0.
    Rss,
    /// Atom.
    Atom,
    /// JSON Feed.
    Json,
}

/// A file of an entry, as an episode of a podcast.
#[output]
#[derive(Debug)]
pub struct Enclosure {
    /// Where it is, absolute.
    pub url: String,
    /// Its media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub media_type: Option<String>,
    /// Its size, as the feed says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub bytes: Option<u64>,
}

/// An entry.
#[output]
#[derive(Debug)]
pub struct Entry {
    /// Its title; empty if it has none.
    pub title: String,
    /// Where it is, absolute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub url: Option<String>,
    /// What names it in the feed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub id: Option<String>,
    /// When it was published, in UTC, as `2026-01-31T12:00:00Z`; as it was written, if that is no date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub published: Option<String>,
    /// When it was changed, in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub updated: Option<String>,
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<String>,
    /// Categories or tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// The beginning of its text, at most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub summary: Option<String>,
    /// With `content`, its text as Markdown, at most 20000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub content: Option<String>,
    /// Files that belong to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enclosures: Vec<Enclosure>,
}

/// A feed.
#[output]
#[derive(Debug)]
pub struct Feed {
    /// Where it came from, after redirects.
    pub url: String,
    /// `rss`, `atom` or `json`.
    pub format: Format,
    /// Its title; empty if it has none.
    pub title: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub description: Option<String>,
    /// The page that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub link: Option<String>,
    /// Its language, as `en`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub language: Option<String>,
    /// When it was changed, in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub updated: Option<String>,
    /// Entries in the order of the feed, in which the newest are first as a rule.
    pub entries: Vec<Entry>,
    /// How many the feed has.
    pub total: usize,
    /// The `cursor` for the rest; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub next_cursor: Option<String>,
}

impl Entry {
    /// About how many bytes it takes in the answer.
    pub(super) fn size(&self) -> usize {
        let texts = [&self.url, &self.id, &self.published, &self.updated, &self.summary, &self.content];
        let texts = texts.into_iter().flatten().chain(&self.authors).chain(&self.categories).chain([&self.title]);
        let files = self.enclosures.iter().map(|file| file.url.len() + 100);
        texts.map(String::len).sum::<usize>() + files.sum::<usize>() + 200
    }
}
