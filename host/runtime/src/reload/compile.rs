//! Compiles plugins while the host serves.
//!
//! **Promises.** A plugin that is listed at the start and not in the cache of compiled code is compiled here, first those for
//! which calls wait, then those that are called most. One that does not compile, or fails its check, is taken out with the reason,
//! and the calls that waited for it end with it.
//! A file that came later and is not ready within `plugins.compile-patience` goes on here too, from its beginning, while what the
//! file had before serves. When it is ready, it is taken over as if it had just come, and finds its code in the cache. Until then
//! `tandem plugin list` says `compiling`.
//!
//! **Bounds.** `general.compile-workers` at a time, each with the whole budget (`plugins.compile-cpu`, `plugins.compile-memory`);
//! [`WAITING`](super::compile_queue::WAITING) more wait, each file once.

use std::{sync::Arc, time::Instant};

use tandem_engine::{Origin, Plugin};
use tandem_package::{Package, Sha256Digest};
use tokio_util::sync::CancellationToken;

use super::{compile_queue::Job, plugins::Plugins};
use crate::{
    audit::HOST,
    failure::LoadFailure,
    grants::Grants,
    load::{LoadObserver as _, LoadOptions, load_listed, read_file},
    supply::{self, Supply},
};

/// What came of it.
enum Compiled {
    /// The code is in the cache.
    Cached,
    /// What was listed is loaded and checked.
    Loaded(Arc<Plugin>, Origin),
    /// The file is another one by now.
    Changed,
}

fn host(error: &anyhow::Error) -> LoadFailure {
    LoadFailure::Host(crate::errors::chain(error))
}

impl Plugins {
    /// Has a file compiled while the host goes on.
    pub(super) fn compile_later(&self, file: &str, digest: Sha256Digest) -> Result<(), LoadFailure> {
        self.compiling.add(Job { file: file.to_owned(), digest, listed: None, calls: 0 })?;
        tracing::info!(file, "compiling in the background; the plugin is loaded when it is ready");
        self.catalog.reject(LoadFailure::Compiling.of(file.to_owned()));
        Ok(())
    }

    /// Compiles a file that is what it was. Blocking, up to minutes.
    fn compile(&self, Job { file, digest, listed, .. }: &Job) -> Result<Compiled, LoadFailure> {
        let bytes = read_file(&self.directory().join(file))?;
        if !self.compiling.has(file, digest) || Sha256Digest::of(&bytes) != *digest {
            return Ok(Compiled::Changed);
        }
        let options = LoadOptions::of(&self.config).map_err(|error| host(&error))?;
        if listed.is_none() {
            let package = Package::open(&bytes, &options.roots, options.signatures)?;
            self.engine.compile(package.component(&bytes))?;
            return Ok(Compiled::Cached);
        }
        self.observed.begun(file);
        let supply = Supply::new(self.config.clone(), self.store.clone()).map_err(|error| host(&error))?;
        let grants = Grants::new(self.policy.clone(), supply);
        let (plugin, origin) = load_listed(&self.engine, file, &bytes, &options, &grants)?;
        Ok(Compiled::Loaded(plugin, origin))
    }

    /// What comes after it. Blocking.
    fn compiled_whole(&self, job: &Job, start: Instant, result: Result<Compiled, LoadFailure>) {
        if !self.compiling.has(&job.file, &job.digest) {
            // Another content came, or the file went.
            return;
        }
        self.compiling.forget(&job.file);
        match (&job.listed, result) {
            (Some(listed), result) => self.listed_compiled(job, listed, start, result),
            (None, Ok(_)) => self.changed(std::slice::from_ref(&job.file), &[]),
            (None, Err(failure)) => self.leave_out(&job.file, job.digest, failure, HOST),
        }
    }

    /// Lets the calls of what was listed run, or takes it out.
    fn listed_compiled(&self, job: &Job, listed: &Arc<Plugin>, start: Instant, result: Result<Compiled, LoadFailure>) {
        let file = &job.file;
        let listed_now = self
            .catalog
            .of_file(file)
            .0
            .filter(|category| category.backend.plugin().is_some_and(|plugin| Arc::ptr_eq(plugin, listed)));
        // Else it was unloaded or replaced meanwhile.
        let Some(category) = listed_now else { return };
        match result {
            Ok(Compiled::Loaded(plugin, origin)) => {
                listed.adopt(&plugin);
                self.note(&category, supply::loaded("plugin.loaded", &category.installed), HOST);
                if origin == Origin::Replaced {
                    self.record(supply::recompiled(file), HOST);
                }
                self.observed.loaded(file, origin, start.elapsed());
            }
            Ok(Compiled::Cached | Compiled::Changed) => {
                // Whoever sees the change takes the other content over.
                let changed = LoadFailure::Host("the file changed before it was compiled".to_owned());
                self.take_out(&category, changed);
            }
            Err(failure) => self.take_out(&category, failure),
        }
        if self.catalog.is_compiled() {
            tracing::info!("all plugins compiled");
        }
    }
}

/// Compiles until the host stops. A compilation that runs then is ended with the host.
pub(super) async fn run(plugins: Arc<Plugins>, stop: CancellationToken) {
    while let Some(job) = stop.run_until_cancelled(plugins.compiling.next()).await {
        let (compiling, of, start) = (plugins.clone(), job.clone(), Instant::now());
        let work = tokio::task::spawn_blocking(move || compiling.compile(&of));
        let Some(result) = stop.run_until_cancelled(work).await else { return };
        let result = result.unwrap_or_else(|error| Err(LoadFailure::Host(error.to_string())));
        if let Err(error) = plugins.work(move |plugins| plugins.compiled_whole(&job, start, result)).await {
            tracing::error!("reload: cannot load a compiled plugin: {}", crate::errors::chain(&error));
        }
    }
}
