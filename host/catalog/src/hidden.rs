//! What plugins have hidden, for each tenant. Bounded by what there is to hide.

use std::{collections::HashSet, sync::Arc};

use tandem_engine::EntryKind;

/// One hidden entry. Names are unique in the host, so the plugin need not be part of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    pub(crate) tenant: Arc<str>,
    pub(crate) kind: EntryKind,
    pub(crate) name: String,
}

/// An immutable set; a change makes a new one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hidden(HashSet<Entry>);

impl Hidden {
    /// The set with the entry hidden or shown; none when that changes nothing.
    pub(crate) fn with(&self, entry: Entry, hidden: bool) -> Option<Self> {
        if self.0.contains(&entry) == hidden {
            return None;
        }
        let mut next = self.clone();
        if hidden {
            next.0.insert(entry);
        } else {
            next.0.remove(&entry);
        }
        Some(next)
    }

    /// Only what is hidden of those that are there.
    pub(crate) fn of_those(&self, there: impl Fn(EntryKind, &str) -> bool) -> Self {
        Self(self.0.iter().filter(|entry| there(entry.kind, &entry.name)).cloned().collect())
    }

    pub(crate) fn hides(&self, tenant: &Arc<str>, kind: EntryKind, name: &str) -> bool {
        // Nearly always empty: no allocation on a call's path.
        !self.0.is_empty() && self.0.contains(&Entry { tenant: tenant.clone(), kind, name: name.to_owned() })
    }
}
