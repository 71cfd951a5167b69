//! Reads RSS 0.9 to 2.0 and Atom.

use quick_xml::events::BytesStart;
use tandem_sdk::prelude::*;

use super::model::Format;
use super::raw::{File, RawEntry, RawFeed, Text, name, set};
use crate::limits::MAX_FILES;
use crate::xml::{Node, attribute, walk};

/// A child of a feed or of an entry, while it is read.
#[derive(Debug)]
struct Field {
    name: String,
    /// Elements that are open around it.
    depth: usize,
    /// `type` of Atom, `isPermaLink` of RSS.
    kind: Option<String>,
    plain: String,
    /// As it is written, with its elements.
    source: String,
    has_elements: bool,
    /// The text since the last tag.
    leaf: String,
}

#[derive(Debug, Default)]
struct Reader {
    feed: Option<RawFeed>,
    open: Vec<String>,
    entry: Option<RawEntry>,
    field: Option<Field>,
}

/// The feed of a document; `what` names it in errors.
pub(crate) fn read(what: &str, xml: &str) -> Result<RawFeed> {
    let mut reader = Reader::default();
    walk(what, xml, |node| {
        let done = match node {
            Node::Start { name, element, empty } => reader.start(name, element, empty),
            Node::End { name, empty } => reader.end(name, empty),
            Node::Text { plain, source } => {
                if let Some(field) = &mut reader.field {
                    field.plain.push_str(plain);
                    field.leaf.push_str(plain);
                    field.source.push_str(source);
                }
                Ok(())
            }
        };
        done.map_err(|problem| Error::other(format!("{what}: {problem}")))
    })?;
    reader.feed.ok_or_else(|| Error::other(format!("{what} is not a feed: it has no element")))
}

impl Reader {
    fn start(&mut self, name: &str, element: &BytesStart<'_>, empty: bool) -> Result<(), String> {
        let name = name.strip_prefix("atom:").filter(|_| self.is_atom()).unwrap_or(name);
        let parent = self.open.last().map(String::as_str);
        match (parent, &mut self.field) {
            (None, _) => self.root(name, element)?,
            (_, Some(field)) => {
                field.has_elements = true;
                field.leaf.clear();
                field.source.push_str(&format!("<{}{}>", &**element, if empty { "/" } else { "" }));
                if name == "media:content" {
                    self.file(element, "fileSize");
                }
            }
            (Some(_), None) if matches!(name, "item" | "entry") => self.entry = Some(RawEntry::default()),
            (Some("item" | "entry" | "channel" | "feed"), None) => self.field(name, element),
            _ => {}
        }
        self.open.push(name.to_owned());
        Ok(())
    }

    fn is_atom(&self) -> bool {
        self.feed.as_ref().is_none_or(|feed| feed.format == Format::Atom)
    }

    fn root(&mut self, name: &str, element: &BytesStart<'_>) -> Result<(), String> {
        let format = match name {
            "rss" | "rdf:RDF" => Format::Rss,
            "feed" => Format::Atom,
            _ => return Err(format!("not a feed: its root is `{name}`, not `rss`, `rdf:RDF` or `feed`")),
        };
        let feed = self.feed.insert(RawFeed::new(format));
        feed.language = attribute(element, "xml:lang");
        Ok(())
    }

    fn field(&mut self, name: &str, element: &BytesStart<'_>) {
        let kind = attribute(element, if name == "guid" { "isPermaLink" } else { "type" });
        let atom = self.is_atom();
        match (name, &mut self.entry) {
            ("link", _) if atom => self.atom_link(element),
            ("enclosure", _) => self.file(element, "length"),
            ("media:content", _) => self.file(element, "fileSize"),
            ("category", Some(entry)) => {
                let label = attribute(element, "label").or_else(|| attribute(element, "term"));
                super::raw::name(&mut entry.categories, &label.unwrap_or_default());
            }
            _ => {}
        }
        self.field = Some(Field {
            name: name.to_owned(),
            depth: self.open.len(),
            kind,
            plain: String::new(),
            source: String::new(),
            has_elements: false,
            leaf: String::new(),
        });
    }

    fn atom_link(&mut self, element: &BytesStart<'_>) {
        let Some(href) = attribute(element, "href") else { return };
        match (attribute(element, "rel").as_deref(), &mut self.entry) {
            (None | Some("alternate"), Some(entry)) => set(&mut entry.link, href),
            (None | Some("alternate"), None) => {
                if let Some(feed) = &mut self.feed {
                    set(&mut feed.link, href);
                }
            }
            (Some("enclosure"), Some(entry)) if entry.files.len() < MAX_FILES => {
                let bytes = attribute(element, "length").and_then(|length| length.trim().parse().ok());
                entry.files.push(File { url: href, media_type: attribute(element, "type"), bytes });
            }
            _ => {}
        }
    }

