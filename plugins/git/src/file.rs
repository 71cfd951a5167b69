//! A file or directory of a revision.

use gix_object::{Kind, tree::EntryKind};
use tandem_sdk::prelude::*;

use crate::{
    commits,
    limits::{MAX_BINARY_BYTES, MAX_TEXT_BYTES, SIMILAR},
    patch,
    repository::Repository,
    revision,
    trees::{self, Node},
};

/// What a path is.
#[output]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PathKind {
    /// A file.
    File,
    /// A file that may be run.
    Executable,
    /// A symbolic link; its text is what it names.
    Link,
    /// A directory.
    Directory,
    /// The commit of another repository.
    Submodule,
}

impl From<EntryKind> for PathKind {
    fn from(kind: EntryKind) -> Self {
        match kind {
            EntryKind::Tree => Self::Directory,
            EntryKind::Blob => Self::File,
            EntryKind::BlobExecutable => Self::Executable,
            EntryKind::Link => Self::Link,
            EntryKind::Commit => Self::Submodule,
        }
    }
}

/// An entry of a directory.
#[output]
#[derive(Debug)]
pub(crate) struct DirectoryEntry {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: PathKind,
    /// Its id.
    pub id: String,
}

/// A file or directory of a revision.
#[output]
#[derive(Debug)]
pub(crate) struct FileContent {
    /// The commit that it is of.
    pub commit: String,
    /// Its path.
    pub path: String,
    /// What it is.
    pub kind: PathKind,
    /// The id of its content.
    pub id: String,
    /// Its length in bytes; absent for directories and submodules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<usize>,
    /// Its lines, or what a link names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The content in base64, where it is not text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// How many lines it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_lines: Option<usize>,
    /// Give it as `line` for the next lines or entries; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_line: Option<usize>,
    /// The entries of a directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<Vec<DirectoryEntry>>,
}

pub(crate) fn run(
    repository: &Repository,
    revision: &str,
    path: &str,
    line: usize,
    limit: usize,
) -> Result<FileContent> {
    let commit = commits::read(repository, revision::commit(repository, "revision", revision)?)?;
    let path = trees::tidy("path", path)?;
    let node = find(repository, commit.tree, &path, revision)?;
    let mut found = FileContent {
        commit: commit.id.to_string(),
        path,
        kind: node.kind.into(),
        id: node.id.to_string(),
        bytes: None,
        text: None,
        base64: None,
        total_lines: None,
        next_line: None,
        entries: None,
    };
    match node.kind {
        EntryKind::Commit => {}
        EntryKind::Tree => list(repository, node, line, limit, &mut found)?,
        _ => read(repository, node, line, limit, &mut found)?,
    }
    Ok(found)
}

/// What `path` is in the tree, or the error with the nearest name.
pub(crate) fn find(repository: &Repository, tree: gix_hash::ObjectId, path: &str, revision: &str) -> Result<Node> {
    if let Some(node) = trees::lookup(repository, tree, path)? {
        return Ok(node);
    }
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    let around = match trees::lookup(repository, tree, directory)? {
        Some(node) if node.kind == EntryKind::Tree => trees::entries(repository, node.id)?,
        _ => Default::default(),
    };
    let nearest = around
        .keys()
        .map(|known| (strsim::jaro_winkler(known, name), known))
        .filter(|(similar, _)| *similar >= SIMILAR)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let hint =
        nearest.map_or_else(String::new, |(_, known)| format!("; is `{}` meant?", trees::join(directory, known)));
    Err(Error::not_found(format!("`path`: there is no `{path}` in `{revision}`{hint}")))
}

fn list(repository: &Repository, node: Node, line: usize, limit: usize, found: &mut FileContent) -> Result<()> {
    let all = trees::entries(repository, node.id)?;
    let skip = line.saturating_sub(1);
    let entries: Vec<DirectoryEntry> = all
        .iter()
        .skip(skip)
        .take(limit)
        .map(|(name, node)| DirectoryEntry { name: name.clone(), kind: node.kind.into(), id: node.id.to_string() })
        .collect();
    found.next_line = (skip + entries.len() < all.len()).then_some(line + entries.len());
    found.entries = Some(entries);
    Ok(())
}

fn read(repository: &Repository, node: Node, line: usize, limit: usize, found: &mut FileContent) -> Result<()> {
    let blob = repository.objects.find_kind(node.id, Kind::Blob)?;
    found.bytes = Some(blob.data.len());
    let text = std::str::from_utf8(&blob.data).ok().filter(|_| !patch::is_binary(&blob.data));
    let Some(text) = text else {
        if blob.data.len() > MAX_BINARY_BYTES {
            return Err(Error::failed(format!(
                "`{}` is binary and has {} bytes; binary files of at most {MAX_BINARY_BYTES} bytes are given",
                found.path,
                blob.data.len()
            )));
        }
        found.base64 = Some(base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &blob.data));
        return Ok(());
    };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    found.total_lines = Some(lines.len());
    let (mut taken, mut given) = (String::new(), 0);
    for text in lines.iter().skip(line.saturating_sub(1)).take(limit) {
        if taken.len() + text.len() > MAX_TEXT_BYTES {
            if given == 0 {
                return Err(Error::failed(format!(
                    "line {line} of `{}` has more than {MAX_TEXT_BYTES} bytes",
                    found.path
                )));
            }
            break;
        }
        taken.push_str(text);
        given += 1;
    }
    found.next_line = (line.saturating_sub(1) + given < lines.len() && given > 0).then_some(line + given);
    found.text = Some(taken);
    Ok(())
}
