//! Copies pages, with all that they need, into another document.

use std::collections::{HashMap, HashSet};

use lopdf::{Dictionary, Document, Object, ObjectId, Stream};

use crate::{
    fault::{Fault, Result},
    limits::{MAX_NEW_OBJECTS, MAX_NEW_WEIGHT},
    pdf::Source,
};

/// What a page inherits from the nodes of the page tree above it.
const INHERITED: [&[u8]; 4] = [b"Resources", b"MediaBox", b"CropBox", b"Rotate"];
/// What of a page means nothing in another document: its place in the tree, in the structure and in an article.
const OWN: [&[u8]; 4] = [b"Parent", b"StructParents", b"B", b"PieceInfo"];

/// Bytes that a value takes in memory beside its text.
const VALUE: usize = 64;

/// A document in the making.
pub(crate) struct NewDocument {
    pub(crate) document: Document,
    /// Bytes that its objects take in memory.
    weight: usize,
}

impl NewDocument {
    /// An empty document; objects with numbers up to `reserved` are the caller's.
    pub(crate) fn new(reserved: u32) -> Self {
        let mut document = Document::new();
        document.max_id = reserved;
        Self { document, weight: 0 }
    }

    /// A number for a new object.
    fn fresh(&mut self) -> Result<ObjectId> {
        self.document.max_id += 1;
        if self.document.max_id > MAX_NEW_OBJECTS {
            return Err(Fault::Limit(format!(
                "the new file has more than {MAX_NEW_OBJECTS} objects, the bound of a file: take fewer pages"
            )));
        }
        Ok((self.document.max_id, 0))
    }

    fn weigh(&mut self, bytes: usize) -> Result<()> {
        self.weight = self.weight.saturating_add(bytes).saturating_add(VALUE);
        if self.weight > MAX_NEW_WEIGHT {
            return Err(Fault::Limit(format!(
                "the new file needs more than {MAX_NEW_WEIGHT} bytes of memory, the bound of a file: take fewer pages"
            )));
        }
        Ok(())
    }
}

/// Copies from one document.
pub(crate) struct Copier<'a> {
    source: &'a Source,
    /// All pages of the document; those that are not copied are left out where something leads to them.
    pages: HashSet<ObjectId>,
    known: HashMap<ObjectId, ObjectId>,
    /// Objects that were met and are still to be copied.
    open: Vec<(ObjectId, ObjectId)>,
    /// What pages inherit, by where it is in memory: copied once for all of them.
    shared: HashMap<usize, ObjectId>,
}

impl<'a> Copier<'a> {
    pub(crate) fn new(source: &'a Source, pages: &[ObjectId]) -> Self {
        Self {
            source,
            pages: pages.iter().copied().collect(),
            known: HashMap::new(),
            open: Vec::new(),
            shared: HashMap::new(),
        }
    }

    /// Copies pages below `parent`; tells where they are, in their order.
    pub(crate) fn pages(
        &mut self,
        to: &mut NewDocument,
        parent: ObjectId,
        chosen: &[(usize, ObjectId)],
        turn: i64,
    ) -> Result<Vec<ObjectId>> {
        let mut copies = Vec::with_capacity(chosen.len());
        for (_, id) in chosen {
            let copy = to.fresh()?;
            // Links lead to the first copy.
            self.known.entry(*id).or_insert(copy);
            copies.push(copy);
        }
        for ((number, id), copy) in chosen.iter().zip(&copies) {
            let page = self.page(to, *number, *id, parent, turn)?;
            to.document.objects.insert(*copy, Object::Dictionary(page));
        }
        self.rest(to)?;
        Ok(copies)
    }

