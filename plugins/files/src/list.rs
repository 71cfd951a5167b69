//! Lists a directory, draws a tree, and tells what is known of one entry.

use tandem_sdk::prelude::*;

use crate::{
    path::{Grants, Place},
    storage::Kind,
    time,
    walk::{Options, Skipped, Visit, Walk},
};

/// One entry of a directory.
#[output]
#[derive(Debug)]
pub(crate) struct Item {
    /// Its path, as the other tools take it.
    path: String,
    /// What it is.
    kind: Kind,
    /// The size of a file in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// When it was last changed, as `2026-01-31T12:00:00Z`.
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    /// Whether a granted directory may be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    writable: Option<bool>,
}

/// The entries of a directory.
#[output]
#[derive(Debug)]
pub(crate) struct Listing {
    /// The entries, by name.
    entries: Vec<Item>,
    /// How many entries the directory has.
    total: usize,
    /// Give it as `cursor` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// Entries that are left out, since their name is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<usize>,
}

/// A drawn tree.
#[output]
#[derive(Debug)]
pub(crate) struct Tree {
    /// A line for each entry; directories end with `/`.
    tree: String,
    /// Directories in it.
    directories: u64,
    /// Files in it, and links.
    files: u64,
    /// Whether there are more entries than `limit`: draw a directory below.
    truncated: bool,
    /// What was left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<Skipped>,
}

/// What is known of an entry.
#[output]
#[derive(Debug)]
pub(crate) struct Status {
    /// Its path.
    path: String,
    /// What it is.
    kind: Kind,
    /// The size of a file in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// How many entries a directory has.
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<usize>,
    /// What a symbolic link names, as it is written in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    /// What the link leads to; absent where that is not there or outside of the granted directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    target_kind: Option<Kind>,
    /// When its content was last changed (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    /// When it was last read (UTC), where the file system says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    accessed: Option<String>,
    /// When its content, name or rights last changed (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<String>,
    /// Names that the file has (hard links).
    hard_links: u64,
    /// Whether its granted directory may be changed.
    writable: bool,
}

/// A page of a directory, or the granted directories.
pub(crate) fn list(grants: &Grants, path: Option<&str>, limit: u32, cursor: Option<&str>) -> Result<Listing> {
    let Some(path) = path.filter(|path| !matches!(*path, "" | "/" | ".")) else {
        if grants.roots.is_empty() {
            return Err(grants.none());
        }
        let item = |root: &crate::storage::Root| Item {
            path: root.name.clone(),
            kind: Kind::Directory,
            bytes: None,
            modified: None,
            writable: Some(root.writable),
        };
        let entries: Vec<_> = grants.roots.iter().map(item).collect();
        return Ok(Listing { total: entries.len(), entries, next_cursor: None, unreadable: None });
    };
    let place = grants.locate(path)?;
    let found = place.read_directory()?;
    let total = found.entries.len();
    let mut rest = found.entries.into_iter().filter(|entry| cursor.is_none_or(|cursor| entry.name.as_str() > cursor));
    let page: Vec<_> = rest.by_ref().take(limit as usize).collect();
    let next_cursor = page.last().filter(|_| rest.next().is_some()).map(|entry| entry.name.clone());
    let entries = page.into_iter().map(|entry| item(&place.join(&entry.name), entry.kind)).collect();
    let unreadable = (found.unreadable > 0).then_some(found.unreadable);
    Ok(Listing { entries, total, next_cursor, unreadable })
}

/// An entry with its size and time, if they can be had.
pub(crate) fn item(place: &Place<'_>, kind: Kind) -> Item {
    let stat = place.stat(false).ok();
    Item {
        path: place.path.clone(),
        kind,
        bytes: stat.filter(|_| kind == Kind::File).map(|stat| stat.bytes),
        modified: stat.and_then(|stat| time::shown(stat.modified)),
        writable: None,
    }
}

/// Draws what is below a directory, or below all granted ones.
pub(crate) fn tree(
    ctx: &Ctx,
    grants: &Grants,
    path: Option<&str>,
    options: Options,
    limit: u32,
    sizes: bool,
) -> Result<Tree> {
    let mut walk = Walk::new(ctx, grants, path, options, None)?;
    let mut tree = Tree { tree: String::new(), directories: 0, files: 0, truncated: false, skipped: None };
    let mut start = String::new();
    while let Some(visit) = walk.next()? {
        if tree.directories + tree.files >= u64::from(limit) {
            tree.truncated = true;
            break;
        }
        let below = Walk::below(&visit);
        let above = visit.place.path.strip_suffix(below).unwrap_or_default();
        if above != start {
            tree.tree.push_str(above);
            tree.tree.push('\n');
            above.clone_into(&mut start);
        }
        tree.tree.push_str(&line(&visit, sizes));
        if visit.kind == Kind::Directory { tree.directories += 1 } else { tree.files += 1 }
    }
    tree.truncated |= walk.stopped_at.is_some();
    if tree.tree.is_empty()
        && let Some(path) = path
    {
        tree.tree = format!("{}/\n", path.trim_matches('/'));
    }
    tree.skipped = walk.skipped.some();
    Ok(tree)
}

fn line(visit: &Visit<'_>, sizes: bool) -> String {
    let name = visit.place.name();
    let indent = "  ".repeat(visit.depth);
    match visit.kind {
        Kind::Directory => format!("{indent}{name}/\n"),
        Kind::Link => {
            let target = visit.place.root.read_link(visit.place.rest()).unwrap_or_default();
            format!("{indent}{name} -> {target}\n")
        }
        Kind::Special => format!("{indent}{name} (special)\n"),
        Kind::File if sizes => {
            let size = visit.place.stat(false).map_or_else(|_| "?".to_owned(), |stat| stat.bytes.to_string());
            format!("{indent}{name} ({size} bytes)\n")
        }
        Kind::File => format!("{indent}{name}\n"),
    }
}

/// Tells what is known of an entry.
pub(crate) fn stat(grants: &Grants, path: &str) -> Result<Status> {
    let place = grants.locate(path)?;
    let stat = place.stat(false)?;
    let link = stat.kind == Kind::Link;
    let entries = match stat.kind {
        Kind::Directory => Some(place.read_directory()?.entries.len()),
        _ => None,
    };
    Ok(Status {
        kind: stat.kind,
        bytes: (stat.kind == Kind::File).then_some(stat.bytes),
        entries,
        target: if link { place.root.read_link(place.rest()).ok() } else { None },
        target_kind: if link { place.root.stat(place.rest(), true).ok().map(|stat| stat.kind) } else { None },
        modified: time::shown(stat.modified),
        accessed: time::shown(stat.accessed),
        changed: time::shown(stat.changed),
        hard_links: stat.links,
        writable: place.root.writable,
        path: place.path,
    })
}
