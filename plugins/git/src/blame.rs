//! Who wrote each line of a file, as `git blame` tells it without looking for moved lines and renamed files.

use std::{collections::BTreeMap, ops::Range};

use gix_hash::ObjectId;
use gix_object::{Kind, tree::EntryKind};
use tandem_sdk::prelude::*;

use crate::{
    commits::{self, Commit},
    file,
    limits::{MAX_BLAME_LINES, MAX_COMMITS, PROGRESS_STEPS},
    patch::{self, Lines},
    repository::Repository,
    revision, trees,
};

/// Lines in a row that one commit wrote.
#[output]
#[derive(Debug)]
pub(crate) struct BlameRange {
    /// The first of the lines, from 1.
    pub line: usize,
    /// The commit that wrote them.
    pub commit: String,
    /// Its author's name.
    pub author: String,
    /// When they were written.
    pub date: String,
    /// The first paragraph of its message.
    pub title: String,
    /// The lines.
    pub text: String,
}

/// A file's lines with who wrote them.
#[output]
#[derive(Debug)]
pub(crate) struct Blame {
    /// The commit whose file it is.
    pub commit: String,
    /// The lines, in their order.
    pub ranges: Vec<BlameRange>,
    /// How many lines the file has.
    pub total_lines: usize,
    /// Give it as `line` for the next lines; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_line: Option<usize>,
}

/// Lines of the file, and where they are in the file of a commit.
#[derive(Clone, Debug)]
struct Part {
    lines: Range<usize>,
    at: usize,
}

/// What is not yet known, by commit: the newest first.
type Suspects = BTreeMap<(i64, ObjectId), Vec<Part>>;

struct Search<'a> {
    repository: &'a Repository,
    path: &'a str,
    suspects: Suspects,
    known: BTreeMap<usize, (usize, ObjectId)>,
}

impl Search<'_> {
    /// The file's id in a commit.
    fn blob(&self, commit: &Commit) -> Result<Option<ObjectId>> {
        let node = trees::lookup(self.repository, commit.tree, self.path)?;
        Ok(node.filter(|node| !matches!(node.kind, EntryKind::Tree | EntryKind::Commit)).map(|node| node.id))
    }

    fn suspect(&mut self, commit: &Commit, parts: Vec<Part>) {
        if !parts.is_empty() {
            self.suspects.entry((commit.committer.seconds, commit.id)).or_default().extend(parts);
        }
    }

    /// Hands the lines of a commit to the parents that have them; what none has is its own.
    fn step(&mut self, commit: &Commit, mut parts: Vec<Part>) -> Result<()> {
        let Some(blob) = self.blob(commit)? else { return Ok(()) };
        let parents: Vec<Commit> =
            commit.parents.iter().map(|parent| commits::read(self.repository, *parent)).collect::<Result<_>>()?;
        for parent in &parents {
            if self.blob(parent)? == Some(blob) {
                self.suspect(parent, parts);
                return Ok(());
            }
        }
        for parent in &parents {
            let Some(before) = self.blob(parent)? else { continue };
            let old = self.repository.objects.find_kind(before, Kind::Blob)?;
            let new = self.repository.objects.find_kind(blob, Kind::Blob)?;
            let Some(lines) = Lines::compare(&old.data, &new.data) else { continue };
            let (passed, kept) = split(&lines, &parts);
            self.suspect(parent, passed);
            parts = kept;
        }
        for part in parts {
            self.known.insert(part.lines.start, (part.lines.end, commit.id));
        }
        Ok(())
    }
}