    fn page(
        &mut self,
        to: &mut NewDocument,
        number: usize,
        id: ObjectId,
        parent: ObjectId,
        turn: i64,
    ) -> Result<Dictionary> {
        let path = &self.source.path;
        let Ok(original) = self.source.document.get_dictionary(id) else {
            return Err(Fault::Damaged(format!("`{path}`: page {number} cannot be read: leave it out of `pages`")));
        };
        let mut page = Dictionary::new();
        for (key, value) in original.iter().filter(|(key, _)| !OWN.contains(&key.as_slice())) {
            let value = self.copy(to, value)?;
            page.set(key.clone(), value);
        }
        for key in INHERITED.into_iter().filter(|key| !original.has(key)) {
            if let Some(value) = self.source.inherited(id, key) {
                let value = self.share(to, value)?;
                page.set(key, value);
            }
        }
        if turn != 0 {
            let before = self.source.inherited(id, b"Rotate").and_then(|turn| turn.as_i64().ok()).unwrap_or(0);
            page.set("Rotate", Object::Integer((before.rem_euclid(360) + turn).rem_euclid(360)));
        }
        page.set("Type", Object::Name(b"Page".to_vec()));
        page.set("Parent", Object::Reference(parent));
        Ok(page)
    }

    fn share(&mut self, to: &mut NewDocument, value: &Object) -> Result<Object> {
        let place = std::ptr::from_ref(value).addr();
        if let Some(known) = self.shared.get(&place) {
            return Ok(Object::Reference(*known));
        }
        let copy = self.copy(to, value)?;
        let id = to.fresh()?;
        to.document.objects.insert(id, copy);
        self.shared.insert(place, id);
        Ok(Object::Reference(id))
    }

    /// Copies what was met, until nothing more is.
    fn rest(&mut self, to: &mut NewDocument) -> Result<()> {
        while let Some((id, copy)) = self.open.pop() {
            let source = self.source;
            let object = match source.document.objects.get(&id) {
                Some(object) => self.copy(to, object)?,
                None => Object::Null,
            };
            to.document.objects.insert(copy, object);
        }
        Ok(())
    }

    /// A copy of an object whose references lead to copies. Objects are at most as deep as the parser reads them.
    fn copy(&mut self, to: &mut NewDocument, object: &Object) -> Result<Object> {
        to.weigh(match object {
            Object::String(text, _) | Object::Name(text) => text.len(),
            Object::Stream(stream) => stream.content.len(),
            _ => 0,
        })?;
        Ok(match object {
            Object::Reference(id) => self.reference(to, *id)?,
            Object::Array(items) => {
                let items: Result<Vec<_>> = items.iter().map(|item| self.copy(to, item)).collect();
                Object::Array(items?)
            }
            Object::Dictionary(dictionary) => Object::Dictionary(self.dictionary(to, dictionary)?),
            Object::Stream(stream) => {
                let mut copy = Stream::new(self.dictionary(to, &stream.dict)?, stream.content.clone());
                copy.allows_compression = false;
                Object::Stream(copy)
            }
            other => other.clone(),
        })
    }

    fn dictionary(&mut self, to: &mut NewDocument, dictionary: &Dictionary) -> Result<Dictionary> {
        let mut copy = Dictionary::new();
        for (key, value) in dictionary.iter() {
            to.weigh(key.len())?;
            let value = self.copy(to, value)?;
            copy.set(key.clone(), value);
        }
        Ok(copy)
    }

    fn reference(&mut self, to: &mut NewDocument, id: ObjectId) -> Result<Object> {
        // The end of a chain of references; what leads nowhere is left out.
        let Ok((Some(id), _)) = self.source.document.dereference(&Object::Reference(id)) else {
            return Ok(Object::Null);
        };
        if let Some(known) = self.known.get(&id) {
            return Ok(Object::Reference(*known));
        }
        if self.pages.contains(&id) || self.is_tree(id) {
            return Ok(Object::Null);
        }
        let copy = to.fresh()?;
        self.known.insert(id, copy);
        self.open.push((id, copy));
        Ok(Object::Reference(copy))
    }

    /// Whether an object leads to all of the document: its page tree, its structure.
    fn is_tree(&self, id: ObjectId) -> bool {
        let dictionary = self.source.document.get_dictionary(id);
        dictionary.is_ok_and(|dictionary| {
            [&b"Pages"[..], b"Catalog", b"StructTreeRoot", b"StructElem"].iter().any(|kind| dictionary.has_type(kind))
        })
    }
}
