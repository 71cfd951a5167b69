//! Lists of changed files with their patches.

use std::{path::PathBuf, rc::Rc};

use gix_hash::{Kind as Hash, ObjectId};
use gix_object::{Kind, tree::EntryKind};
use tandem_sdk::prelude::*;

use crate::{
    limits::{MAX_OBJECT_BYTES, PROGRESS_STEPS},
    patch::{self, Lines},
    repository::Repository,
    trees::Difference,
    worktree,
};

/// What happened to a file.
#[output]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// It is new.
    Added,
    /// Its content or mode is another.
    Modified,
    /// It is gone.
    Deleted,
    /// A file became a link or submodule, or the other way round.
    TypeChanged,
}

/// A changed file.
#[output]
#[derive(Clone, Debug)]
pub(crate) struct FileChange {
    /// Its path in the repository.
    pub path: String,
    /// What happened to it. A renamed file is one that is deleted and one that is added.
    pub status: Status,
    /// How many lines were added; absent for binary files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additions: Option<u32>,
    /// How many lines were deleted; absent for binary files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletions: Option<u32>,
    /// True where its patch did not fit into the answer: ask for this `path` alone, with a larger `max_bytes`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub patch_omitted: bool,
}

/// Changed files, a page of them.
#[output]
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    /// The files, by path.
    pub files: Vec<FileChange>,
    /// How many files are changed, on all pages.
    pub total_files: usize,
    /// The patches of the files as one unified diff.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch: Option<String>,
    /// Give it as `cursor` for the next files; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Which files, and how much of them.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) limit: usize,
    pub(crate) cursor: Option<String>,
    /// None where no patches are wanted.
    pub(crate) max_bytes: Option<usize>,
    pub(crate) context: u32,
}

/// One side of a changed file.
#[derive(Clone, Debug)]
pub(crate) struct Side {
    pub(crate) kind: EntryKind,
    pub(crate) content: Content,
}

/// Where the content of a side is.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Object(ObjectId),
    /// A file or link of the work tree.
    File(PathBuf),
}

/// A file that may be changed.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) path: String,
    pub(crate) old: Option<Side>,
    pub(crate) new: Option<Side>,
}

impl From<Difference> for Pair {
    fn from(difference: Difference) -> Self {
        let side = |node: crate::trees::Node| Side { kind: node.kind, content: Content::Object(node.id) };
        Self { path: difference.path, old: difference.old.map(side), new: difference.new.map(side) }
    }
}

impl Pair {
    pub(crate) fn status(&self) -> Status {
        let class = |kind: EntryKind| match kind {
            EntryKind::BlobExecutable => EntryKind::Blob,
            other => other,
        };
        match (&self.old, &self.new) {
            (None, _) => Status::Added,
            (_, None) => Status::Deleted,
            (Some(old), Some(new)) if class(old.kind) != class(new.kind) => Status::TypeChanged,
            _ => Status::Modified,
        }
    }
}

struct Loaded {
    kind: EntryKind,
    id: ObjectId,
    data: Rc<Vec<u8>>,
}

fn load(repository: &Repository, side: Option<&Side>) -> Result<Option<Loaded>> {
    let Some(side) = side else { return Ok(None) };
    let (id, data) = match &side.content {
        Content::Object(id) if side.kind == EntryKind::Commit => {
            (*id, format!("Subproject commit {id}\n").into_bytes())
        }
        Content::Object(id) => (*id, repository.objects.find_kind(*id, Kind::Blob)?.data.clone()),
        Content::File(path) => {
            let data = worktree::content(path, side.kind, MAX_OBJECT_BYTES)?;
            let id = gix_object::compute_hash(Hash::Sha1, Kind::Blob, &data);
            (id.map_err(|error| Error::failed(error.to_string()))?, data)
        }
    };
    Ok(Some(Loaded { kind: side.kind, id, data: Rc::new(data) }))
}

