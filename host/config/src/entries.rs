//! The effective values of a configuration, where each comes from, and which of them another one changes.

use std::collections::{BTreeMap, BTreeSet};

use tandem_types::text::REDACTED;

use crate::{ConfigEntry, HostConfig, Origin, origin::Origins};

impl HostConfig {
    /// Where the value of a key comes from. Keys are dotted, as in [`HostConfig::entries`].
    #[must_use]
    pub fn origin(&self, key: &str) -> Origin {
        self.origins.of(key)
    }

    /// Every effective value with its origin, sorted by key. Secrets are redacted; a value that was given by
    /// reference shows the reference.
    #[must_use]
    pub fn entries(&self) -> Vec<ConfigEntry> {
        self.origins.entries(self)
    }

    /// The keys whose values are others in `next`, sorted. A secret that was exchanged is one, although it is not shown: what both
    /// layers give is compared as it was read; one that a default stands against, as it is shown.
    #[must_use]
    pub fn changed(&self, next: &Self) -> Vec<String> {
        let shown = |config: &Self| -> BTreeMap<String, String> {
            let entries = Origins::default().entries(config);
            entries.into_iter().map(|entry| (entry.key, entry.value)).collect()
        };
        let (before, after) = (shown(self), shown(next));
        let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let differs = |key: &&String| {
            let read = (self.origins.read(key), next.origins.read(key));
            before.get(*key) != after.get(*key)
                || matches!(read, (Some(old), Some(new)) if old != new && is_hidden(before.get(*key)))
        };
        keys.into_iter().filter(differs).cloned().collect()
    }
}

/// Whether what is shown is not all that was read.
fn is_hidden(shown: Option<&String>) -> bool {
    shown.is_some_and(|shown| shown.contains(REDACTED))
}