/// Splits `parts` into those that are in the older file too, and those that are new.
fn split(lines: &Lines<'_>, parts: &[Part]) -> (Vec<Part>, Vec<Part>) {
    let (mut passed, mut kept) = (Vec::new(), Vec::new());
    let hunks: Vec<_> = lines.hunks().collect();
    for part in parts {
        let (start, end) = (part.at, part.at + part.lines.len());
        let mut at = start;
        let piece = |from: usize, to: usize, at: usize| Part {
            lines: part.lines.start + (from - start)..part.lines.start + (to - start),
            at,
        };
        // How far the lines of the older file are from those of the newer.
        let mut shift = 0_isize;
        for hunk in &hunks {
            let (from, to) = (hunk.after.start as usize, hunk.after.end as usize);
            if from >= end {
                break;
            }
            if from > at {
                passed.push(piece(at, from, at.saturating_add_signed(shift)));
                at = from;
            }
            if to > at {
                kept.push(piece(at, to.min(end), at));
                at = to.min(end);
            }
            shift = hunk.before.end as isize - hunk.after.end as isize;
        }
        if at < end {
            passed.push(piece(at, end, at.saturating_add_signed(shift)));
        }
    }
    (passed, kept)
}

pub(crate) fn run(
    ctx: &Ctx,
    repository: &Repository,
    revision: &str,
    path: &str,
    line: usize,
    limit: usize,
) -> Result<Blame> {
    let path = trees::tidy("path", path)?;
    let commit = commits::read(repository, revision::commit(repository, "revision", revision)?)?;
    let node = file::find(repository, commit.tree, &path, revision)?;
    if !matches!(node.kind, EntryKind::Blob | EntryKind::BlobExecutable) {
        return Err(Error::invalid_arguments(format!("`path`: `{path}` is not a file")));
    }
    let blob = repository.objects.find_kind(node.id, Kind::Blob)?;
    if patch::is_binary(&blob.data) {
        return Err(Error::invalid_arguments(format!("`path`: `{path}` is binary and has no lines")));
    }
    let text: Vec<&[u8]> = blob.data.split_inclusive(|byte| *byte == b'\n').collect();
    if text.len() > MAX_BLAME_LINES {
        return Err(Error::failed(format!(
            "`{path}` has {} lines; at most {MAX_BLAME_LINES} are looked at",
            text.len()
        )));
    }
    let first = line.saturating_sub(1);
    if first >= text.len() && !text.is_empty() {
        return Err(Error::invalid_arguments(format!("`line` is {line}, and `{path}` has {} lines", text.len())));
    }
    let wanted = first..text.len().min(first + limit);
    let mut search = Search { repository, path: &path, suspects: BTreeMap::new(), known: BTreeMap::new() };
    let start = vec![Part { lines: wanted.clone(), at: wanted.start }];
    search.suspect(&commit, if wanted.is_empty() { Vec::new() } else { start });
    let mut steps = 0;
    while let Some(((_, id), parts)) = search.suspects.pop_last() {
        ctx.check()?;
        steps += 1;
        if steps > MAX_COMMITS {
            return Err(Error::failed(format!("more than {MAX_COMMITS} commits were looked at: ask for fewer lines")));
        }
        if steps % PROGRESS_STEPS == 0 {
            ctx.progress(steps as f64, None, "commits read");
        }
        search.step(&commits::read(repository, id)?, parts)?;
    }
    let ranges = ranges(repository, &search.known, &text)?;
    let next_line = (wanted.end < text.len()).then_some(wanted.end + 1);
    Ok(Blame { commit: commit.id.to_string(), ranges, total_lines: text.len(), next_line })
}

/// What is known, with neighbours of one commit as one.
fn ranges(
    repository: &Repository,
    known: &BTreeMap<usize, (usize, ObjectId)>,
    text: &[&[u8]],
) -> Result<Vec<BlameRange>> {
    let (mut ranges, mut before) = (Vec::<BlameRange>::new(), None);
    for (start, (end, id)) in known {
        let lines = text.get(*start..*end).unwrap_or_default().concat();
        let lines = String::from_utf8_lossy(&lines);
        let same = before.replace(*id) == Some(*id);
        if let Some(last) = ranges.last_mut().filter(|_| same) {
            last.text.push_str(&lines);
            continue;
        }
        let commit = commits::read(repository, *id)?;
        ranges.push(BlameRange {
            line: start + 1,
            commit: id.to_string(),
            author: commit.author.name,
            date: commit.author.date,
            title: commits::title(&commit.message),
            text: lines.into_owned(),
        });
    }
    Ok(ranges)
}
