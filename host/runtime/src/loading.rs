//! The first loading of the plugins, while the host answers health checks already: they are listed, and those that are not compiled
//! yet are compiled while the host serves.

use std::{sync::Arc, time::Instant};

use anyhow::Context as _;
use futures::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use tandem_catalog::Catalog;
use tandem_config::HostConfig;
use tandem_engine::{Engine, EngineConfig, Services};
use tandem_router::Router;
use tandem_store::Store;
use tandem_types::Caller;
use tandem_upstream::Upstreams;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::{
    compiler::{self, CompilerProgram},
    config,
    errors::HostError,
    grants::Grants,
    live::Policy,
    load::{LoadObserver, LoadOptions, load_directory},
    observed::Observed,
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
    pub(crate) upstreams: Arc<Upstreams>,
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
        let observed = Observed::new(self.progress);
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
        Handle::current().block_on(supply::note(&self.store, &view))?;
        warnings::grants(&self.config, &self.catalog, grants.policy());
        self.router.set_ready(true);
        let (categories, tools) = (view.categories().count(), view.tools().count());
        let took_ms = self.start.elapsed().as_millis() as u64;
        let left_out = view.rejected().iter().filter(|rejected| !rejected.is_disabled()).count();
        let compiling = view.categories().filter(|category| category.backend.is_compiling()).count();
        tracing::info!(categories, tools, left_out, compiling, took_ms, "ready");
        // After the plugins, whose names win; what they take to start delays nothing.
        self.upstreams.exchange(&self.config.upstreams);
        let watched = self.config.plugins.watch;
        let plugins = Plugins::new(engine, self.policy, self.config, self.store, self.catalog, observed)?;
        let plugins = Arc::new(plugins);
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
