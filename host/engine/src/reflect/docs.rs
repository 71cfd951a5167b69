//! `///` comments of the WIT text, from the custom section `package-docs`.
//!
//! A component's types carry no comments; this section, JSON behind a version byte, is where WIT tools keep them. It is
//! optional and a stranger's text: what cannot be read is no documentation, never an error.

use std::{collections::HashMap, sync::Arc};

use serde::Deserialize;
use wasmparser::Payload;

const SECTION: &str = "package-docs";
/// The versions of the section that have this form.
const VERSIONS: [u8; 2] = [0, 1];
/// Largest section that is read: a package with hundreds of documented functions has less.
const MAX_SECTION: usize = 1 << 20;

/// What a WIT package says about itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Docs {
    worlds: HashMap<String, World>,
    interfaces: HashMap<String, Interface>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct World {
    /// Imports, and exports whose name no import has.
    funcs: HashMap<String, Function>,
    interfaces: HashMap<String, Interface>,
    func_exports: HashMap<String, Function>,
    interface_exports: HashMap<String, Interface>,
}

/// One interface.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Interface {
    funcs: HashMap<String, Function>,
    types: HashMap<String, TypeDocs>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Function {
    Text(Option<String>),
    Record {
        #[serde(default)]
        docs: Option<String>,
    },
}

impl Function {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(docs) | Self::Record { docs } => docs.as_deref(),
        }
    }
}

/// One type: its own comment, and those of its fields, cases or flags.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TypeDocs {
    docs: Option<String>,
    items: HashMap<String, String>,
}

impl TypeDocs {
    pub(crate) fn text(&self) -> Option<Arc<str>> {
        self.docs.as_deref().and_then(trimmed)
    }

    pub(crate) fn item(&self, name: &str) -> Option<Arc<str>> {
        self.items.get(name).and_then(|text| trimmed(text))
    }
}

fn trimmed(text: &str) -> Option<Arc<str>> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.into())
}

impl Interface {
    pub(crate) fn function(&self, name: &str) -> Option<Arc<str>> {
        self.funcs.get(name).and_then(Function::text).and_then(trimmed)
    }

    pub(crate) fn ty(&self, name: &str) -> Option<&TypeDocs> {
        self.types.get(name)
    }
}

impl Docs {
    /// Reads the section of the outermost component, if it has one.
    pub(crate) fn of(component: &[u8]) -> Self {
        let section = crate::outermost::payloads(component).find_map(|payload| match payload {
            Payload::CustomSection(section) if section.name() == SECTION => Some(section.data()),
            _ => None,
        });
        section.and_then(Self::read).unwrap_or_default()
    }

    fn read(section: &[u8]) -> Option<Self> {
        let (version, json) = section.split_first()?;
        if !VERSIONS.contains(version) || json.len() > MAX_SECTION {
            return None;
        }
        serde_json::from_slice(json).ok()
    }

    /// An exported interface by its name: `ns:package/interface@version`, or that of one that a world defines inside.
    pub(crate) fn interface(&self, name: &str) -> Option<&Interface> {
        match name.rsplit_once('/') {
            Some((_, own)) => self.interfaces.get(own.split('@').next().unwrap_or(own)),
            None => self
                .worlds
                .values()
                .find_map(|world| world.interface_exports.get(name).or_else(|| world.interfaces.get(name))),
        }
    }

    /// A function that a world exports itself.
    pub(crate) fn function(&self, name: &str) -> Option<Arc<str>> {
        let of = |world: &World| {
            let function = world.func_exports.get(name).or_else(|| world.funcs.get(name))?;
            function.text().and_then(trimmed)
        };
        self.worlds.values().find_map(of)
    }
}
