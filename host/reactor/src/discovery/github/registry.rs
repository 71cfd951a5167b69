//! The registry of one issue: reads its pages, and writes and deletes this host's comments.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    time::Duration,
};

use libp2p_identity::PeerId;

use super::{
    BadComment, GithubError, GithubSettings, LABEL, Listing, MAX_DELETES, MAX_PAGES, POLL, RemovedComments,
    api::{Api, PER_PAGE, PageAnswer},
    comment,
    limits::MAX_TRIES,
    marked::{CachedPage, Marked, is_author, marked},
};
use crate::{discovery::record::HostRecord, trust::UnixMillis};

/// The registry of one issue.
#[derive(Debug)]
pub struct GithubRegistry {
    api: Api,
    issue: Option<u64>,
    account: Option<Option<u64>>,
    pages: Vec<CachedPage>,
    polled: Option<UnixMillis>,
    not_before: UnixMillis,
    own: Option<(PeerId, u64)>,
}

impl GithubRegistry {
    /// A registry; nothing is asked for yet.
    ///
    /// # Errors
    /// [`GithubError::Base`], [`GithubError::Exposed`], [`GithubError::Token`] or [`GithubError::Client`].
    pub fn new(settings: &GithubSettings) -> Result<Self, GithubError> {
        Ok(Self {
            api: Api::new(settings)?,
            issue: settings.issue,
            account: None,
            pages: Vec::new(),
            polled: None,
            not_before: UnixMillis(0),
            own: None,
        })
    }

    /// All records. Within [`POLL`] of the last reading the answer is the one of then.
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn list(&mut self, now: UnixMillis) -> Result<Listing, GithubError> {
        let recent = |polled: UnixMillis| now >= polled && now.since(polled) < POLL;
        if !self.polled.is_some_and(recent) {
            let read = self.read(now).await;
            self.limited(read, now)?;
            self.polled = Some(now);
        }
        Ok(self.listing())
    }

    /// Writes the record of this host into its comment, or a new one. Answers the comment's id.
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn publish(&mut self, record: &HostRecord, now: UnixMillis) -> Result<u64, GithubError> {
        let written = self.write(record, now).await;
        self.limited(written, now)
    }

    /// Deletes comments of this host's account whose record has expired, and what else stands under this host's
    /// marker. A dry run deletes none.
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn cleanup(
        &mut self,
        own: &PeerId,
        dry_run: bool,
        now: UnixMillis,
    ) -> Result<RemovedComments, GithubError> {
        let cleaned = self.clean(own, dry_run, now).await;
        self.limited(cleaned, now)
    }

    /// Remembers for how long GitHub wants to be left alone.
    fn limited<T>(&mut self, result: Result<T, GithubError>, now: UnixMillis) -> Result<T, GithubError> {
        if let Err(GithubError::RateLimited { retry_after }) = &result {
            self.not_before = now.after(*retry_after);
        }
        result
    }

    fn ready(&self, now: UnixMillis) -> Result<(), GithubError> {
        match self.not_before.since(now) {
            Duration::ZERO => Ok(()),
            retry_after => Err(GithubError::RateLimited { retry_after }),
        }
    }

    async fn read(&mut self, now: UnixMillis) -> Result<(), GithubError> {
        self.ready(now)?;
        let issue = self.issue(now).await?;
        let mut next = Some(self.api.comments_url(issue)?);
        let mut old = std::mem::take(&mut self.pages);
        let mut pages = Vec::new();
        while let Some(url) = next.take().filter(|_| pages.len() < MAX_PAGES) {
            let cached = old.iter().position(|page| page.url == url).map(|at| old.swap_remove(at));
            // A full last page stays as it is when another follows it: ask for it whole.
            let etag =
                cached.as_ref().filter(|page| page.next.is_some() || !page.full).and_then(|page| page.etag.as_ref());
            let page = match (self.api.page(&url, etag, now).await?, cached) {
                (PageAnswer::Unchanged(link), Some(page)) => CachedPage { next: link.or(page.next), ..page },
                (PageAnswer::Unchanged(_), None) => {
                    let reason = "304 to a request without an etag".to_owned();
                    return Err(GithubError::Document { path: url.path().to_owned(), reason });
                }
                (PageAnswer::Page { comments, etag, next }, _) => CachedPage {
                    full: comments.len() >= PER_PAGE,
                    comments: comments.into_iter().take(PER_PAGE).filter_map(marked).collect(),
                    too_long: false,
                    url,
                    etag,
                    next,
                },
                (PageAnswer::TooLong(next), _) => {
                    CachedPage { url, etag: None, next, comments: Vec::new(), full: true, too_long: true }
                }
            };
            // A page that links to one that was read already would go round in circles.
            next = page.next.clone().filter(|next| pages.iter().all(|page: &CachedPage| page.url != *next));
            pages.push(page);
        }
        self.pages = pages;
        Ok(())
    }

