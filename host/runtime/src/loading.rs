//! The first loading of the plugins, while the host answers health checks already.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use futures::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use tandem_catalog::{Catalog, Rejected};
use tandem_config::HostConfig;
use tandem_engine::{Engine, EngineConfig, Origin, Services};
use tandem_router::Router;
use tandem_store::Store;
use tandem_types::Caller;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::{
    compiler::{self, CompilerProgram},
    config,
    errors::HostError,
    grants::Grants,
    live::Policy,
    load::{LoadObserver, LoadOptions, load_directory},
    reload::{self, Plugins},
    supply::{self, Supply},
    warnings,
};

/// How it ended, for whoever asks and however often.
pub(crate) type Loaded = Shared<BoxFuture<'static, Result<(), HostError>>>;

/// What it needs.
pub(crate) struct First {
    pub(crate) config: Arc<HostConfig>,
    pub(crate) compiler: Option<CompilerProgram>,
    pub(crate) progress: Option<Arc<dyn LoadObserver + Send + Sync>>,
    pub(crate) policy: Arc<Policy>,
    pub(crate) store: Store,
    pub(crate) services: Arc<Services>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) router: Router,
    pub(crate) plugins: reload::Loaded,
    pub(crate) stop: CancellationToken,
    pub(crate) start: Instant,
}

impl First {
    /// Begins it, whether anybody waits for its end or not. `then` runs when the plugins serve.
    pub(crate) fn begin(self, then: impl FnOnce() + Send + 'static) -> Loaded {
        let loading = tokio::task::spawn_blocking(move || self.load().map(|()| then()));
        let ended = async move {
            let ended = loading.await.context("the plugins could not be loaded").flatten();
            ended.map_err(HostError::plugins)
        };
        ended.boxed().shared()
    }

    /// Loads the plugins, opens the doors, and takes changes over from then on. Blocking.
    fn load(self) -> anyhow::Result<()> {
        let grants = Grants::new(self.policy.clone(), Supply::new(self.config.clone(), self.store.clone())?);
        let engine = self.engine()?;
        let options = LoadOptions::of(&self.config)?;
        let observed = Observed::new(self.progress.as_ref().map(|progress| &**progress as &dyn LoadObserver));
        let loaded = load_directory(&engine, &options, &grants, &observed).with_context(|| {
            format!(
                "cannot read the plugin directory {}; build the plugins with `make plugins`, or set plugins.directory",
                options.directory.display()
            )
        });
        let (categories, rejected) = loaded?;
        for rejected in &self.catalog.install(categories, rejected) {
            tracing::error!(file = rejected.file, "plugin left out: {}", rejected.reason);
        }
        let view = self.router.view(&Caller::local());
        Handle::current().block_on(supply::note(&self.store, &view, &observed.replaced()))?;
        warnings::grants(&self.config, &self.catalog, grants.policy());
        self.router.set_ready(true);
        let (categories, tools) = (view.categories().count(), view.tools().count());
        let took_ms = self.start.elapsed().as_millis() as u64;
        let (compiling, left_out): (Vec<_>, Vec<_>) =
            view.rejected().iter().partition(|rejected| rejected.is_compiling());
        let (left_out, compiling) = (left_out.len(), compiling.len());
        tracing::info!(categories, tools, left_out, compiling, took_ms, "ready");
        let watched = self.config.plugins.watch;
        let plugins = Arc::new(Plugins::new(engine, self.policy, self.config, self.store, self.catalog)?);
        drop(self.plugins.set(plugins.clone()));
        reload::on_changes(plugins, watched, self.stop);
        Ok(())
    }

    fn engine(&self) -> anyhow::Result<Engine> {
        let limits = EngineConfig {
            max_instances: self.config.server.max_concurrent_requests,
            max_memory: self.config.limits.memory.as_u64(),
        };
        let compiled = match &self.config.plugins.compiled_directory {
            Some(directory) => directory.into(),
            None => config::resolve_data_path(&self.config, "compiled".as_ref()),
        };
        let engine = Engine::new(limits, Some(&compiled), self.services.clone(), &[&tandem_cluster::P2p])?;
        Ok(engine.with_compiler(compiler::of(&self.config, self.compiler.clone())))
    }
}

/// Logs and counts what is loaded, and hands it on to who shows it.
struct Observed<'a> {
    shown: Option<&'a dyn LoadObserver>,
    replaced: Mutex<Vec<String>>,
}

impl<'a> Observed<'a> {
    fn new(shown: Option<&'a dyn LoadObserver>) -> Self {
        Self { shown, replaced: Mutex::default() }
    }

    /// The files whose compiled code was not authentic.
    fn replaced(&self) -> Vec<String> {
        self.replaced.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl LoadObserver for Observed<'_> {
    fn found(&self, files: usize) {
        self.shown.iter().for_each(|shown| shown.found(files));
    }

    fn begun(&self, file: &str) {
        self.shown.iter().for_each(|shown| shown.begun(file));
    }

    fn loaded(&self, file: &str, origin: Origin, took: Duration) {
        self.shown.iter().for_each(|shown| shown.loaded(file, origin, took));
        let how = match origin {
            Origin::Cached => "from the compiled-code cache",
            Origin::Compiled => "compiled",
            Origin::Replaced => {
                self.replaced.lock().unwrap_or_else(PoisonError::into_inner).push(file.to_owned());
                "recompiled"
            }
        };
        metrics::histogram!("tandem_compile_seconds").record(took.as_secs_f64());
        tracing::info!(file, took_ms = took.as_millis() as u64, "plugin loaded, {how}");
    }

    fn rejected(&self, rejected: &Rejected) {
        self.shown.iter().for_each(|shown| shown.rejected(rejected));
        // Of one that is being compiled it is said when that begins.
        if !rejected.is_compiling() {
            tracing::error!(file = rejected.file, "plugin left out: {}", rejected.reason);
        }
    }
}
