//! The engine: one `wasmtime::Engine`, its epoch clock, the linker, and the compiled-code cache.

use std::{path::Path, sync::Arc};

use wasmtime::component::{Component, Linker};

use crate::{
    aot::{AotCache, Origin},
    capability::Capability,
    code::{Code, CodeSlot},
    compile::Compiler,
    config::EngineConfig,
    context::PluginContext,
    error::LoadError,
    exports::{self, Exports},
    interfaces::{self, HostInterface},
    outermost,
    plugin::Plugin,
    reflect::{Functions, UnsupportedExport},
    services::Services,
    spec::PluginSpec,
    state::CallState,
    ticker::Ticker,
    wasi,
};

/// A component from outside.
#[derive(Clone, Debug)]
pub struct ComponentInfo {
    /// The names of its imports.
    pub imports: Vec<String>,
    /// The exported functions that are not tools; none at all for a component of the contract.
    pub unsupported_exports: Option<Vec<UnsupportedExport>>,
}

/// Compiles and links plugins. Made once for a host.
pub struct Engine {
    config: EngineConfig,
    wasmtime: wasmtime::Engine,
    linker: Linker<CallState>,
    cache: Option<AotCache>,
    compiler: Compiler,
    services: Arc<Services>,
    ticker: Arc<Ticker>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Engine {
    /// Starts the engine. `cache` is the directory for compiled code; without one, every start compiles. `others` are interfaces of
    /// other crates that guests may import beside `tandem:host`.
    pub fn new(
        config: EngineConfig,
        cache: Option<&Path>,
        services: Arc<Services>,
        others: &[&dyn HostInterface],
    ) -> Result<Self, LoadError> {
        let host = |error: wasmtime::Error| LoadError::Host(format!("cannot start the engine: {error:#}"));
        let wasmtime = wasmtime::Engine::new(&config.wasmtime()).map_err(host)?;
        let mut linker = Linker::new(&wasmtime);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(host)?;
        wasi::link(&mut linker).map_err(host)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker).map_err(host)?;
        for interface in interfaces::ALL.iter().chain(others) {
            let linked = interface.link(&mut linker);
            linked.map_err(|error| LoadError::Host(format!("cannot link `{}`: {error:#}", interface.name())))?;
        }
        let cache = match cache {
            Some(directory) => Some(AotCache::open(directory, &wasmtime).map_err(|error| {
                LoadError::Host(format!("cannot open the compiled-code cache {}: {error}", directory.display()))
            })?),
            None => None,
        };
        let ticker = Ticker::start(wasmtime.clone()).map_err(|error| LoadError::Host(error.to_string()))?;
        let ticker = Arc::new(ticker);
        Ok(Self { config, wasmtime, linker, cache, compiler: Compiler::Here, services, ticker })
    }

    /// The same engine, that compiles elsewhere or within a budget.
    #[must_use]
    pub fn with_compiler(self, compiler: Compiler) -> Self {
        Self { compiler, ..self }
    }

    /// What all plugins share.
    #[must_use]
    pub fn services(&self) -> &Arc<Services> {
        &self.services
    }

    /// Compiles (or takes from the cache) and links one plugin. Blocking, up to the compiler's patience: call it off the
    /// request path.
    ///
    /// # Errors
    /// [`LoadError::Slow`] where it takes longer; [`Engine::compile`] takes the time that it needs. Else what is wrong with it.
    pub fn load(&self, wasm: &[u8], spec: PluginSpec) -> Result<(Plugin, Origin), LoadError> {
        self.load_by(wasm, spec, || self.compiler.briefly(&self.config, &self.wasmtime, wasm))
    }