    fn listing(&self) -> Listing {
        let truncated = self.pages.iter().any(|page| page.too_long)
            || (self.pages.len() >= MAX_PAGES && self.pages.last().is_some_and(|page| page.next.is_some()));
        let mut newest: BTreeMap<PeerId, &HostRecord> = BTreeMap::new();
        let mut bad = Vec::new();
        for marked in self.marked() {
            match &marked.record {
                Err(error) => bad.push(BadComment { comment: marked.id, error: error.clone() }),
                Ok(record) => match newest.entry(record.peer()) {
                    Entry::Vacant(entry) => drop(entry.insert(record)),
                    Entry::Occupied(mut entry) if entry.get().sequence() < record.sequence() => {
                        entry.insert(record);
                    }
                    Entry::Occupied(_) => {}
                },
            }
        }
        Listing { records: newest.into_values().cloned().collect(), bad, truncated }
    }

    fn marked(&self) -> impl Iterator<Item = &Marked> {
        self.pages.iter().flat_map(|page| &page.comments)
    }

    async fn write(&mut self, record: &HostRecord, now: UnixMillis) -> Result<u64, GithubError> {
        if !self.api.has_token() {
            return Err(GithubError::NoToken);
        }
        self.ready(now)?;
        let (peer, text) = (record.peer(), comment::write(record));
        if let Some((_, comment)) = self.own.filter(|(own, _)| *own == peer) {
            if self.api.update(comment, &text, now).await? {
                return Ok(comment);
            }
            self.own = None;
        }
        self.list(now).await?;
        let account = self.account(now).await?;
        let ours = |marked: &&Marked| marked.peer == Some(peer) && is_author(marked, account);
        let found: Vec<u64> = self.marked().filter(ours).map(|marked| marked.id).take(MAX_TRIES).collect();
        for comment in found {
            if self.api.update(comment, &text, now).await? {
                self.own = Some((peer, comment));
                return Ok(comment);
            }
        }
        let issue = self.issue(now).await?;
        let comment = self.api.create(issue, &text, now).await?;
        self.own = Some((peer, comment));
        Ok(comment)
    }

    async fn clean(&mut self, own: &PeerId, dry_run: bool, now: UnixMillis) -> Result<RemovedComments, GithubError> {
        if !self.api.has_token() {
            return Err(GithubError::NoToken);
        }
        self.list(now).await?;
        self.ready(now)?;
        let account = self.account(now).await?;
        let current = self.own.map(|(_, comment)| comment);
        let over = |marked: &&Marked| {
            let mine = marked.peer == Some(*own);
            let expired = marked.record.as_ref().is_ok_and(|record| record.expires_at() <= now);
            // Where the account is not known, only our own marker says that a comment may be ours.
            let ours = is_author(marked, account) && (account.is_some() || mine);
            let leftover = mine && current.is_some_and(|current| current != marked.id);
            ours && current != Some(marked.id) && (expired || leftover)
        };
        let gone: Vec<_> =
            self.marked().filter(over).take(MAX_DELETES).map(|marked| (marked.id, marked.peer)).collect();
        let mut removed = Vec::new();
        for (comment, peer) in gone {
            if dry_run || self.api.delete(comment, now).await? {
                removed.extend(peer);
                if !dry_run {
                    self.forget(comment);
                }
            }
        }
        let left = self.marked().count();
        Ok(RemovedComments { kept: if dry_run { left.saturating_sub(removed.len()) } else { left }, removed })
    }

    fn forget(&mut self, comment: u64) {
        for page in &mut self.pages {
            page.comments.retain(|marked| marked.id != comment);
        }
    }

    async fn issue(&mut self, now: UnixMillis) -> Result<u64, GithubError> {
        if let Some(issue) = self.issue {
            return Ok(issue);
        }
        // Pull requests are issues too.
        let issues = self.api.issues(LABEL, now).await?;
        let issue = issues.into_iter().find(|issue| issue.pull_request.is_none()).ok_or(GithubError::NoIssue)?.number;
        self.issue = Some(issue);
        Ok(issue)
    }

    async fn account(&mut self, now: UnixMillis) -> Result<Option<u64>, GithubError> {
        if let Some(account) = self.account {
            return Ok(account);
        }
        let account = self.api.account(now).await?;
        self.account = Some(account);
        Ok(account)
    }
}

#[cfg(test)]
mod tests;
