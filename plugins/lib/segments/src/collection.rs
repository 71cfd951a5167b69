//! Collections by name: made, read, changed, merged and removed.

use serde::{Serialize, de::DeserializeOwned};

use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::head::{Head, SegmentRef, decode, encode};
use crate::segment::{SegmentReader, SegmentWriter, born, incarnation_prefix, new_id, remove_all, segment_prefix};
use crate::storage::{MAX_KEYS_PER_PAGE, Storage};
use crate::{MAX_ATTEMPTS, MAX_SEGMENTS, policy};

/// No call lives this long, so an unreferenced segment of this age belongs to none that could still commit it.
const ABANDONED_AFTER_SECONDS: u64 = 3600;
/// How often a read starts over because a merge took a segment away under it.
const MAX_READS: u32 = 8;
/// The longest name.
pub const MAX_NAME_BYTES: usize = 64;

/// The row of a [`Replacement`] that a row was left out of.
pub const DROPPED: u32 = u32::MAX;

/// What a merge made of some segments.
#[derive(Debug)]
pub struct Replacement {
    /// The new segment; none when no row was live.
    pub segment: Option<SegmentRef>,
    /// For every source, in order, and every row of it: its row in the new segment, or [`DROPPED`].
    pub rows: Vec<Vec<u32>>,
}

/// A change of a collection's rows, as one commit.
pub struct Change<'c, T> {
    /// The life of the collection that the change was made for.
    pub incarnation: &'c str,
    /// A new segment, written and not yet listed.
    pub segment: Option<SegmentRef>,
    /// The rows of a listed segment that the change deletes or replaces. It must not depend on anything but the segment.
    pub locate: &'c dyn Fn(&SegmentReader<'_>) -> Result<Vec<u32>>,
    /// May refuse what the collection would become.
    pub admit: &'c dyn Fn(&Head<T>) -> Result<()>,
}

impl<T> std::fmt::Debug for Change<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Change").field("segment", &self.segment).finish_non_exhaustive()
    }
}

/// The collections of one plugin in one store.
#[derive(Clone, Copy, Debug)]
pub struct Collections<'a> {
    storage: &'a dyn Storage,
    environment: &'a dyn Environment,
    /// What a collection is called in messages.
    noun: &'static str,
}

impl<'a> Collections<'a> {
    /// The collections in `storage`, each called a `noun` in messages.
    pub fn new(storage: &'a dyn Storage, environment: &'a dyn Environment, noun: &'static str) -> Self {
        Self { storage, environment, noun }
    }

    /// Makes a collection. Answers the one that is already there, if there is one.
    pub fn create<T: Serialize + DeserializeOwned>(&self, name: &str, settings: T) -> Result<Option<Head<T>>> {
        check_name(self.noun, name)?;
        let incarnation = format!("{:016x}", self.environment.random()?);
        let head = Head { incarnation, revision: 0, settings, segments: Vec::new() };
        if self.storage.compare_and_set(&head_key(name), None, &encode(&head)?)? {
            return Ok(None);
        }
        self.head(name).map(Some)
    }

    /// The head of a collection.
    pub fn head<T: DeserializeOwned>(&self, name: &str) -> Result<Head<T>> {
        Ok(self.load(name)?.0)
    }

    /// Runs `query` on a consistent state of a collection; again when a merge took a segment away under it.
    pub fn read<T: DeserializeOwned, R>(&self, name: &str, mut query: impl FnMut(&Head<T>) -> Result<R>) -> Result<R> {
        let mut seen = None;
        for _ in 0..MAX_READS {
            let head = self.head(name)?;
            let state = Some((head.incarnation.clone(), head.revision));
            match query(&head) {
                Err(Error::Stale) if seen == state => return Err(Error::corrupt("a listed segment is missing")),
                Err(Error::Stale) => seen = state,
                answer => return answer,
            }
        }
        Err(Error::Contended(name.to_owned()))
    }

    /// The names of the collections after `after`, and whether there are more.
    pub fn names(&self, limit: u32, after: Option<&str>) -> Result<(Vec<String>, bool)> {
        let after = after.map(head_key);
        let page = self.storage.list(HEADS, limit.min(MAX_KEYS_PER_PAGE), after.as_deref())?;
        let names = page.keys.iter().filter_map(|key| key.strip_prefix(HEADS)).map(str::to_owned).collect();
        Ok((names, page.next.is_some()))
    }

