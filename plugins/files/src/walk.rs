//! Walks directories: each before its entries, by name, so that a path is enough to go on from in another call.
//!
//! Links are entries and are not followed, so a walk has an end. Directories that cannot be read are counted.

use std::{cmp::Ordering, collections::VecDeque};

use ignore::gitignore::Gitignore;
use tandem_sdk::prelude::*;

use crate::{
    ignored,
    limits::{MAX_DEPTH, MAX_VISITED},
    path::{Grants, Place},
    storage::{Entry, Kind},
};

/// A progress message after so many entries.
const PROGRESS_STEP: usize = 5_000;

/// What a walk leaves out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Whether names that begin with a dot are visited.
    pub(crate) hidden: bool,
    /// Whether what `.gitignore` files exclude is visited.
    pub(crate) ignored: bool,
    /// Levels below the start.
    pub(crate) max_depth: usize,
}

impl Options {
    /// Everything there is.
    pub(crate) const ALL: Self = Self { hidden: true, ignored: true, max_depth: MAX_DEPTH };
}

/// What a walk did not visit.
#[output]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Skipped {
    /// Entries whose names begin with a dot; `hidden` includes them.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) hidden: u64,
    /// Entries that `.gitignore` excludes; `ignored` includes them.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) ignored: u64,
    /// Directories deeper than 64 levels, the most that can be used.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) too_deep: u64,
    /// Entries whose name is not UTF-8, and directories that cannot be read.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) unreadable: u64,
}

pub(crate) fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Skipped {
    /// None where nothing was skipped.
    pub(crate) fn some(self) -> Option<Self> {
        (self != Self::default()).then_some(self)
    }
}

/// An entry on the way.
#[derive(Debug)]
pub(crate) struct Visit<'a> {
    pub(crate) place: Place<'a>,
    pub(crate) kind: Kind,
    /// Levels below the start, from 1.
    pub(crate) depth: usize,
}

struct Frame<'a> {
    directory: Place<'a>,
    entries: VecDeque<Entry>,
    rules: Option<Gitignore>,
}

/// A walk.
pub(crate) struct Walk<'a> {
    ctx: &'a Ctx,
    options: Options,
    frames: Vec<Frame<'a>>,
    /// Rules above the start.
    above: Vec<Gitignore>,
    /// Starts that are yet to come, the next one last.
    starts: Vec<Place<'a>>,
    /// The path after which it goes on, as its parts.
    after: Option<Vec<String>>,
    visited: usize,
    /// The last path that was visited, where the walk was stopped by its bound.
    pub(crate) stopped_at: Option<String>,
    last: String,
    pub(crate) skipped: Skipped,
}

