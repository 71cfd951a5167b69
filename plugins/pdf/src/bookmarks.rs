//! The bookmarks of a new document.

use lopdf::{Dictionary, Document, Object, ObjectId, StringFormat};

use crate::{compose::Mark, finish::CATALOG};

/// Adds an object.
pub(crate) fn put(document: &mut Document, object: impl Into<Object>) -> ObjectId {
    document.max_id += 1;
    let id = (document.max_id, 0);
    document.objects.insert(id, object.into());
    id
}

/// Text of a PDF in UTF-16.
pub(crate) fn text(text: &str) -> Object {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    Object::String(units.flat_map(u16::to_be_bytes).collect(), StringFormat::Hexadecimal)
}

/// A bookmark and those below it.
struct Node {
    id: ObjectId,
    mark: usize,
    parent: Option<usize>,
    children: Vec<usize>,
}

/// Adds a bookmark for each heading, below the last heading of a higher level.
pub(crate) fn add(document: &mut Document, marks: &[Mark], pages: &[ObjectId]) {
    if marks.is_empty() {
        return;
    }
    let root = put(document, Dictionary::new());
    let mut nodes: Vec<Node> = Vec::with_capacity(marks.len());
    let mut top = Vec::new();
    let mut open: Vec<(usize, usize)> = Vec::new();
    for (index, mark) in marks.iter().enumerate() {
        while open.last().is_some_and(|(level, _)| *level >= mark.level) {
            open.pop();
        }
        let parent = open.last().map(|(_, node)| *node);
        match parent.and_then(|parent| nodes.get_mut(parent)) {
            Some(parent) => parent.children.push(index),
            None => top.push(index),
        }
        nodes.push(Node { id: put(document, Object::Null), mark: index, parent, children: Vec::new() });
        open.push((mark.level, index));
    }
    let id = |node: Option<&usize>| node.and_then(|node| nodes.get(*node)).map(|node| Object::Reference(node.id));
    for siblings in std::iter::once(&top).chain(nodes.iter().map(|node| &node.children)) {
        for (at, node) in siblings.iter().enumerate() {
            let Some(node) = nodes.get(*node) else { continue };
            let Some(mark) = marks.get(node.mark) else { continue };
            let mut entry = Dictionary::new();
            entry.set("Title", text(&mark.title));
            entry.set("Parent", id(node.parent.as_ref()).unwrap_or(Object::Reference(root)));
            if let Some(page) = pages.get(mark.page) {
                let place = [
                    Object::Reference(*page),
                    Object::Name(b"XYZ".to_vec()),
                    Object::Null,
                    Object::Real(mark.y),
                    Object::Null,
                ];
                entry.set("Dest", place.to_vec());
            }
            let before = at.checked_sub(1).and_then(|at| siblings.get(at));
            for (key, to) in [
                ("Prev", id(before)),
                ("Next", id(siblings.get(at + 1))),
                ("First", id(node.children.first())),
                ("Last", id(node.children.last())),
            ] {
                if let Some(to) = to {
                    entry.set(key, to);
                }
            }
            if !node.children.is_empty() {
                // Negative: those below are folded.
                entry.set("Count", -i64::try_from(node.children.len()).unwrap_or(i64::MAX));
            }
            document.objects.insert(node.id, Object::Dictionary(entry));
        }
    }
    let mut outline = Dictionary::new();
    outline.set("Type", Object::Name(b"Outlines".to_vec()));
    outline.set("Count", i64::try_from(top.len()).unwrap_or(i64::MAX));
    for (key, to) in [("First", id(top.first())), ("Last", id(top.last()))] {
        if let Some(to) = to {
            outline.set(key, to);
        }
    }
    document.objects.insert(root, Object::Dictionary(outline));
    let mut catalog = Dictionary::new();
    catalog.set("Outlines", Object::Reference(root));
    document.objects.insert(CATALOG, Object::Dictionary(catalog));
}
