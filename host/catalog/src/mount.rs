//! Mounted MCP servers come, change and go while the others serve.

use std::sync::Arc;

use crate::{Catalog, Category, snapshot::NameTaken};

impl Catalog {
    /// Serves a mounted server's category from now on, in the place of what the server had before. Running calls go on with what
    /// they have.
    ///
    /// # Errors
    /// One of its names is another's. Nothing has changed then.
    pub fn mount(&self, category: Category) -> Result<(), NameTaken> {
        self.change(|parts| {
            parts.free_for(&category, &[&category.file])?;
            let before = parts.upstreams.insert(category.file.clone(), Arc::new(category));
            if let Some(before) = before.filter(|before| before.backend.is_open()) {
                parts.record_removed(&before);
            }
            Ok(())
        })
    }

    /// Serves nothing of a mounted server any more.
    pub fn unmount(&self, upstream: &str) {
        if !self.snapshot.load().parts.upstreams.contains_key(upstream) {
            return;
        }
        self.change_always(|parts| {
            // What is not there for everybody must not be told to everybody.
            if let Some(before) = parts.upstreams.remove(upstream).filter(|before| before.backend.is_open()) {
                parts.record_removed(&before);
            }
        });
    }

    /// What serves of a mounted server.
    #[must_use]
    pub fn mounted(&self, upstream: &str) -> Option<Arc<Category>> {
        self.snapshot.load().parts.upstreams.get(upstream).cloned()
    }
}
