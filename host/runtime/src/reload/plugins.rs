//! Takes the plugin directory over while the host serves.
//!
//! **Promises.** A version serves only after it was verified as at the start, compiled, asked what it offers, and
//! checked; all that happens on threads of its own ([`worker`](super::worker)). One that fails any of it changes nothing: the old version serves,
//! and the reason is in the log, the metrics, the audit log, `tandem plugin list` and the health page. What a version that was
//! replaced still runs ends as it would have, within `plugins.drain`.
//!
//! **Memory.** A version that was replaced leaves it whole, with its last call: its code, its instances, what was made of
//! its file. Nothing else holds it, neither the history, which keeps files, nor a canary that is over.
//!
//! **Bounds.** Compiling by `general.compile-workers` processes of low priority, for `plugins.compile-patience` each; what takes
//! longer is done [beside](super::compile); one change at a time; those that only finish their calls by [`drain`](super::drain).

mod back;
mod canary;
mod listed;
mod out;

use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Instant,
};

use anyhow::bail;
use metrics::counter;
use serde_json::{Value, json};
use tandem_catalog::{CanaryCriteria, Catalog, Category, Displaced};
use tandem_config::HostConfig;
use tandem_engine::Engine;
use tandem_package::Sha256Digest;
use tandem_store::{EventRecord, Store};
use tokio::runtime::Handle;

use super::{
    compile_queue::CompileQueue,
    drain::Draining,
    history::History,
    settle::scan,
    worker::{Worker, stand_back},
};
use crate::{
    audit::HOST,
    config::resolve_data_path,
    failure::{LoadFailure, Unreadable},
    grants::Grants,
    live::Policy,
    load::{LoadOptions, load_candidate, read_file},
    observed::Observed,
    supply::{self, Supply},
};

/// The plugins, as soon as they are loaded.
pub(crate) type Loaded = Arc<OnceLock<Arc<Plugins>>>;

/// The plugins of a running host.
pub(crate) struct Plugins {
    pub(super) engine: Engine,
    pub(super) config: Arc<HostConfig>,
    pub(super) policy: Arc<Policy>,
    pub(super) store: Store,
    pub(super) catalog: Arc<Catalog>,
    worker: Worker,
    compilers: rayon::ThreadPool,
    history: History,
    /// One change at a time; inside, what was refused of each file, so that it is not loaded again and again.
    refused: Mutex<HashMap<String, Refused>>,
    /// Canaries that were rolled back, by file: one is started again only when an operator names the plugin, or puts the file
    /// there again after another.
    rolled_back: Mutex<HashMap<String, Sha256Digest>>,
    draining: Draining,
    pub(super) compiling: CompileQueue,
    pub(super) observed: Observed,
}

/// What of a file was refused.
#[derive(Clone, Debug, PartialEq)]
enum Refused {
    /// This content.
    Content(Sha256Digest),
    /// It could not be read, for this reason.
    Unreadable(Unreadable),
}

/// What is loaded again of files that have not changed; each takes in more than the one before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum RetryScope {
    /// Nothing that was refused or rolled back.
    New,
    /// What was refused.
    Refused,
    /// What was rolled back too: an operator named the plugin.
    RolledBack,
}

/// How a file is to be taken over.
struct Take<'a> {
    options: LoadOptions,
    grants: Grants,
    retry: RetryScope,
    /// Files that are gone.
    removed: &'a [String],
    actor: &'a str,
}

impl Plugins {
    /// After the first loading. Inside a runtime's context.
    pub(crate) fn new(
        engine: Engine,
        policy: Arc<Policy>,
        config: Arc<HostConfig>,
        store: Store,
        catalog: Arc<Catalog>,
        observed: Observed,
    ) -> anyhow::Result<Self> {
        let compilers = rayon::ThreadPoolBuilder::new()
            .num_threads(usize::from(config.general.compile_workers).max(1))
            .thread_name(|_| "compile".to_owned())
            .start_handler(|_| stand_back())
            .build()?;
        let worker = Worker::start()?;
        let history = History::new(resolve_data_path(&config, "versions".as_ref()));
        let draining = Draining::new(config.plugins.drain.as_duration());
        let (refused, rolled_back) = <(Mutex<_>, Mutex<_>)>::default();
        let compiling = CompileQueue::default();
        let plugins = Self {
            engine,
            config,
            policy,
            store,
            catalog,
            worker,
            compilers,
            history,
            refused,
            rolled_back,
            draining,
            compiling,
            observed,
        };
        tandem_files::sweep(plugins.directory());
        plugins.take_listed();
        Ok(plugins)
    }

