//! Compilations that take longer than others are kept waiting for.
//!
//! **Promises.** One that is not ready within `plugins.compile-patience` goes on here, from its beginning, with the whole
//! budget (`plugins.compile-cpu`, `plugins.compile-memory`), while the host serves and takes other files over. When it is
//! ready, its file is taken over as if it had just come, and finds its code in the cache; one that does not keep to the budget is
//! left out with that reason. Until then `tandem plugin list` says `compiling`, and what the file had before serves.
//!
//! **Bounds.** One at a time; [`WAITING`](super::compile_queue::WAITING) more wait, each file once.

use std::sync::Arc;

use tandem_package::{Package, Sha256Digest};
use tokio_util::sync::CancellationToken;

use super::{compile_queue::Job, plugins::Plugins};
use crate::{
    audit::HOST,
    failure::LoadFailure,
    load::{LoadOptions, read_file},
};

impl Plugins {
    /// Has a file compiled while the host goes on.
    pub(super) fn compile_later(&self, file: &str, digest: Sha256Digest) -> Result<(), LoadFailure> {
        self.slow.add(file, digest)?;
        tracing::info!(file, "compiling in the background; the plugin is loaded when it is ready");
        self.catalog.reject(LoadFailure::Compiling.of(file.to_owned()));
        Ok(())
    }

    /// Compiles a file that is what it was, into the cache. Answers false if it is another one by now. Blocking, up to
    /// minutes.
    fn compile_whole(&self, (file, digest): &Job) -> Result<bool, LoadFailure> {
        let bytes = read_file(&self.directory().join(file))?;
        if !self.slow.has(file, digest) || Sha256Digest::of(&bytes) != *digest {
            return Ok(false);
        }
        let options = LoadOptions::of(&self.config).map_err(|error| LoadFailure::Host(crate::errors::chain(&error)))?;
        let package = Package::open(&bytes, &options.roots, options.signatures)?;
        Ok(self.engine.compile(package.component(&bytes)).map(|()| true)?)
    }

    /// What comes after it. Blocking.
    fn compiled_whole(&self, (file, digest): &Job, result: Result<bool, LoadFailure>) {
        if !self.slow.has(file, digest) {
            // Another content came, or the file went.
            return;
        }
        self.slow.forget(file);
        match result {
            Ok(_) => self.changed(std::slice::from_ref(file), &[]),
            Err(failure) => self.leave_out(file, *digest, failure, HOST),
        }
    }
}

/// Compiles until the host stops. A compilation that runs then is ended with the host.
pub(super) async fn run(plugins: Arc<Plugins>, stop: CancellationToken) {
    let receiver = plugins.slow.take_receiver();
    let Some(mut waiting) = receiver else { return };
    while let Some(Some(job)) = stop.run_until_cancelled(waiting.recv()).await {
        let (compiling, of) = (plugins.clone(), job.clone());
        let work = tokio::task::spawn_blocking(move || compiling.compile_whole(&of));
        let Some(result) = stop.run_until_cancelled(work).await else { return };
        let result = result.unwrap_or_else(|error| Err(LoadFailure::Host(error.to_string())));
        if let Err(error) = plugins.work(move |plugins| plugins.compiled_whole(&job, result)).await {
            tracing::error!("reload: cannot load a compiled plugin: {}", crate::errors::chain(&error));
        }
    }
}
