//! A text as a tree in which every value knows where it was written.

use std::{collections::BTreeMap, ops::Range};

use tandem_types::{text::has_credentials, text::shown};
use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use super::{MAX_DEPTH, MAX_TEXT, ManifestError, depth::too_deep, excerpt::locate};

/// One place that values come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file, with its text as it may be shown.
    File { label: String, text: String },
    /// An environment variable.
    Variable(String),
    /// A flag of the command line, by its key.
    Flag(String),
}

/// Where in the tree's sources a value stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    pub source: usize,
    pub span: Range<usize>,
}

/// One value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub value: Value,
    pub place: Location,
    /// Where its key stands; the same as `place` where there is none.
    pub key: Location,
    /// It came as bare text (environment, flag, reference), so that numbers and lists are read from text.
    pub loose: bool,
    /// How it was written, when it was written with `${…}`.
    pub reference: Option<String>,
    /// All of its text came from outside the configuration: from the environment or through one `${…}`.
    pub indirect: bool,
    /// Its reference could not be resolved; that is reported already, and the node is read as if it were not
    /// there.
    pub failed: bool,
}

/// The content of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
    Bool(bool),
    Datetime,
    List(Vec<Node>),
    Table(BTreeMap<String, Node>),
}

/// One step down a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Key(String),
    Index(usize),
}

/// A tree with the sources of its places, and what is wrong with its syntax.
#[derive(Clone, Debug)]
pub struct Tree {
    pub root: Node,
    pub sources: Vec<Source>,
    pub errors: Vec<ManifestError>,
}

impl Tree {
    /// An empty tree.
    pub fn empty() -> Self {
        Self {
            root: Node::new(Value::Table(BTreeMap::new()), Location::default()),
            sources: Vec::new(),
            errors: vec![],
        }
    }

    /// The tree of a TOML text; what can be read of a broken one. Clear text under `secret` keys is masked
    /// in everything that errors show.
    pub fn parse(label: &str, text: &str, secret: fn(&str) -> bool) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.len() > MAX_TEXT {
            let message = format!("the text has {} bytes; the limit is {MAX_TEXT}", text.len());
            return Self::refused(label, &Location::default(), message);
        }
        if let Some(span) = too_deep(text) {
            let message = format!("values are nested deeper than {MAX_DEPTH} levels; write the inner ones flat");
            return Self::refused(label, &Location { source: 0, span }, message);
        }
        let mut tree = Self::empty();
        let (table, problems) = DeTable::parse_recoverable(text);
        tree.root.value = table_value(table.get_ref());
        let mut masked = text.to_owned();
        mask(&tree.root, false, secret, &mut masked);
        mask_broken_lines(&mut masked, problems.iter().filter_map(toml::de::Error::span), secret);
        tree.sources.push(Source::File { label: label.to_owned(), text: masked });
        for problem in problems {
            let place = Location { source: 0, span: problem.span().unwrap_or_default() };
            tree.errors.push(tree.error_at(&place, lowercase(problem.message()), None));
        }
        tree
    }

    /// A tree of a text that is not read. The error shows none of the text.
    fn refused(label: &str, place: &Location, message: String) -> Self {
        let mut tree = Self::empty();
        tree.sources.push(Source::File { label: label.to_owned(), text: String::new() });
        tree.errors.push(tree.error_at(place, message, None));
        tree
    }

    /// An error at a place of this tree.
    pub fn error_at(&self, place: &Location, message: String, help: Option<String>) -> ManifestError {
        let plain = |file_label| ManifestError {
            file_label,
            line: 0,
            column: 0,
            message: String::new(),
            help: None,
            excerpt: None,
        };
        let base = match self.sources.get(place.source) {
            Some(Source::File { label, text }) => {
                let (line, column, excerpt) = locate(text, &place.span);
                ManifestError { line, column, excerpt: Some(excerpt), ..plain(label.clone()) }
            }
            Some(Source::Variable(name)) => plain(format!("environment variable {}", shown(name))),
            Some(Source::Flag(key)) => plain(format!("flag {}", shown(key))),
            None => plain("built-in values".to_owned()),
        };
        ManifestError { message, help, ..base }
    }

    /// Takes a value out with an error at its key, so that it is not reported as something else too. Nothing where there is
    /// none.
    pub fn refuse(&mut self, way: &[Step], message: String, help: String) {
        let Some(place) = self.root.get(way).map(|node| node.key.clone()) else { return };
        self.root.remove(way);
        let error = self.error_at(&place, message, Some(help));
        self.errors.push(error);
    }

    /// Sets a text at a path of keys, above whatever is there. A key that differs only in case or in `_`
    /// for `-` from one that is there is that one, since the environment cannot spell them apart.
    pub fn overlay(&mut self, path: &[String], text: String, source: Source) {
        let place = Location { source: self.sources.len(), span: 0..0 };
        let indirect = matches!(source, Source::Variable(_));
        self.sources.push(source);
        let mut node = &mut self.root;
        for key in path {
            if !matches!(node.value, Value::Table(_)) {
                *node = Node::new(Value::Table(BTreeMap::new()), place.clone());
            }
            let Value::Table(table) = &mut node.value else { return };
            let same = |other: &&String| other.replace('_', "-").eq_ignore_ascii_case(&key.replace('_', "-"));
            let key = table.keys().find(same).unwrap_or(key).clone();
            node = table.entry(key).or_insert_with(|| Node::new(Value::Table(BTreeMap::new()), place.clone()));
        }
        *node = Node { loose: true, indirect, ..Node::new(Value::Text(text), place) };
    }
}

