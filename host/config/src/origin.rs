//! Where each value of a configuration comes from.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;
use serde_json::Value as Json;
use tandem_document::{Node, Source, Tree, Value};
use tandem_package::Sha256Digest;
use tandem_types::text::REDACTED;

/// The layer that a value comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The default.
    #[default]
    Default,
    /// The file.
    File,
    /// This environment variable.
    Env(String),
    /// A flag of the command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File => f.write_str("file"),
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::Flag => f.write_str("flag"),
        }
    }
}

/// One effective value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfigEntry {
    /// Its dotted key.
    pub key: String,
    /// The value as JSON, or the text with its references as it was written.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// The origins of all values that are not defaults, by dotted key.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Origins(BTreeMap<String, OriginEntry>);

#[derive(Clone, Debug, PartialEq)]
struct OriginEntry {
    origin: Origin,
    /// Of what was read, with its references replaced: tells whether a value changed that is not shown.
    read: Fingerprint,
    /// How it was written, where that holds a reference.
    written: Option<Json>,
}

/// The digest of a value that may be a secret; not shown, since a weak one could be guessed from it.
#[derive(Clone, PartialEq)]
pub(super) struct Fingerprint(Sha256Digest);

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl Origins {
    pub(super) fn new(tree: &Tree) -> Self {
        let mut origins = Self::default();
        origins.collect(tree, &tree.root, "");
        origins
    }

    fn collect(&mut self, tree: &Tree, node: &Node, key: &str) {
        if let Value::Table(table) = &node.value {
            table.iter().for_each(|(name, node)| self.collect(tree, node, &join(key, name)));
            return;
        }
        let origin = match tree.sources.get(node.place.source) {
            Some(Source::File { .. }) => Origin::File,
            Some(Source::Variable(name)) => Origin::Env(name.clone()),
            Some(Source::Flag(_)) => Origin::Flag,
            None => Origin::Default,
        };
        let read = Fingerprint(Sha256Digest::of(plain(node).to_string().as_bytes()));
        let written = has_reference(node).then(|| written(node));
        self.0.insert(key.to_owned(), OriginEntry { origin, read, written });
    }

    /// The origin of a key, or of the value that it is a part of.
    pub(super) fn of(&self, key: &str) -> Origin {
        self.known(key).map(|known| known.origin.clone()).unwrap_or_default()
    }

    fn known(&self, key: &str) -> Option<&OriginEntry> {
        let mut key = key;
        loop {
            if let Some(known) = self.0.get(key) {
                return Some(known);
            }
            key = key.rsplit_once('.')?.0;
        }
    }

    pub(super) fn entries(&self, config: &impl Serialize) -> Vec<ConfigEntry> {
        let mut entries = Vec::new();
        // Our types have text keys and no other source of failure.
        self.flatten("", &serde_json::to_value(config).unwrap_or_default(), &mut entries);
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        entries
    }

    /// The digest of what was read for a key.
    pub(super) fn read(&self, key: &str) -> Option<&Fingerprint> {
        self.known(key).map(|known| &known.read)
    }

    fn flatten(&self, key: &str, value: &Json, entries: &mut Vec<ConfigEntry>) {
        if let Json::Object(object) = value {
            object.iter().for_each(|(name, value)| self.flatten(&join(key, name), value, entries));
            return;
        }
        let written = self.0.get(key).and_then(|known| known.written.as_ref());
        let value = written.unwrap_or(value).to_string();
        entries.push(ConfigEntry { key: key.to_owned(), value, origin: self.of(key) });
    }
}

fn has_reference(node: &Node) -> bool {
    node.reference.is_some()
        || match &node.value {
            Value::List(list) => list.iter().any(has_reference),
            Value::Table(table) => table.values().any(has_reference),
            _ => false,
        }
}

/// A value with its references in place of what they gave.
fn written(node: &Node) -> Json {
    node.reference.as_deref().map_or_else(|| json(node, written), Json::from)
}

/// A value as it is read, secrets and all.
fn plain(node: &Node) -> Json {
    json(node, plain)
}

fn json(node: &Node, inner: fn(&Node) -> Json) -> Json {
    match &node.value {
        Value::Text(text) => Json::from(text.as_str()),
        Value::Integer(number) => Json::from(*number),
        Value::Float(number) => Json::from(*number),
        Value::Bool(value) => Json::from(*value),
        Value::Datetime => Json::Null,
        Value::List(list) => list.iter().map(inner).collect(),
        Value::Table(table) => table.iter().map(|(key, node)| (key.clone(), inner(node))).collect(),
    }
}

/// Names with dots are quoted, as TOML has them.
fn join(key: &str, name: &str) -> String {
    let name = if name.contains('.') { format!("\"{name}\"") } else { name.to_owned() };
    if key.is_empty() { name } else { format!("{key}.{name}") }
}