    /// Does what is blocking here, on the thread for it.
    pub(crate) async fn work<T, F>(self: &Arc<Self>, work: F) -> anyhow::Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Self) -> T + Send + 'static,
    {
        let plugins = self.clone();
        self.worker.run(move || work(&plugins)).await
    }

    pub(super) fn directory(&self) -> &Path {
        self.config.plugins.directory.as_ref()
    }

    fn refused(&self) -> std::sync::MutexGuard<'_, HashMap<String, Refused>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rolled_back(&self) -> std::sync::MutexGuard<'_, HashMap<String, Sha256Digest>> {
        self.rolled_back.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over files that were seen to change. Blocking.
    pub(super) fn changed(&self, changed: &[String], removed: &[String]) {
        if let Err(error) = self.take_over(changed, removed, RetryScope::New, HOST) {
            tracing::error!("reload: cannot load the plugin directory: {}", crate::errors::chain(&error));
        }
    }

    /// Takes over the whole directory, or one plugin, whatever was refused before; unloads what was revoked since.
    /// A version of a named plugin that is a canary serves from now on. Blocking.
    pub(crate) fn reload(&self, plugin: Option<&str>, actor: &str) -> anyhow::Result<Value> {
        let there: BTreeSet<String> = scan(self.directory())?.into_keys().collect();
        let known: BTreeSet<String> = self.catalog.plugins().into_iter().map(|status| status.file).collect();
        let mine = |file: &&String| match plugin {
            None => true,
            Some(plugin) => match self.catalog.of_file(file).0 {
                Some(category) => &*category.plugin_name == plugin,
                None => file.strip_suffix(".wasm") == Some(plugin),
            },
        };
        let changed: Vec<String> = there.iter().filter(mine).cloned().collect();
        let removed: Vec<String> = known.difference(&there).filter(mine).cloned().collect();
        if let Some(plugin) = plugin.filter(|_| changed.is_empty() && removed.is_empty()) {
            bail!("no plugin `{plugin}` is loaded, and the plugin directory has no file `{plugin}.wasm`");
        }
        let canaries = if plugin.is_some() { self.catalog.canaries() } else { Vec::new() };
        for canary in canaries.iter().filter(|canary| changed.contains(&canary.category.file)) {
            self.promote(canary, actor);
        }
        let retry = if plugin.is_some() { RetryScope::RolledBack } else { RetryScope::Refused };
        self.take_over(&changed, &removed, retry, actor)?;
        Ok(self.list(Some(&|file| changed.contains(file) || removed.contains(file))))
    }

    fn take_over(&self, changed: &[String], removed: &[String], retry: RetryScope, actor: &str) -> anyhow::Result<()> {
        let mut refused = self.refused();
        let supply = Supply::new(self.config.clone(), self.store.clone())?;
        if retry >= RetryScope::Refused {
            self.unload_revoked(changed, &supply, actor);
        }
        let grants = Grants::new(self.policy.clone(), supply);
        let mut take = Take { options: LoadOptions::of(&self.config)?, grants, retry, removed, actor };
        for file in changed {
            self.take(file, &take, &mut refused);
        }
        removed.iter().for_each(|file| self.compiling.forget(file));
        let unloaded = removed.iter().filter(|file| self.unload(file, "its file is gone", actor)).count();
        refused.retain(|file, _| !removed.contains(file));
        self.rolled_back().retain(|file, _| !removed.contains(file));
        if unloaded > 0 {
            // A name that another plugin had may be free now.
            take.retry = retry.max(RetryScope::Refused);
            for rejected in self.catalog.plugins().into_iter().filter(|status| status.error.is_some()) {
                self.take(&rejected.file, &take, &mut refused);
            }
        }
        Ok(())
    }

    fn take(&self, file: &str, take: &Take<'_>, refused: &mut HashMap<String, Refused>) {
        let bytes = match read_file(&self.directory().join(file)) {
            Ok(bytes) => bytes,
            Err(failure) => {
                let before = refused.insert(file.to_owned(), Refused::Unreadable(failure.clone()));
                if take.retry == RetryScope::New && before == Some(Refused::Unreadable(failure.clone())) {
                    return;
                }
                return self.refuse(file, &failure.into(), take.actor);
            }
        };
        let digest = Sha256Digest::of(&bytes);
        let (serving, canary) = self.catalog.of_file(file);
        if serving.as_ref().is_some_and(|serving| serving.installed.digest == digest) {
            refused.remove(file);
            if let Some(canary) = canary {
                self.roll_back_canary(
                    &canary,
                    "the file of the version that serves was put back".to_owned(),
                    take.actor,
                );
            }
            self.rolled_back().remove(file);
            self.catalog.accept(file);
            return;
        }
        if self.rolled_back().get(file) == Some(&digest) && take.retry < RetryScope::RolledBack {
            return;
        }
        let is_canary = canary.is_some_and(|canary| canary.category.installed.digest == digest);
        if is_canary || (take.retry == RetryScope::New && refused.get(file) == Some(&Refused::Content(digest))) {
            return;
        }
        if self.compiling.has(file, &digest) {
            return;
        }
        self.compiling.forget(file);
        let compiled = self.compiled(file, &bytes, take);
        match compiled.and_then(|category| self.place(category, take)) {
            Ok(()) => drop(refused.remove(file)),
            Err(LoadFailure::Compiling) => self.put_off(file, digest, take.actor),
            Err(failure) => {
                refused.insert(file.to_owned(), Refused::Content(digest));
                self.refuse(file, &failure, take.actor);
            }
        }
    }

    /// Verifies, compiles, probes.
    fn compiled(&self, file: &str, bytes: &[u8], take: &Take<'_>) -> Result<Category, LoadFailure> {
        let (start, runtime) = (Instant::now(), Handle::current());
        let (category, origin) = self.compilers.install(|| {
            let _context = runtime.enter();
            load_candidate(&self.engine, file, bytes, &take.options, &take.grants)
        })?;
        metrics::histogram!("tandem_compile_seconds").record(start.elapsed().as_secs_f64());
        tracing::info!(file, %origin, took_ms = start.elapsed().as_millis() as u64, "candidate probed");
        Ok(category)
    }

    /// Lets a candidate serve, or have its share of the calls.
    fn place(&self, category: Category, take: &Take<'_>) -> Result<(), LoadFailure> {
        let canary = &self.config.plugins.canary;
        let file = category.file.clone();
        let category = match canary.share {
            0 => category,
            share => {
                let criteria = CanaryCriteria {
                    share,
                    duration: canary.duration.as_duration(),
                    min_calls: canary.min_calls.into(),
                    max_errors: canary.max_errors,
                };
                let (name, version) = (category.name.clone(), category.version.clone());
                match self.catalog.start_canary(category, criteria)? {
                    Err(category) => *category,
                    Ok(displaced) => {
                        self.draining.retire(displaced);
                        count(&name, "canary");
                        tracing::info!(plugin = &*name, version, share, "canary started");
                        return Ok(());
                    }
                }
            }
        };
        let moved = take.removed.iter().find(|old| {
            let serving = self.catalog.of_file(old).0;
            serving.is_some_and(|serving| serving.plugin_name == category.plugin_name)
        });
        let displaced = self.catalog.swap(category, moved.map(String::as_str))?;
        self.serves(&file, displaced, None, take.actor);
        Ok(())
    }

    /// Notes that a file's new version serves.
    fn serves(&self, file: &str, displaced: Displaced, event: Option<EventRecord>, actor: &str) {
        let Some(category) = self.catalog.of_file(file).0 else { return };
        self.keep(&category);
        let before = displaced.first().map(|old| old.version.clone());
        let result = if before.is_some() { "replaced" } else { "loaded" };
        count(&category.name, result);
        let (plugin, version) = (&*category.plugin_name, &*category.version);
        tracing::info!(plugin, version, before, file, digest = category.digest, "plugin {result}");
        self.draining.retire(displaced);
        let event = event.unwrap_or_else(|| match before {
            Some(before) => supply::loaded("plugin.reloaded", &category.installed).with("before", before),
            None => supply::loaded("plugin.loaded", &category.installed),
        });
        self.note(&category, event, actor);
    }

    /// Records what is installed from now on.
    pub(super) fn note(&self, category: &Category, event: EventRecord, actor: &str) {
        let installed = vec![category.installed.clone()];
        if let Err(error) = Handle::current().block_on(self.store.set_installed(installed)) {
            let plugin = &*category.plugin_name;
            tracing::error!(%error, plugin, "store: cannot record the installed version");
        }
        self.record(event, actor);
    }

    /// The plugin files, what serves, and why something does not.
    pub(crate) fn list(&self, only: Option<&dyn Fn(&String) -> bool>) -> Value {
        let draining = self.draining.names();
        let all = self.catalog.plugins().into_iter().filter(|status| only.is_none_or(|only| only(&status.file)));
        let shown = all.map(|status| {
            let name = status.name.clone().unwrap_or_default();
            let mut line = serde_json::to_value(status).unwrap_or_default();
            if let Some(line) = line.as_object_mut() {
                let ending = draining.iter().filter(|other| ***other == *name).count();
                line.insert("draining".to_owned(), ending.into());
                let kept = self.history.of(&name).into_iter();
                let kept: Vec<_> = kept.map(|k| json!({ "version": k.version, "digest": k.digest })).collect();
                line.insert("kept".to_owned(), kept.into());
            }
            line
        });
        shown.collect()
    }

    pub(super) fn record(&self, event: EventRecord, actor: &str) {
        let record = EventRecord { actor: actor.to_owned(), ..event };
        if let Err(error) = Handle::current().block_on(self.store.audit_append(vec![record.into()])) {
            tracing::error!(%error, "audit: cannot record the event");
        }
    }
}

fn count(category: &str, result: &'static str) {
    counter!("tandem_reloads_total", "category" => category.to_owned(), "result" => result).increment(1);
}