impl Node {
    /// A value that stands there.
    pub fn new(value: Value, place: Location) -> Self {
        Self { value, key: place.clone(), place, loose: false, reference: None, indirect: false, failed: false }
    }

    /// The node at the end of `path`.
    pub fn get(&self, path: &[Step]) -> Option<&Self> {
        path.iter().try_fold(self, |node, step| match (&node.value, step) {
            (Value::Table(table), Step::Key(key)) => table.get(key),
            (Value::List(list), Step::Index(index)) => list.get(*index),
            _ => None,
        })
    }

    /// The last node of `path` that is there, and whether it is the whole path's.
    pub fn nearest(&self, path: &[Step]) -> (&Self, bool) {
        let mut node = self;
        for step in path {
            match node.get(std::slice::from_ref(step)) {
                Some(next) => node = next,
                None => return (node, false),
            }
        }
        (node, true)
    }

    /// Takes out the node at `path`; false when there is none.
    pub fn remove(&mut self, path: &[Step]) -> bool {
        let Some((last, above)) = path.split_last() else { return false };
        let mut node = self;
        for step in above {
            let next = match (&mut node.value, step) {
                (Value::Table(table), Step::Key(key)) => table.get_mut(key),
                (Value::List(list), Step::Index(index)) => list.get_mut(*index),
                _ => None,
            };
            let Some(next) = next else { return false };
            node = next;
        }
        match (&mut node.value, last) {
            (Value::Table(table), Step::Key(key)) => table.remove(key).is_some(),
            (Value::List(list), Step::Index(index)) if *index < list.len() => {
                list.remove(*index);
                true
            }
            _ => false,
        }
    }

    /// Calls `with` for every value that is no table or list.
    pub fn for_each_leaf(&mut self, with: &mut impl FnMut(&mut Self)) {
        match &mut self.value {
            Value::List(list) => list.iter_mut().for_each(|node| node.for_each_leaf(with)),
            Value::Table(table) => table.values_mut().for_each(|node| node.for_each_leaf(with)),
            _ => with(self),
        }
    }
}

/// Reads bare text as a TOML value: how environment and flags give lists and tables.
pub(crate) fn loose_value(text: &str) -> Option<Value> {
    let text = Some(text.trim()).filter(|text| text.len() <= MAX_TEXT && too_deep(text).is_none())?;
    DeValue::parse(text).ok().map(|value| node(&value, None).value)
}

fn node(value: &Spanned<DeValue<'_>>, key: Option<Range<usize>>) -> Node {
    let place = Location { source: 0, span: value.span() };
    let key = key.map_or_else(|| place.clone(), |span| Location { source: 0, span });
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.clone().into_owned()),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Datetime(_) => Value::Datetime,
        DeValue::Float(float) => Value::Float(float.as_str().parse().unwrap_or(f64::NAN)),
        // One that is too large for any key of ours stays a number that is out of every range.
        DeValue::Integer(integer) => {
            Value::Integer(i64::from_str_radix(integer.as_str(), integer.radix()).unwrap_or(i64::MIN))
        }
        DeValue::Array(array) => Value::List(array.iter().map(|value| node(value, None)).collect()),
        DeValue::Table(table) => table_value(table),
    };
    Node { key, ..Node::new(value, place) }
}

fn table_value(table: &DeTable<'_>) -> Value {
    let entry = |(key, value): (&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)| {
        (key.get_ref().clone().into_owned(), node(value, Some(key.span())))
    };
    Value::Table(table.iter().map(entry).collect())
}

/// Overwrites, byte for byte, every clear text that stands under a secret key.
fn mask(node: &Node, under_secret: bool, secret: fn(&str) -> bool, text: &mut String) {
    match &node.value {
        Value::Table(table) => {
            table.iter().for_each(|(key, node)| mask(node, under_secret || secret(key), secret, text));
        }
        Value::List(list) => list.iter().for_each(|node| mask(node, under_secret, secret, text)),
        Value::Text(value) if under_secret && !value.contains("${") => stars(text, node.place.span.clone()),
        Value::Text(value) if has_credentials(value) && !value.contains("${") => {
            stars(text, node.place.span.clone());
        }
        Value::Integer(_) | Value::Float(_) if under_secret => stars(text, node.place.span.clone()),
        _ => {}
    }
}

/// Masks the value on a line with broken syntax when the line or its table header names a secret: no tree
/// tells there where the secret begins.
fn mask_broken_lines(text: &mut String, spans: impl Iterator<Item = Range<usize>>, secret: fn(&str) -> bool) {
    let names_secret = |line: &str| {
        line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_')
            .any(|word| !word.is_empty() && secret(word))
    };
    for span in spans {
        let at = text.floor_char_boundary(span.start.min(text.len()));
        let (before, after) = text.split_at(at);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let end = after.find('\n').map_or(text.len(), |newline| at + newline);
        let line = text.get(start..end).unwrap_or_default();
        let header = before.lines().rev().find(|line| line.trim_start().starts_with('[')).unwrap_or_default();
        if names_secret(line) || names_secret(header) {
            let value = line.find('=').map_or(start, |equals| start + equals + 1);
            stars(text, value..end);
        }
    }
}

fn stars(text: &mut String, span: Range<usize>) {
    if let Some(part) = text.get(span.clone()) {
        let covered: String = part.bytes().map(|byte| if byte == b'\n' { '\n' } else { '*' }).collect();
        text.replace_range(span, &covered);
    }
}

fn lowercase(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
