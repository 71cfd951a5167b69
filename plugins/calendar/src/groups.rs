//! Which components of a calendar belong together.

use std::collections::HashMap;

use crate::{
    issues::Issues,
    item::{Item, Stamp},
};

/// A series: its first component, and those that stand for single occurrences.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) master: Option<usize>,
    pub(crate) changed: Vec<usize>,
}

/// The series of a calendar, in the order of the file. Of components of the same UID and occurrence the one with the highest
/// SEQUENCE counts, and of equal ones the last.
pub(crate) fn groups(items: &[Item], issues: &mut Issues) -> Vec<Group> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut versions: HashMap<(&str, Option<Stamp>), usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let key = (item.uid.as_str(), item.recurrence_id);
        if item.uid.is_empty() {
            groups.push(Group { master: Some(index), changed: Vec::new() });
        } else if let Some(known) = versions.get_mut(&key) {
            let older = items.get(*known).is_some_and(|known| known.sequence > item.sequence);
            let (kept, dropped) = if older { (*known, index) } else { (index, *known) };
            let line = |index: usize| items.get(index).map_or(0, |item| item.line);
            issues.add(line(dropped), format!("line {} has a later version of this UID: it was left out", line(kept)));
            *known = kept;
        } else {
            versions.insert(key, index);
        }
    }
    for ((uid, recurrence), index) in versions {
        let place = *places.entry(uid).or_insert_with(|| {
            groups.push(Group::default());
            groups.len() - 1
        });
        let Some(group) = groups.get_mut(place) else { continue };
        match recurrence {
            None => group.master = Some(index),
            Some(_) => group.changed.push(index),
        }
    }
    // Issues come in the order of the file.
    groups.iter_mut().for_each(|group| group.changed.sort_unstable());
    groups.sort_unstable_by_key(|group| group.master.or(group.changed.first().copied()));
    groups
}