impl<'a> Walk<'a> {
    /// A walk below `path`, or below all granted directories; after the path `cursor`, if given.
    pub(crate) fn new(
        ctx: &'a Ctx,
        grants: &'a Grants,
        path: Option<&str>,
        options: Options,
        cursor: Option<&str>,
    ) -> Result<Self> {
        let mut starts: Vec<Place<'a>> = match path {
            Some(path) => vec![grants.locate(path)?],
            None => grants.roots.iter().map(|root| grants.locate(&root.name)).collect::<Result<_>>()?,
        };
        if starts.is_empty() {
            return Err(grants.none());
        }
        if let Some(cursor) = cursor {
            let place = grants.locate(cursor).map_err(|_| bad_cursor(cursor))?;
            let later = |start: &Place<'_>| path.is_none() && start.root.name > place.root.name;
            starts.retain(|start| start.contains(&place) || later(start));
            if starts.is_empty() {
                return Err(bad_cursor(cursor));
            }
        }
        for start in &starts {
            // A start that is not there is an error of the call.
            start.read_directory()?;
        }
        starts.reverse();
        Ok(Self {
            ctx,
            options,
            frames: Vec::new(),
            above: Vec::new(),
            starts,
            after: cursor.map(|cursor| cursor.split('/').map(str::to_owned).collect()),
            visited: 0,
            stopped_at: None,
            last: String::new(),
            skipped: Skipped::default(),
        })
    }

    /// The path of an entry from its start.
    pub(crate) fn below<'p>(visit: &'p Visit<'_>) -> &'p str {
        let path = visit.place.path.as_str();
        path.rmatch_indices('/').nth(visit.depth - 1).and_then(|(at, _)| path.get(at + 1..)).unwrap_or(path)
    }

    /// The next entry; none at the end, or where the bound is reached.
    pub(crate) fn next(&mut self) -> Result<Option<Visit<'a>>> {
        loop {
            let Some(frame) = self.frames.last_mut() else {
                let Some(start) = self.starts.pop() else { return Ok(None) };
                self.above = if self.options.ignored { Vec::new() } else { ignored::above(&start) };
                self.enter(start);
                continue;
            };
            let Some(entry) = frame.entries.pop_front() else {
                self.frames.pop();
                continue;
            };
            if self.visited >= MAX_VISITED {
                self.stopped_at = Some(std::mem::take(&mut self.last));
                self.frames.clear();
                self.starts.clear();
                return Ok(None);
            }
            self.visited += 1;
            if self.visited.is_multiple_of(PROGRESS_STEP) {
                self.ctx.check()?;
                self.ctx.progress(self.visited as f64, None, format!("{} entries", self.visited));
            }
            let place = frame.directory.join(&entry.name);
            self.last.clone_from(&place.path);
            if self.leaves_out(&entry, &place) {
                continue;
            }
            let visit = Visit { depth: self.frames.len(), kind: entry.kind, place };
            let again = self.after.as_ref().is_some_and(|after| is_on_the_way(&visit.place.path, after));
            if visit.kind == Kind::Directory && visit.depth < self.options.max_depth {
                if visit.place.depth() < MAX_DEPTH {
                    self.enter(visit.place.clone());
                } else {
                    self.skipped.too_deep += 1;
                }
            }
            if again {
                continue;
            }
            return Ok(Some(visit));
        }
    }

    fn enter(&mut self, directory: Place<'a>) {
        let Ok(found) = directory.read_directory() else {
            self.skipped.unreadable += 1;
            return;
        };
        self.skipped.unreadable += found.unreadable as u64;
        let mut entries = VecDeque::from(found.entries);
        if let Some(next) = self.after.as_ref().and_then(|after| next_part(&directory.path, after)) {
            entries.retain(|entry| entry.name.as_str() >= next);
        }
        let rules = if self.options.ignored { None } else { ignored::rules(&directory) };
        self.frames.push(Frame { directory, entries, rules });
    }

    fn leaves_out(&mut self, entry: &Entry, place: &Place<'_>) -> bool {
        if !self.options.hidden && entry.name.starts_with('.') {
            self.skipped.hidden += 1;
            return true;
        }
        if self.options.ignored {
            return false;
        }
        let near = self.frames.iter().rev().filter_map(|frame| frame.rules.as_ref());
        let all = near.chain(self.above.iter().rev());
        let ignored = all.into_iter().find_map(|rules| ignored::says(rules, &place.path, entry.kind)).unwrap_or(false);
        self.skipped.ignored += u64::from(ignored);
        ignored
    }
}

fn bad_cursor(cursor: &str) -> Error {
    Error::invalid_arguments(format!(
        "`cursor` is `{cursor}`: give the `next_cursor` of a call with the same `path`, or leave it out to start again"
    ))
}

/// Whether the cursor is this path or below it: what was visited before.
fn is_on_the_way(path: &str, after: &[String]) -> bool {
    let mut parts = path.split('/');
    let mut same = after.iter();
    loop {
        match (parts.next(), same.next()) {
            (None, _) => return true,
            (Some(part), Some(other)) if part == other => {}
            _ => return false,
        }
    }
}

/// The name in this directory through which the cursor goes; none where it goes elsewhere, or ends here.
fn next_part<'c>(directory: &str, after: &'c [String]) -> Option<&'c str> {
    let depth = directory.split('/').count();
    let same = directory.split('/').zip(after).all(|(part, other)| part.cmp(other) == Ordering::Equal);
    if same { after.get(depth).map(String::as_str) } else { None }
}