    /// The same, but it takes the time that it needs, within the whole budget. Blocking, up to minutes.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn load_whole(&self, wasm: &[u8], spec: PluginSpec) -> Result<(Plugin, Origin), LoadError> {
        self.load_by(wasm, spec, || self.compiler.whole(&self.config, &self.wasmtime, wasm))
    }

    fn load_by(
        &self,
        wasm: &[u8],
        spec: PluginSpec,
        compile: impl FnOnce() -> Result<Vec<u8>, LoadError>,
    ) -> Result<(Plugin, Origin), LoadError> {
        let (component, origin) = match &self.cache {
            Some(cache) => cache.load(&self.wasmtime, wasm, compile)?,
            None => (self.compiled(wasm)?, Origin::Compiled),
        };
        Ok((self.plugin(wasm, spec, CodeSlot::loaded(self.link(&component, wasm)?)), origin))
    }

    /// The same, where its code is in the cache. Else the plugin has no code, and its calls wait, until [`Plugin::adopt`] or
    /// [`Plugin::fail`]. Blocking for as long as the code is read.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn load_cached(&self, wasm: &[u8], spec: PluginSpec) -> Result<Plugin, LoadError> {
        let cached = self.cache.as_ref().map(|cache| cache.cached(&self.wasmtime, wasm)).transpose()?.flatten();
        let code = match cached {
            Some(component) => CodeSlot::loaded(self.link(&component, wasm)?),
            None => CodeSlot::empty(),
        };
        Ok(self.plugin(wasm, spec, code))
    }

    fn link(&self, component: &Component, wasm: &[u8]) -> Result<Code, LoadError> {
        let pre = self.linker.instantiate_pre(component).map_err(|error| LoadError::Link(format!("{error:#}")))?;
        let exports = Exports::of(component, &pre, wasm)?;
        Ok(Code { pre, exports })
    }

    fn plugin(&self, wasm: &[u8], spec: PluginSpec, code: CodeSlot) -> Plugin {
        let shared = Arc::new(PluginContext::new(&spec, self.services.clone(), self.ticker.clone()));
        Plugin::new(shared, code, spec, outermost::uses_client(wasm), self.config.max_instances)
    }

    /// Puts a component into the cache of compiled code, within the whole budget; [`Engine::load`] finds it there. Blocking, up
    /// to minutes.
    ///
    /// # Errors
    /// It cannot be compiled within the budget, or not be kept.
    pub fn compile(&self, wasm: &[u8]) -> Result<(), LoadError> {
        let cache =
            self.cache.as_ref().ok_or_else(|| LoadError::Host("there is no cache of compiled code".to_owned()))?;
        cache.keep(wasm, || self.compiler.whole(&self.config, &self.wasmtime, wasm))
    }

    fn compiled(&self, wasm: &[u8]) -> Result<Component, LoadError> {
        Component::new(&self.wasmtime, wasm).map_err(|error| LoadError::Compile(format!("{error:#}")))
    }

    /// What a component imports, and which of its functions are no tools, for `tandem plugin inspect`. Runs nothing of it.
    pub fn component_info(&self, wasm: &[u8]) -> Result<ComponentInfo, LoadError> {
        let component = self.compiled(wasm)?;
        let imports = component.component_type().imports(&self.wasmtime).map(|(name, _)| name.to_owned()).collect();
        let unsupported_exports = (!exports::is_contract(&component, &self.wasmtime))
            .then(|| Functions::of(&self.wasmtime, &component, wasm).unsupported_exports().to_vec());
        Ok(ComponentInfo { imports, unsupported_exports })
    }

    /// The names of a component's imports.
    pub fn imports(&self, wasm: &[u8]) -> Result<Vec<String>, LoadError> {
        self.component_info(wasm).map(|component_info| component_info.imports)
    }

    /// Asks an unpacked component what it offers, in a sandbox without any grant. With it are the exported functions that
    /// are no tools, of a component that is not of the contract.
    pub async fn examine(
        &self,
        wasm: &[u8],
    ) -> Result<(tandem_package::Descriptors, Vec<UnsupportedExport>), LoadError> {
        let spec = PluginSpec::ungranted(Arc::new(Capability::default()));
        let (plugin, _) = self.load(wasm, spec)?;
        Ok((plugin.describe().await?, plugin.unsupported_exports().to_vec()))
    }
}
