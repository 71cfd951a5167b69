//! A document and its pages.

use std::{collections::HashSet, io::Read};

use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId};
use tandem_granted_folders::{self as folders, Folders};

use crate::{
    fault::{Fault, Result},
    limits::{MAX_FILE_BYTES, MAX_PAGES, MAX_PARENTS, MAX_PART_BYTES, MAX_TREE_DEPTH, MAX_TREE_NODES, MAX_VALUE_CHARS},
};

/// A file that could be opened.
pub(crate) struct Source {
    pub(crate) document: Document,
    /// The file as the caller named it.
    pub(crate) path: String,
    pub(crate) bytes: u64,
    /// Whether the file is encrypted; [`Source::locked`] tells whether it could be opened.
    pub(crate) encrypted: bool,
}

/// Bytes at the beginning of a file within which readers look for `%PDF-`.
const HEADER_BYTES: usize = 1_024;

/// Reads and parses a file.
pub(crate) fn open(argument: &str, path: &str, password: Option<&str>) -> Result<Source> {
    let location = Folders::granted().locate(argument, path)?;
    let (file, bytes) = folders::open(argument, &location)?;
    let path = location.path;
    let too_long = || Fault::Limit(format!("`{path}` is longer than {MAX_FILE_BYTES} bytes, the bound of a PDF"));
    if bytes > MAX_FILE_BYTES {
        return Err(too_long());
    }
    let mut data = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default());
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut data).map_err(|error| Fault::io(&path, error))?;
    if data.len() as u64 > MAX_FILE_BYTES {
        return Err(too_long());
    }
    let head = data.get(..HEADER_BYTES).unwrap_or(&data);
    if !head.windows(5).any(|bytes| bytes == b"%PDF-") {
        return Err(Fault::Damaged(format!("`{path}` is not a PDF: it does not begin with `%PDF-`")));
    }
    let options = LoadOptions {
        password: password.map(str::to_owned),
        max_decompressed_size: Some(MAX_PART_BYTES),
        ..LoadOptions::default()
    };
    let document = Document::load_mem_with_options(&data, options)
        .map_err(|error| Fault::parsing(&format!("`{path}`"), &error))?;
    let encrypted = document.is_encrypted() || document.was_encrypted();
    Ok(Source { document, path, bytes, encrypted })
}

impl Source {
    /// Whether the file needs a password that was not given.
    pub(crate) fn locked(&self) -> bool {
        self.document.is_encrypted()
    }

    /// An error where the file needs a password.
    pub(crate) fn unlocked(&self) -> Result<()> {
        if self.locked() {
            return Err(Fault::Denied(format!("`{}` is encrypted: give its `password`", self.path)));
        }
        Ok(())
    }

    /// What was wrong with the file when it was opened.
    pub(crate) fn problems(&self) -> Vec<String> {
        let rebuilt = self.document.xref_recovery.is_some();
        let problem = "the table of its objects was damaged and was rebuilt: parts may be missing";
        rebuilt.then(|| problem.to_owned()).into_iter().collect()
    }

    /// The pages in their order.
    pub(crate) fn pages(&self) -> Result<Vec<ObjectId>> {
        self.unlocked()?;
        let path = &self.path;
        let damaged = |what: String| Fault::Damaged(format!("`{path}`: the page tree is damaged: {what}"));
        let root = self.document.catalog().and_then(|catalog| catalog.get(b"Pages"));
        let root = root.and_then(Object::as_reference).map_err(|_| damaged("the document names none".into()))?;
        let (mut pages, mut seen, mut nodes) = (Vec::new(), HashSet::from([root]), 0);
        let mut stack = vec![(self.kids(root).map(|kids| kids.iter()).unwrap_or_default(), root)];
        while let Some((kids, _)) = stack.last_mut() {
            let Some(kid) = kids.next() else {
                stack.pop();
                continue;
            };
            nodes += 1;
            if nodes > MAX_TREE_NODES || pages.len() >= MAX_PAGES {
                return Err(Fault::Limit(format!("`{path}` has more than {MAX_PAGES} pages, the bound of a document")));
            }
            let Ok(id) = kid.as_reference() else { continue };
            match self.kids(id) {
                None => pages.push(id),
                Some(_) if !seen.insert(id) => return Err(damaged(format!("object {} is in it twice: a loop", id.0))),
                Some(_) if stack.len() >= MAX_TREE_DEPTH => {
                    return Err(Fault::Limit(format!("`{path}`: the page tree has more than {MAX_TREE_DEPTH} levels")));
                }
                Some(kids) => stack.push((kids.iter(), id)),
            }
        }
        Ok(pages)
    }

    /// The children of a node of the page tree; none of a page, and of an object that is missing.
    fn kids(&self, id: ObjectId) -> Option<&Vec<Object>> {
        let node = self.document.get_dictionary(id).ok()?;
        if node.has_type(b"Page") {
            return None;
        }
        node.get_deref(b"Kids", &self.document).and_then(Object::as_array).ok()
    }

    /// What a page has under a key, or inherits from the nodes above it.
    pub(crate) fn inherited(&self, page: ObjectId, key: &[u8]) -> Option<&Object> {
        let mut node = self.document.get_dictionary(page).ok()?;
        for _ in 0..MAX_PARENTS {
            if let Ok(found) = node.get_deref(key, &self.document) {
                return Some(found);
            }
            node = node.get_deref(b"Parent", &self.document).and_then(Object::as_dict).ok()?;
        }
        None
    }

    /// What stands under a key, where it is there; references are followed.
    pub(crate) fn get<'a>(&'a self, dictionary: &'a Dictionary, key: &[u8]) -> Option<&'a Object> {
        dictionary.get_deref(key, &self.document).ok()
    }

    /// The numbers of an array.
    pub(crate) fn numbers(&self, array: &[Object]) -> Vec<f32> {
        let number = |object| self.document.dereference(object).ok()?.1.as_float().ok();
        array.iter().filter_map(number).collect()
    }
}

/// Text of a PDF: without control characters, and not longer than an answer needs.
pub(crate) fn text_of(object: &Object) -> Option<String> {
    let bytes = object.as_str().ok()?;
    let text = match bytes {
        [0xfe, 0xff, rest @ ..] => utf16(rest),
        _ => lopdf::decode_text_string(object).unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned()),
    };
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    Some(clean.take(MAX_VALUE_CHARS).collect::<String>().trim().to_owned())
}

/// Big-endian UTF-16, with a mark for what is wrong in it.
pub(crate) fn utf16(bytes: &[u8]) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|&pair| u16::from_be_bytes(pair));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}
