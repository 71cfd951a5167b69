//! The current snapshot behind one lock-free load: who reads it, who replaces it, and what plugins hide in it.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use arc_swap::ArcSwap;
use tandem_engine::{EntryKind, EventSink};
use tandem_types::Caller;
use tokio::sync::broadcast;

use crate::{
    CHANGES, Category, Change, Rejected, View,
    hidden::{Entry, Hidden},
    snapshot::{Parts, Snapshot},
};

/// The current snapshot, and what is hidden from whom.
#[derive(Debug)]
pub struct Catalog {
    pub(crate) snapshot: ArcSwap<Snapshot>,
    pub(crate) hidden: ArcSwap<Hidden>,
    pub(crate) generation: AtomicU64,
    pub(crate) changes: broadcast::Sender<Change>,
    /// Whether there is a network of hosts.
    network: bool,
    /// Held by whoever makes the next snapshot. Readers do not know of it.
    pub(crate) writing: Mutex<()>,
}

impl Default for Catalog {
    fn default() -> Self {
        Self {
            snapshot: ArcSwap::from_pointee(Snapshot::of(Parts::default())),
            hidden: ArcSwap::default(),
            generation: AtomicU64::new(0),
            changes: broadcast::channel(CHANGES).0,
            network: true,
            writing: Mutex::default(),
        }
    }
}

impl Catalog {
    /// An empty catalog of a host that has tools of its own: no plugin's tool can have one of these names.
    #[must_use]
    pub fn with_reserved_names<'a>(own: impl IntoIterator<Item = &'a str>) -> Self {
        let own = own.into_iter().map(str::to_owned).collect();
        let parts = Parts { own, ..Parts::default() };
        Self { snapshot: ArcSwap::from_pointee(Snapshot::of(parts)), ..Self::default() }
    }

    /// The same for a host with or without a network of hosts. Without one, plugins that are of no use then
    /// (`runtime.requires-p2p`) are loaded, but nobody is shown what they have.
    #[must_use]
    pub fn with_network(self, network: bool) -> Self {
        Self { network, ..self }
    }

    /// Replaces the snapshot by one of these categories, in this order of precedence (file, category), and
    /// tells subscribers. Running calls go on with what they have. Answers what collides with an earlier one.
    pub fn install(&self, categories: Vec<(String, Category)>, rejected: Vec<Rejected>) -> Vec<Rejected> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let candidates = categories.into_iter().map(|(file, category)| Category { file, ..category }).collect();
        let (next, collided) = Snapshot::build(self.snapshot.load().parts.own.clone(), candidates, rejected);
        let everything =
            [Change::Tools { tenant: None }, Change::Prompts { tenant: None }, Change::Resources { tenant: None }];
        self.put(next, everything.into());
        collided
    }

    /// Whether no plugin that is listed is still being compiled.
    #[must_use]
    pub fn is_compiled(&self) -> bool {
        !self.snapshot.load().parts.categories.values().any(|category| category.backend.is_compiling())
    }

    /// What a caller sees.
    #[must_use]
    pub fn view(&self, caller: &Caller) -> View {
        // The number is read first: a view may be newer than its number says, never older.
        let generation = self.generation.load(Ordering::Acquire);
        View {
            snapshot: self.snapshot.load_full(),
            hidden: self.hidden.load_full(),
            tenant: caller.tenant.clone(),
            access: caller.access.clone(),
            network: self.network,
            everybody: false,
            selection: None,
            generation,
        }
    }

    /// What the host itself sees: also what is not there for every tenant.
    #[must_use]
    pub fn view_of_host(&self) -> View {
        View { everybody: true, ..self.view(&Caller::local()) }
    }

    /// Changes from now on.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// The public name of a plugin's own entry, if it has such an entry.
    fn public_name(&self, plugin: &str, kind: EntryKind, own: &str) -> Option<String> {
        let snapshot = self.snapshot.load();
        let category = snapshot.parts.categories.values().find(|category| &*category.plugin_name == plugin)?;
        let known = match kind {
            EntryKind::Tool => {
                return category
                    .tools
                    .iter()
                    .find(|tool| tool.own_name == own)
                    .map(|tool| tool.descriptor.name.clone());
            }
            EntryKind::Prompt => category.prompts.iter().any(|prompt| prompt.name == own),
            EntryKind::Resource => category.resources.iter().any(|resource| resource.uri == own),
        };
        known.then(|| own.to_owned())
    }
}

impl EventSink for Catalog {
    fn set_hidden(&self, tenant: &Arc<str>, plugin: &str, kind: EntryKind, name: &str, hidden: bool) -> bool {
        let Some(name) = self.public_name(plugin, kind, name) else { return false };
        let entry = Entry { tenant: tenant.clone(), kind, name: name.clone() };
        let before = self.hidden.rcu(|set| match set.with(entry.clone(), hidden) {
            Some(next) => Arc::new(next),
            None => set.clone(),
        });
        if before.hides(tenant, kind, &name) != hidden {
            self.generation.fetch_add(1, Ordering::AcqRel);
            let tenant = Some(tenant.clone());
            drop(self.changes.send(match kind {
                EntryKind::Tool => Change::Tools { tenant },
                EntryKind::Prompt => Change::Prompts { tenant },
                EntryKind::Resource => Change::Resources { tenant },
            }));
        }
        true
    }

    fn resource_updated(&self, tenant: &Arc<str>, uri: &str) {
        drop(self.changes.send(Change::ResourceUpdated { tenant: tenant.clone(), uri: uri.into() }));
    }
}
