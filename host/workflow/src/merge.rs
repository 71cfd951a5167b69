//! Bringing together what several hosts wrote about one workflow: the union of their events.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{ContentId, Event, Log, LogError, MAX_EVENTS, MAX_HEADS, log::check_content};

impl Log {
    /// Takes in another log of the same workflow; says how many events were new.
    ///
    /// The result is the union, hence the same for any order and any number of merges.
    ///
    /// # Errors
    ///
    /// [`LogError::OtherWorkflow`], [`LogError::Full`], [`LogError::TooManyHeads`]; nothing was taken in then.
    pub fn merge(&mut self, other: &Self) -> Result<usize, LogError> {
        if self.root() != other.root() {
            return Err(LogError::OtherWorkflow { cid: other.root() });
        }
        // Verified already, and complete: no event has to be hashed again.
        let new = other.events.iter().filter(|(key, _)| !self.events.contains_key(key));
        let new: BTreeMap<_, _> = new.map(|(key, event)| (*key, event.clone())).collect();
        self.take(new)
    }

    /// Takes in received events, in any order and with repetitions; their parents must be among them or here. Says
    /// how many were new.
    ///
    /// # Errors
    ///
    /// [`LogError`]; nothing was taken in then.
    pub fn absorb(&mut self, events: impl IntoIterator<Item = Event>) -> Result<usize, LogError> {
        let mut new = BTreeMap::new();
        for event in events {
            // An event that is here is not compared: same name, same content.
            check_content(&event)?;
            if self.seqs.contains_key(&event.cid) {
                continue;
            }
            if event.parents.is_empty() || matches!(event.body, super::Body::Submitted { .. }) {
                return Err(LogError::OtherWorkflow { cid: event.cid });
            }
            new.insert((event.seq, event.cid), event);
            if self.len() + new.len() > MAX_EVENTS {
                return Err(LogError::Full);
            }
        }
        let seqs: HashMap<ContentId, u64> = new.keys().map(|(seq, cid)| (*cid, *seq)).collect();
        new.values().try_for_each(|event| self.check_links(event, &seqs))?;
        self.take(new)
    }

    /// The events that whoever has this frontier lacks, parents first. Heads that are unknown here count as nothing:
    /// the other side is ahead there.
    #[must_use]
    pub fn since(&self, frontier: &[ContentId]) -> Vec<&Event> {
        let mut known = BTreeSet::new();
        let mut next: Vec<_> = frontier.iter().filter_map(|cid| self.event(cid)).collect();
        while let Some(event) = next.pop() {
            if known.insert(event.cid) {
                next.extend(event.parents.iter().filter_map(|cid| self.event(cid)));
            }
        }
        self.events().filter(|event| !known.contains(&event.cid)).collect()
    }

    /// The parents are there, each once and sorted, and the number follows theirs.
    fn check_links(&self, event: &Event, new: &HashMap<ContentId, u64>) -> Result<(), LogError> {
        let cid = event.cid;
        if event.parents.len() > MAX_HEADS {
            return Err(LogError::TooManyHeads);
        }
        let mut largest = 0;
        for parent in &event.parents {
            let seq = new.get(parent).or_else(|| self.seqs.get(parent));
            largest = largest.max(*seq.ok_or(LogError::MissingParent { cid, parent: *parent })?);
        }
        let sorted = event.parents.iter().zip(event.parents.iter().skip(1)).all(|(a, b)| a < b);
        if sorted && largest.checked_add(1) == Some(event.seq) { Ok(()) } else { Err(LogError::Form { cid }) }
    }

    fn take(&mut self, new: BTreeMap<(u64, ContentId), Event>) -> Result<usize, LogError> {
        if self.len() + new.len() > MAX_EVENTS {
            return Err(LogError::Full);
        }
        let parents: BTreeSet<&ContentId> = new.values().flat_map(|event| &event.parents).collect();
        let heads = self.heads.iter().chain(new.keys().map(|(_, cid)| cid));
        if heads.filter(|head| !parents.contains(head)).count() > MAX_HEADS {
            return Err(LogError::TooManyHeads);
        }
        let count = new.len();
        new.into_values().for_each(|event| self.insert(event));
        Ok(count)
    }
}
