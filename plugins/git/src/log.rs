//! The history of a revision, as `git log` shows it.

use std::collections::{BinaryHeap, HashSet};

use gix_hash::ObjectId;
use tandem_sdk::prelude::*;

use crate::{
    commits::{self, Commit, Signature},
    limits::{MAX_COMMITS, PROGRESS_STEPS},
    repository::Repository,
    revision,
    trees::{self, Node},
};

/// A commit of a history.
#[output]
#[derive(Debug)]
pub(crate) struct LogEntry {
    /// Its id.
    pub id: String,
    /// The first paragraph of its message.
    pub title: String,
    /// Who wrote it, and when.
    pub author: Signature,
    /// The ids of its parents: none of the first commit, several of a merge.
    pub parents: Vec<String>,
}

/// Commits, a page of them.
#[output]
#[derive(Debug)]
pub(crate) struct History {
    /// The commits, newest first.
    pub commits: Vec<LogEntry>,
    /// Give it as `cursor` for older commits; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Which commits.
#[derive(Debug, Default)]
pub(crate) struct Query {
    pub(crate) revision: String,
    pub(crate) path: Option<String>,
    pub(crate) author: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) since: Option<String>,
    pub(crate) until: Option<String>,
    pub(crate) limit: usize,
    pub(crate) cursor: Option<String>,
}

struct Filter {
    author: Option<String>,
    message: Option<String>,
    since: Option<i64>,
    until: Option<i64>,
}

/// The newest first; of the same second, those that were found first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    seconds: i64,
    found: std::cmp::Reverse<usize>,
    id: ObjectId,
}

/// A walk through the history, newest commits first.
pub(crate) struct Walk<'a> {
    repository: &'a Repository,
    path: Option<String>,
    waiting: BinaryHeap<Waiting>,
    seen: HashSet<ObjectId>,
    looked_at: usize,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(repository: &'a Repository, start: ObjectId, path: Option<String>) -> Result<Self> {
        let mut walk = Self { repository, path, waiting: BinaryHeap::new(), seen: HashSet::new(), looked_at: 0 };
        walk.push(start)?;
        Ok(walk)
    }

    fn push(&mut self, id: ObjectId) -> Result<()> {
        if self.seen.insert(id) {
            let seconds = commits::read(self.repository, id)?.committer.seconds;
            self.waiting.push(Waiting { seconds, found: std::cmp::Reverse(self.seen.len()), id });
        }
        Ok(())
    }

    fn at_path(&self, commit: &Commit, path: &str) -> Result<Option<Node>> {
        trees::lookup(self.repository, commit.tree, path)
    }

    /// The next commit that changed the path. Where one parent has it as the commit has it, the history goes on there alone, as
    /// git simplifies it.
    pub(crate) fn next(&mut self, ctx: &Ctx) -> Result<Option<Commit>> {
        while let Some(Waiting { id, .. }) = self.waiting.pop() {
            ctx.check()?;
            self.looked_at += 1;
            if self.looked_at > MAX_COMMITS {
                return Err(Error::invalid_arguments(format!(
                    "more than {MAX_COMMITS} commits were looked at: begin at an older `revision`, or filter less"
                )));
            }
            if self.looked_at.is_multiple_of(PROGRESS_STEPS) {
                ctx.progress(self.looked_at as f64, None, "commits read");
            }
            let commit = commits::read(self.repository, id)?;
            let mut follow = commit.parents.clone();
            let mut shown = true;
            if let Some(path) = &self.path {
                let here = self.at_path(&commit, path)?;
                shown = !commit.parents.is_empty() || here.is_some();
                for parent in &commit.parents {
                    if self.at_path(&commits::read(self.repository, *parent)?, path)? == here {
                        follow = vec![*parent];
                        shown = false;
                        break;
                    }
                }
            }
            for parent in follow {
                self.push(parent)?;
            }
            if shown {
                return Ok(Some(commit));
            }
        }
        Ok(None)
    }
}

/// Seconds since 1970 of a date, as git reads dates.
fn seconds(parameter: &str, date: Option<&String>) -> Result<Option<i64>> {
    let Some(date) = date else { return Ok(None) };
    let now = gix_date::Time::now_utc().to_zoned_datetime().ok();
    gix_date::parse(date, now).map(|time| Some(time.seconds)).map_err(|_| {
        Error::invalid_arguments(format!(
            "`{parameter}`: `{date}` is not a date: give it as `2026-01-31`, `2026-01-31T12:00:00Z` or `2 weeks ago`"
        ))
    })
}

impl Filter {
    fn matches(&self, commit: &Commit) -> bool {
        let has = |text: &str, wanted: &Option<String>| {
            wanted.as_ref().is_none_or(|wanted| text.to_lowercase().contains(wanted))
        };
        let author = format!("{} <{}>", commit.author.name, commit.author.email);
        self.since.is_none_or(|since| commit.committer.seconds >= since)
            && self.until.is_none_or(|until| commit.committer.seconds <= until)
            && has(&author, &self.author)
            && has(&commit.message, &self.message)
    }
}

pub(crate) fn run(ctx: &Ctx, repository: &Repository, query: &Query) -> Result<History> {
    let path = query.path.as_deref().map(|path| trees::tidy("path", path)).transpose()?.filter(|path| !path.is_empty());
    let (start, skip) = match &query.cursor {
        Some(cursor) => parse_cursor(cursor)?,
        None => (revision::commit(repository, "revision", &query.revision)?, 0),
    };
    let lower = |text: &Option<String>| text.as_ref().map(|text| text.to_lowercase());
    let filter = Filter {
        author: lower(&query.author),
        message: lower(&query.message),
        since: seconds("since", query.since.as_ref())?,
        until: seconds("until", query.until.as_ref())?,
    };
    let mut walk = Walk::new(repository, start, path)?;
    let (mut found, mut history) = (0, History { commits: Vec::new(), next_cursor: None });
    while let Some(commit) = walk.next(ctx)? {
        if !filter.matches(&commit) {
            continue;
        }
        if history.commits.len() == query.limit {
            history.next_cursor = Some(format!("{start}:{found}"));
            break;
        }
        found += 1;
        if found > skip {
            history.commits.push(LogEntry {
                id: commit.id.to_string(),
                title: commits::title(&commit.message),
                author: commit.author,
                parents: commit.parents.iter().map(ToString::to_string).collect(),
            });
        }
    }
    Ok(history)
}

fn parse_cursor(cursor: &str) -> Result<(ObjectId, usize)> {
    let parsed = cursor.split_once(':').and_then(|(id, skip)| {
        Some((ObjectId::from_hex(id.as_bytes()).ok()?, skip.parse::<usize>().ok().filter(|skip| *skip <= MAX_COMMITS)?))
    });
    parsed.ok_or_else(|| Error::invalid_arguments("`cursor` is not the `next_cursor` of an answer"))
}
