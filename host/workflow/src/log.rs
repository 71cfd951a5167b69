//! The events of one workflow, verified: a graph of content-addressed nodes that grows and never changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use uuid::Uuid;

use super::{Body, ContentId, Event, MAX_EVENT_BYTES};

/// Events of one workflow: a thousand steps with all their attempts, and no more.
pub const MAX_EVENTS: usize = 100_000;
/// Heads of a log: each is a host that wrote apart from the others. An event names them all as its parents.
pub const MAX_HEADS: usize = 32;

/// Why events are no log, or do not go into this one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// Nothing, or nothing that begins.
    #[error("the log has no first event (`submitted`, without parents)")]
    NoBeginning,
    /// Two beginnings, or a beginning in the middle.
    #[error("event {cid} begins a workflow a second time; these are events of another one")]
    OtherWorkflow {
        /// The event.
        cid: ContentId,
    },
    /// The content is not what the id says.
    #[error("event {cid} has a content with another hash; it was changed, fetch it again")]
    Forged {
        /// The event.
        cid: ContentId,
    },
    /// A parent is not there.
    #[error("event {cid} has the parent {parent}, which is not there; fetch what is missing first")]
    MissingParent {
        /// The event.
        cid: ContentId,
        /// Its parent.
        parent: ContentId,
    },
    /// The number or the parents are not in the one form that is accepted.
    #[error("event {cid} is malformed: its parents must be sorted and its seq one more than the largest of theirs")]
    Form {
        /// The event.
        cid: ContentId,
    },
    /// An event beyond its size.
    #[error("event {cid} has {bytes} bytes; at most {MAX_EVENT_BYTES} are accepted, keep results by their id")]
    TooLarge {
        /// The event.
        cid: ContentId,
        /// Its bytes as JSON.
        bytes: usize,
    },
    /// More events than a workflow can have.
    #[error("the log would pass {MAX_EVENTS} events")]
    Full,
    /// More branches than hosts could have written.
    #[error("the log would have more than {MAX_HEADS} heads")]
    TooManyHeads,
}

/// A verified log. Whatever way events came in, the same events are the same log.
#[derive(Clone, Debug, PartialEq)]
pub struct Log {
    workflow: Uuid,
    plan: ContentId,
    root: ContentId,
    /// By seq and id: parents come before children, and all hosts read in one order.
    pub(super) events: BTreeMap<(u64, ContentId), Event>,
    pub(super) seqs: HashMap<ContentId, u64>,
    pub(super) heads: BTreeSet<ContentId>,
}

impl Log {
    /// The log of a workflow that was just accepted: one event.
    #[must_use]
    pub fn begin(workflow: Uuid, plan: ContentId, at: u64) -> Self {
        let event = Event::new(Vec::new(), 1, at, Body::Submitted { workflow, plan });
        Self::with_root(workflow, plan, event)
    }

    fn with_root(workflow: Uuid, plan: ContentId, event: Event) -> Self {
        let root = event.cid;
        let mut log =
            Self { workflow, plan, root, events: BTreeMap::new(), seqs: HashMap::new(), heads: BTreeSet::new() };
        log.insert(event);
        log
    }

    /// A log from stored or received events, in any order and with repetitions.
    ///
    /// # Errors
    ///
    /// [`LogError`]: every id is computed anew and every parent must be there.
    pub fn from_events(events: impl IntoIterator<Item = Event>) -> Result<Self, LogError> {
        let (roots, others): (Vec<_>, Vec<_>) = events.into_iter().partition(|event| event.parents.is_empty());
        let root = roots.first().cloned().ok_or(LogError::NoBeginning)?;
        let Body::Submitted { workflow, plan } = root.body else { return Err(LogError::NoBeginning) };
        check_content(&root)?;
        if root.seq != 1 {
            return Err(LogError::Form { cid: root.cid });
        }
        let mut log = Self::with_root(workflow, plan, root);
        log.absorb(roots.into_iter().chain(others))?;
        Ok(log)
    }

    /// Writes what happened after everything that is known. `at` is milliseconds since the Unix epoch; it is raised
    /// to that of the latest event, so that a clock that was set back makes no negative durations.
    ///
    /// # Errors
    ///
    /// [`LogError::Full`], [`LogError::TooLarge`], [`LogError::OtherWorkflow`] for a second `submitted`.
    pub fn append(&mut self, body: Body, at: u64) -> Result<&Event, LogError> {
        let heads = self.heads.iter().filter_map(|head| self.event(head));
        let (seq, latest) = heads.fold((0, 0), |(seq, at), head| (head.seq.max(seq), head.at.max(at)));
        let event = Event::new(self.clock(), seq + 1, at.max(latest), body);
        if matches!(event.body, Body::Submitted { .. }) {
            return Err(LogError::OtherWorkflow { cid: event.cid });
        }
        if self.len() >= MAX_EVENTS {
            return Err(LogError::Full);
        }
        check_content(&event)?;
        let key = (event.seq, event.cid);
        self.insert(event);
        self.events.get(&key).ok_or(LogError::Full)
    }

    /// The workflow's id.
    #[must_use]
    pub fn workflow(&self) -> Uuid {
        self.workflow
    }

    /// The content id of the workflow's spec.
    #[must_use]
    pub fn plan(&self) -> ContentId {
        self.plan
    }

    /// The frontier: the events that no other has as a parent, sorted. Two logs with the same clock are the same.
    #[must_use]
    pub fn clock(&self) -> Vec<ContentId> {
        self.heads.iter().copied().collect()
    }

    /// How many events there are, at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a log has its first event from the beginning")]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// The events, parents before children, in the order in which every host folds them.
    pub fn events(&self) -> impl ExactSizeIterator<Item = &Event> {
        self.events.values()
    }

    /// An event by its id.
    #[must_use]
    pub fn event(&self, cid: &ContentId) -> Option<&Event> {
        self.events.get(&(*self.seqs.get(cid)?, *cid))
    }

    pub(super) fn root(&self) -> ContentId {
        self.root
    }

    /// Takes in a verified event whose parents are there.
    pub(super) fn insert(&mut self, event: Event) {
        for parent in &event.parents {
            self.heads.remove(parent);
        }
        self.heads.insert(event.cid);
        self.seqs.insert(event.cid, event.seq);
        self.events.insert((event.seq, event.cid), event);
    }
}

/// An event's content has its id and fits.
pub(super) fn check_content(event: &Event) -> Result<(), LogError> {
    let (cid, bytes) = event.name();
    if cid != event.cid {
        return Err(LogError::Forged { cid: event.cid });
    }
    if bytes > MAX_EVENT_BYTES {
        return Err(LogError::TooLarge { cid, bytes });
    }
    Ok(())
}