    /// A writer of a new segment for the collection.
    pub fn writer<T>(&self, head: &Head<T>) -> Result<SegmentWriter<'a>> {
        Ok(SegmentWriter::new(self.storage, &head.incarnation, new_id(self.environment)?))
    }

    /// A reader of a listed segment.
    pub fn reader<T>(&self, head: &Head<T>, segment: &SegmentRef) -> SegmentReader<'a> {
        SegmentReader::new(self.storage, &head.incarnation, &segment.id)
    }

    /// Commits a change: its new segment is listed, and the rows it locates in all others are dead. Answers the
    /// head that it made and how many live rows it deleted or replaced. When it fails, the new segment is removed.
    pub fn commit<T: Serialize + DeserializeOwned>(&self, name: &str, change: Change<'_, T>) -> Result<(Head<T>, u64)> {
        let outcome = self.try_commit(name, &change);
        match &outcome {
            // Whether the head was set is unknown, so the segment must stay; if it was not, a sweep takes it.
            Ok(_) | Err(Error::Storage(_)) => {}
            Err(_) => self.discard(change.incarnation, &change.segment),
        }
        outcome
    }

    fn try_commit<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        change: &Change<'_, T>,
    ) -> Result<(Head<T>, u64)> {
        // A segment never changes, so what was located in it holds for the next attempt too.
        let mut located: Vec<(String, Vec<u32>)> = Vec::new();
        for _ in 0..MAX_ATTEMPTS {
            let (mut head, bytes) = self.load::<T>(name)?;
            self.same_life(name, &head, change.incarnation)?;
            match self.locate(&head, change, &mut located) {
                Err(Error::Stale) => continue,
                done => done?,
            }
            let mut replaced = 0;
            for segment in &mut head.segments {
                let rows = located.iter().find(|(id, _)| *id == segment.id);
                for row in rows.into_iter().flat_map(|(_, rows)| rows) {
                    replaced += u64::from(*row < segment.rows && segment.dead.insert(*row));
                }
            }
            if replaced == 0 && change.segment.is_none() {
                return Ok((head, 0));
            }
            let (kept, emptied) = head.segments.into_iter().partition(|segment| segment.live() > 0);
            head.segments = kept;
            head.segments.extend(change.segment.clone());
            if head.segments.len() > MAX_SEGMENTS {
                return Err(Error::Contended(name.to_owned()));
            }
            (change.admit)(&head)?;
            if self.swap(name, &mut head, &bytes)? {
                self.discard(&head.incarnation, &emptied);
                return Ok((head, replaced));
            }
        }
        Err(Error::Contended(name.to_owned()))
    }

    fn locate<T>(&self, head: &Head<T>, change: &Change<'_, T>, located: &mut Vec<(String, Vec<u32>)>) -> Result<()> {
        for segment in &head.segments {
            if located.iter().all(|(id, _)| *id != segment.id) {
                let rows = (change.locate)(&self.reader(head, segment))?;
                located.push((segment.id.clone(), rows));
            }
        }
        Ok(())
    }

    /// Merges what the policy chooses, at most once: `merge` writes the sources' live rows as a new segment.
    /// Answers whether it did. Another call that was faster is no error; and no error of a merge undoes anything that
    /// was committed, so a caller who has acknowledged a change may go on.
    pub fn maintain<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        merge: impl FnOnce(&Head<T>, &[&SegmentRef]) -> Result<Replacement>,
    ) -> Result<bool> {
        let head = self.head::<T>(name)?;
        let Some(chosen) = policy::choose(&head.segments) else { return Ok(false) };
        let sources: Vec<&SegmentRef> = chosen.iter().filter_map(|at| head.segments.get(*at)).collect();
        let replacement = match merge(&head, &sources) {
            Err(Error::Stale) => return Ok(false),
            merged => merged?,
        };
        if self.replace::<T>(name, &head.incarnation, &sources, &replacement)? {
            self.discard(&head.incarnation, sources);
            self.sweep::<T>(name)?;
            return Ok(true);
        }
        self.discard(&head.incarnation, &replacement.segment);
        Ok(false)
    }

    /// Puts the new segment in the sources' place. Rows that died meanwhile stay dead.
    fn replace<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        incarnation: &str,
        sources: &[&SegmentRef],
        replacement: &Replacement,
    ) -> Result<bool> {
        for _ in 0..MAX_ATTEMPTS {
            let (mut head, bytes) = match self.load::<T>(name) {
                Err(Error::NotFound(_)) => return Ok(false),
                loaded => loaded?,
            };
            if head.incarnation != incarnation {
                return Ok(false);
            }
            let mut new = replacement.segment.clone();
            for (source, rows) in sources.iter().zip(&replacement.rows) {
                let Some(at) = head.segments.iter().position(|segment| segment.id == source.id) else {
                    return Ok(false);
                };
                let dead = head.segments.remove(at).dead;
                for row in dead.iter() {
                    if let (Some(&row), Some(new)) = (rows.get(row as usize), &mut new)
                        && row != DROPPED
                    {
                        new.dead.insert(row);
                    }
                }
            }
            head.segments.extend(new.filter(|segment| segment.live() > 0));
            if self.swap(name, &mut head, &bytes)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes a collection with everything in it. Answers what its head was.
    pub fn remove<T: DeserializeOwned>(&self, name: &str) -> Result<Head<T>> {
        let head = self.head::<T>(name)?;
        if !self.storage.delete(&head_key(name))? {
            return Err(self.missing(name));
        }
        remove_all(self.storage, &incarnation_prefix(&head.incarnation))?;
        Ok(head)
    }

    /// Removes segments that calls left behind which died before they could commit them.
    fn sweep<T: DeserializeOwned>(&self, name: &str) -> Result<()> {
        let head = self.head::<T>(name)?;
        let prefix = incarnation_prefix(&head.incarnation);
        let deadline = self.environment.now().saturating_sub(ABANDONED_AFTER_SECONDS);
        let mut after = None;
        loop {
            let page = self.storage.list(&prefix, MAX_KEYS_PER_PAGE, after.as_deref())?;
            for key in &page.keys {
                let id = key.get(prefix.len()..).and_then(|rest| rest.split('/').next()).unwrap_or_default();
                let listed = head.segments.iter().any(|segment| segment.id == id);
                if !listed && born(id).is_some_and(|born| born < deadline) {
                    self.storage.delete(key)?;
                }
            }
            if page.next.is_none() {
                return Ok(());
            }
            after = page.next;
        }
    }

    /// Removes segments that no head lists. What cannot be removed now, a sweep will remove.
    fn discard<'s>(&self, incarnation: &str, segments: impl IntoIterator<Item = &'s SegmentRef>) {
        for segment in segments {
            let _ = remove_all(self.storage, &segment_prefix(incarnation, &segment.id));
        }
    }

    fn load<T: DeserializeOwned>(&self, name: &str) -> Result<(Head<T>, Vec<u8>)> {
        check_name(self.noun, name)?;
        let bytes = self.storage.get(&head_key(name))?.ok_or_else(|| self.missing(name))?;
        Ok((decode(&bytes)?, bytes))
    }

    fn swap<T: Serialize>(&self, name: &str, head: &mut Head<T>, expected: &[u8]) -> Result<bool> {
        head.revision += 1;
        Ok(self.storage.compare_and_set(&head_key(name), Some(expected), &encode(head)?)?)
    }

    fn same_life<T>(&self, name: &str, head: &Head<T>, incarnation: &str) -> Result<()> {
        if head.incarnation == incarnation { Ok(()) } else { Err(self.missing(name)) }
    }

    fn missing(&self, name: &str) -> Error {
        Error::NotFound(format!("there is no {} `{name}`; create it first", self.noun))
    }
}

const HEADS: &str = "head/";

fn head_key(name: &str) -> String {
    format!("{HEADS}{name}")
}

fn check_name(noun: &str, name: &str) -> Result<()> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.bytes().all(allowed) {
        return Err(Error::invalid(format!(
            "the name of a {noun} is 1 to {MAX_NAME_BYTES} letters, digits, `_`, `.` or `-`"
        )));
    }
    Ok(())
}
