//! Writes a new document to its file.

use std::io::{BufWriter, Write};

use lopdf::{Dictionary, Document, Object, ObjectId};
use tandem_granted_folders::{Location, NewFile};

use crate::fault::{Fault, Result};

/// The page tree of a new document.
pub(crate) const TREE: ObjectId = (1, 0);
/// The catalog of a new document.
pub(crate) const CATALOG: ObjectId = (2, 0);
/// The numbers of objects up to this are taken.
pub(crate) const RESERVED: u32 = 2;

/// Puts pages under the tree and writes all of it; tells how many bytes. The trailer may have `Info`, and the catalog entries.
pub(crate) fn write(mut document: Document, pages: &[ObjectId], location: &Location, overwrite: bool) -> Result<u64> {
    let kids: Vec<Object> = pages.iter().map(|page| Object::Reference(*page)).collect();
    let mut tree = Dictionary::new();
    tree.set("Type", Object::Name(b"Pages".to_vec()));
    tree.set("Count", i64::try_from(kids.len()).unwrap_or(i64::MAX));
    tree.set("Kids", kids);
    document.objects.insert(TREE, Object::Dictionary(tree));
    let mut catalog = match document.objects.remove(&CATALOG) {
        Some(Object::Dictionary(catalog)) => catalog,
        _ => Dictionary::new(),
    };
    catalog.set("Type", Object::Name(b"Catalog".to_vec()));
    catalog.set("Pages", Object::Reference(TREE));
    document.objects.insert(CATALOG, Object::Dictionary(catalog));
    document.trailer.set("Root", Object::Reference(CATALOG));
    if let Some(info) = document.trailer.remove(b"Info") {
        document.max_id += 1;
        document.objects.insert((document.max_id, 0), info);
        document.trailer.set("Info", Object::Reference((document.max_id, 0)));
    }
    let failed = |error| Fault::io(&location.path, error);
    let mut file = BufWriter::new(NewFile::create("to", location, overwrite)?);
    document.save_to(&mut file).map_err(failed)?;
    file.flush().map_err(failed)?;
    let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
    Ok(file.commit()?)
}