    fn file(&mut self, element: &BytesStart<'_>, size: &str) {
        let (Some(entry), Some(url)) = (&mut self.entry, attribute(element, "url")) else { return };
        if entry.files.len() < MAX_FILES && !entry.files.iter().any(|file| file.url == url) {
            let bytes = attribute(element, size).and_then(|length| length.trim().parse().ok());
            entry.files.push(File { url, media_type: attribute(element, "type"), bytes });
        }
    }

    fn end(&mut self, tag: &str, empty: bool) -> Result<(), String> {
        let closed = self.open.pop().unwrap_or_default();
        match &mut self.field {
            Some(field) if field.depth == self.open.len() => {
                if let Some(field) = self.field.take() {
                    self.finish(field);
                }
            }
            Some(field) => {
                if !empty {
                    field.source.push_str(&format!("</{tag}>"));
                }
                let (leaf, within) = (std::mem::take(&mut field.leaf), field.name.clone());
                self.nested(&within, &closed, &leaf);
            }
            None if matches!(closed.as_str(), "item" | "entry") => {
                if let (Some(entry), Some(feed)) = (self.entry.take(), &mut self.feed) {
                    feed.add(entry)?;
                }
            }
            None => {}
        }
        Ok(())
    }

    /// An element within a field.
    fn nested(&mut self, field: &str, element: &str, text: &str) {
        let Some(entry) = &mut self.entry else { return };
        match (field, element) {
            ("author", "name") => name(&mut entry.authors, text),
            ("media:group", "media:description") => {
                set(&mut entry.summary, Text { text: text.to_owned(), html: false });
            }
            _ => {}
        }
    }

    fn finish(&mut self, field: Field) {
        let atom = self.is_atom();
        let xhtml = atom && field.kind.as_deref() == Some("xhtml");
        let escaped = !atom || matches!(field.kind.as_deref(), Some("html" | "text/html"));
        // Some publishers forget to escape their HTML.
        let text = if field.has_elements { &field.source } else { &field.plain };
        let title = !field.has_elements && field.name == "title" && !atom;
        let escaped = if title { is_marked(&field.plain) } else { escaped };
        let text = || Text { text: text.trim().to_owned(), html: xhtml || escaped || field.has_elements };
        let plain = field.plain.trim();
        let value = || plain.to_owned();
        if plain.is_empty() && !field.has_elements {
            return;
        }
        let Some(entry) = &mut self.entry else {
            let Some(feed) = &mut self.feed else { return };
            match field.name.as_str() {
                "title" => set(&mut feed.title, text()),
                "description" | "subtitle" | "tagline" => set(&mut feed.description, text()),
                "link" if !atom => set(&mut feed.link, value()),
                "language" | "dc:language" => set(&mut feed.language, value()),
                "lastBuildDate" | "updated" | "modified" | "pubDate" | "dc:date" => set(&mut feed.updated, value()),
                _ => {}
            }
            return;
        };
        match field.name.as_str() {
            "title" => set(&mut entry.title, text()),
            // Better than a `guid` that was before it.
            "link" if !atom => entry.link = Some(value()),
            "guid" | "id" => {
                if field.name == "guid" && field.kind.as_deref() != Some("false") && plain.starts_with("http") {
                    set(&mut entry.link, value());
                }
                set(&mut entry.id, value());
            }
            "pubDate" | "published" | "issued" | "dc:date" => set(&mut entry.published, value()),
            "updated" | "modified" | "dcterms:modified" => set(&mut entry.updated, value()),
            "author" if atom => {}
            "author" | "dc:creator" | "itunes:author" => name(&mut entry.authors, plain),
            "category" | "dc:subject" => name(&mut entry.categories, plain),
            "description" | "summary" | "itunes:summary" => set(&mut entry.summary, text()),
            "content:encoded" | "content" => set(&mut entry.content, text()),
            _ => {}
        }
    }
}

/// Whether a title of RSS, which may be text or HTML, has marks of HTML: `1 <2>` has none.
fn is_marked(title: &str) -> bool {
    title.contains("</") || title.contains("/>") || (title.contains('&') && title.contains(';'))
}