/// A page of `pairs`, which are sorted by path, with their patches.
pub(crate) fn render(ctx: &Ctx, repository: &Repository, pairs: &[Pair], page: &Page) -> Result<Changes> {
    let start = match &page.cursor {
        Some(cursor) => pairs.partition_point(|pair| pair.path <= *cursor),
        None => 0,
    };
    let mut changes = Changes { total_files: pairs.len(), ..Changes::default() };
    let mut text = String::new();
    for (index, pair) in pairs.iter().skip(start).take(page.limit).enumerate() {
        ctx.check()?;
        if index % PROGRESS_STEPS == 0 {
            ctx.progress(index as f64, Some(pairs.len() as f64), "files compared");
        }
        let (mut change, patch) = compare(repository, pair, page.context)?;
        if let Some(max_bytes) = page.max_bytes {
            if text.len() + patch.len() <= max_bytes {
                text.push_str(&patch);
            } else {
                change.patch_omitted = true;
            }
        }
        changes.files.push(change);
    }
    if start + changes.files.len() < pairs.len() {
        changes.next_cursor = changes.files.last().map(|file| file.path.clone());
    }
    changes.patch = page.max_bytes.map(|_| text);
    Ok(changes)
}

fn compare(repository: &Repository, pair: &Pair, context: u32) -> Result<(FileChange, String)> {
    let (old, new) = (load(repository, pair.old.as_ref())?, load(repository, pair.new.as_ref())?);
    let mut change = FileChange {
        path: pair.path.clone(),
        status: pair.status(),
        additions: None,
        deletions: None,
        patch_omitted: false,
    };
    let mut text = header(&pair.path, old.as_ref(), new.as_ref());
    let data = |side: &Option<Loaded>| side.as_ref().map(|side| Rc::clone(&side.data)).unwrap_or_default();
    let (before, after) = (data(&old), data(&new));
    let lines =
        if patch::is_binary(&before) || patch::is_binary(&after) { None } else { Lines::compare(&before, &after) };
    let name = |side: &Option<Loaded>, letter: char| match side {
        Some(_) => format!("{letter}/{}", pair.path),
        None => "/dev/null".to_owned(),
    };
    match lines {
        Some(lines) => {
            (change.additions, change.deletions) = (Some(lines.additions()), Some(lines.deletions()));
            let hunks = lines.unified(context);
            if !hunks.is_empty() {
                text.push_str(&format!("--- {}\n+++ {}\n{hunks}", name(&old, 'a'), name(&new, 'b')));
            }
        }
        None if before != after => {
            text.push_str(&format!("Binary files {} and {} differ\n", name(&old, 'a'), name(&new, 'b')));
        }
        None => {}
    }
    Ok((change, text))
}

fn header(path: &str, old: Option<&Loaded>, new: Option<&Loaded>) -> String {
    let mode = |side: &Loaded| side.kind.as_octal_str();
    let id = |side: Option<&Loaded>| {
        side.map_or_else(|| "0000000".to_owned(), |side| side.id.to_hex_with_len(7).to_string())
    };
    let mut text = format!("diff --git a/{path} b/{path}\n");
    match (old, new) {
        (None, Some(new)) => text.push_str(&format!("new file mode {}\n", mode(new))),
        (Some(old), None) => text.push_str(&format!("deleted file mode {}\n", mode(old))),
        (Some(old), Some(new)) if old.kind != new.kind => {
            text.push_str(&format!("old mode {}\nnew mode {}\n", mode(old), mode(new)));
        }
        _ => {}
    }
    let same = match (old, new) {
        (Some(old), Some(new)) if old.kind == new.kind => format!(" {}", mode(old)),
        _ => String::new(),
    };
    if old.map(|old| old.id) != new.map(|new| new.id) {
        text.push_str(&format!("index {}..{}{same}\n", id(old), id(new)));
    }
    text
}
