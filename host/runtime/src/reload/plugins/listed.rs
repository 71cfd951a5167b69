//! What the start has listed: known as it is, and compiled where it is not yet.

use std::sync::Arc;

use tandem_catalog::{Category, PluginStatus};
use tandem_package::Sha256Digest;
use tokio::runtime::Handle;

use super::{Plugins, Refused};
use crate::{audit::HOST, failure::LoadFailure, load::read_file, reload::compile_queue::Job};

impl Plugins {
    /// Takes over what serves, what is to be compiled, and what was refused. Blocking.
    pub(super) fn take_listed(&self) {
        let mut compiling = Vec::new();
        for PluginStatus { file, .. } in self.catalog.plugins() {
            if let Some(category) = self.catalog.of_file(&file).0 {
                self.keep(&category);
                compiling.extend(category.backend.is_compiling().then_some(category));
                continue;
            }
            let refused = match read_file(&self.directory().join(&file)) {
                Ok(bytes) => Refused::Content(Sha256Digest::of(&bytes)),
                Err(failure) => Refused::Unreadable(failure),
            };
            self.refused().insert(file, refused);
        }
        // Where there is no network of hosts, nobody is shown what needs it.
        compiling.sort_by_key(|category| category.requires_p2p && !self.config.reactor.enabled);
        let calls = Handle::current().block_on(self.store.category_calls());
        let calls =
            calls.inspect_err(|error| tracing::warn!(%error, "store: cannot read how often plugins were called"));
        let calls = calls.unwrap_or_default();
        for category in &compiling {
            self.compile_listed(category, calls.get(&*category.name).copied().unwrap_or(0));
        }
    }

    fn compile_listed(&self, category: &Arc<Category>, calls: u64) {
        let job = Job {
            file: category.file.clone(),
            digest: category.installed.digest,
            listed: category.backend.plugin().cloned(),
            calls,
        };
        if let Err(failure) = self.compiling.add(job) {
            self.take_out(category, failure);
        }
    }

    /// Takes out what was listed, with the reason why it will not be loaded; calls that wait for it end. Blocking.
    pub(in crate::reload) fn take_out(&self, category: &Category, failure: LoadFailure) {
        let (file, reason) = (&category.file, failure.to_string());
        drop(self.catalog.unload(file));
        self.observed.left_out(&failure.of(file.clone()));
        self.leave_out(file, category.installed.digest, failure, HOST);
        if let Some(plugin) = category.backend.plugin() {
            plugin.fail(&reason);
        }
    }
}
