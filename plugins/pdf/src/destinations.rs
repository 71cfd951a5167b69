//! Where links and bookmarks lead.

use std::collections::{HashMap, HashSet};

use lopdf::{Dictionary, Object, ObjectId};

use crate::{
    fault::{Fault, Result},
    limits::{MAX_NAME_NODES, MAX_NAMES},
    pdf::{Source, text_of},
};

/// What a bookmark leads to.
#[derive(Debug, Default)]
pub(crate) struct Target {
    /// The page, from 1.
    pub(crate) page: Option<usize>,
    /// An address on the web, or another file.
    pub(crate) uri: Option<String>,
}

/// The destinations of a document.
pub(crate) struct Destinations<'a> {
    source: &'a Source,
    numbers: HashMap<ObjectId, usize>,
    named: HashMap<&'a [u8], &'a Object>,
}

impl<'a> Destinations<'a> {
    pub(crate) fn new(source: &'a Source) -> Result<Self> {
        let numbers = source.pages()?.into_iter().zip(1..).collect();
        let mut destinations = Self { source, numbers, named: HashMap::new() };
        destinations.read_names()?;
        Ok(destinations)
    }

    /// Where a bookmark leads.
    pub(crate) fn target(&self, bookmark: &Dictionary) -> Target {
        if let Some(destination) = self.source.get(bookmark, b"Dest") {
            return Target { page: self.page(destination), uri: None };
        }
        let Some(action) = self.source.get(bookmark, b"A").and_then(|action| action.as_dict().ok()) else {
            return Target::default();
        };
        let kind = self.source.get(action, b"S").and_then(|kind| kind.as_name().ok());
        match kind {
            Some(b"GoTo") => Target { page: self.source.get(action, b"D").and_then(|to| self.page(to)), uri: None },
            Some(b"URI") => Target { page: None, uri: self.source.get(action, b"URI").and_then(text_of) },
            Some(b"GoToR" | b"Launch") => Target { page: None, uri: self.source.get(action, b"F").and_then(text_of) },
            _ => Target::default(),
        }
    }

    /// The number of the page of a destination, or of what its name stands for.
    fn page(&self, destination: &Object) -> Option<usize> {
        let named = match destination {
            Object::Name(name) => *self.named.get(name.as_slice())?,
            Object::String(name, _) => *self.named.get(name.as_slice())?,
            other => other,
        };
        let array = match named {
            Object::Array(array) => array,
            Object::Dictionary(dictionary) => self.source.get(dictionary, b"D")?.as_array().ok()?,
            _ => return None,
        };
        match array.first()? {
            Object::Reference(page) => self.numbers.get(page).copied(),
            // Some writers give the number of the page, from 0.
            Object::Integer(index) => {
                usize::try_from(*index).ok()?.checked_add(1).filter(|page| *page <= self.numbers.len())
            }
            _ => None,
        }
    }

    fn read_names(&mut self) -> Result<()> {
        let source = self.source;
        let Ok(catalog) = source.document.catalog() else { return Ok(()) };
        let dictionary = |within: &'a Dictionary, key: &[u8]| source.get(within, key)?.as_dict().ok();
        // Files before PDF 1.2 have a dictionary, later ones a tree.
        if let Some(old) = dictionary(catalog, b"Dests") {
            for (name, destination) in old.iter().take(MAX_NAMES) {
                if let Ok((_, destination)) = source.document.dereference(destination) {
                    self.named.insert(name, destination);
                }
            }
        }
        let Some(root) = dictionary(catalog, b"Names").and_then(|names| dictionary(names, b"Dests")) else {
            return Ok(());
        };
        let (mut nodes, mut seen, mut count) = (vec![root], HashSet::new(), 0);
        while let Some(node) = nodes.pop() {
            count += 1;
            if count > MAX_NAME_NODES || self.named.len() > MAX_NAMES {
                return Err(Fault::Limit(format!(
                    "`{}` has more than {MAX_NAMES} named destinations or {MAX_NAME_NODES} nodes of them, the bound of a document",
                    source.path
                )));
            }
            if let Some(Ok(names)) = source.get(node, b"Names").map(Object::as_array) {
                self.read_leaf(names);
            }
            let Some(Ok(kids)) = source.get(node, b"Kids").map(Object::as_array) else { continue };
            let fresh = kids.iter().filter_map(|kid| kid.as_reference().ok()).filter(|id| seen.insert(*id));
            nodes.extend(fresh.filter_map(|id| source.document.get_dictionary(id).ok()));
        }
        Ok(())
    }

    fn read_leaf(&mut self, names: &'a [Object]) {
        for [name, destination] in names.as_chunks::<2>().0 {
            if let (Ok(name), Ok((_, destination))) = (name.as_str(), self.source.document.dereference(destination)) {
                self.named.insert(name, destination);
            }
        }
    }
}
