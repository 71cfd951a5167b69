//! A host for one plugin of its author: on loopback, with a data directory of its own, and without anything that a
//! configuration can open further.
//!
//! **Promises.** The plugin runs in the same sandbox, through the same router and the same gateway as anywhere else. It is loaded
//! unsigned: that is decided here, in the call that loads it, and no setting says so. **Refuses** to listen beyond loopback, and
//! takes from a `tandem.toml` only what a plugin may have: grants, ceilings, names, and what outgoing HTTP trusts. Each version
//! that is served has the grants of its own moment; a call of an older one ends with those that it began with.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use tandem_catalog::{Catalog, Category};
use tandem_config::{Exposure, HostConfig};
use tandem_engine::{Engine, EngineConfig, Services, UnsupportedExport};
use tandem_gateway::Gateway;
use tandem_package::{Overlays, PluginManifest, SignaturePolicy, TrustRoots};
use tandem_router::Router;
use tandem_runtime::{
    LoadFailure,
    config::{self, ConfigSource, authorities},
    descriptors::Descriptors,
    grants,
    live::Policy,
    load::{GrantPolicy, Granted, LoadOptions, load_candidate},
    reload::drain::Draining,
    settings::{gateway_config, router_config},
    tenants::Limits,
};
use tandem_store::Store;
use tokio::net::TcpListener;

use super::project::Project;
use crate::package::{self, Assembled};

/// What the plugin's file is called here; there is only this one.
const FILE: &str = "plugin.wasm";
/// Compiled versions that are kept. Each edit makes one, and an interpreter's takes 50 MB.
const COMPILED: usize = 4;

/// The host's data, below the project.
pub(super) const DATA: &str = ".tandem";

/// A private host.
pub(super) struct Private {
    engine: Engine,
    catalog: Arc<Catalog>,
    draining: Draining,
    router: Router,
    /// What it was started with.
    config: Arc<HostConfig>,
    data: PathBuf,
}

/// What is served now.
pub(super) struct LoadedVersion {
    pub(super) category: Arc<Category>,
    /// Exported functions that are not tools.
    pub(super) unsupported_exports: Vec<UnsupportedExport>,
    /// What the plugin requests and does not get here, or not all of it.
    pub(super) refused: Vec<String>,
}

/// Loads what the author built, whoever signed it or nobody.
struct ProjectGrants<'a>(&'a Arc<Policy>);

impl GrantPolicy for ProjectGrants<'_> {
    fn grant(&self, manifest: &PluginManifest) -> Result<Granted, LoadFailure> {
        grants::granted(self.0, manifest)
    }
}

/// The configuration of a private host: the defaults, and what `source` grants.
pub(super) fn private_config(project: &Path, source: &ConfigSource) -> anyhow::Result<HostConfig> {
    let own = project.join("tandem.toml");
    let file = source.file.clone().or_else(|| own.is_file().then_some(own));
    let given = match (&file, source.set.is_empty()) {
        (None, true) => HostConfig::default(),
        _ => config::load(&ConfigSource { file: Some(file.unwrap_or_else(|| "/dev/null".into())), ..source.clone() })?,
    };
    let mut config = HostConfig::default();
    (config.grants, config.limits, config.http) = (given.grants, given.limits, given.http);
    config.plugins.prefixes = given.plugins.prefixes;
    config.plugins.aliases = given.plugins.aliases;
    config.plugins.data_directory = project.join(DATA).display().to_string();
    config.reactor.enabled = false;
    config.server.exposure = Exposure::Full;
    Ok(config)
}

impl Private {
    /// Makes one that serves nothing yet. Inside a runtime's context.
    pub(super) fn new(project: &Project, config: HostConfig) -> anyhow::Result<Self> {
        let data = project.directory.join(DATA);
        fs::create_dir_all(&data).with_context(|| format!("cannot make {}", data.display()))?;
        let config = Arc::new(config);
        let store = Store::open(&data.join("store.db")).with_context(|| {
            format!("cannot open the store in {}; does another `tandem plugin dev` run here?", data.display())
        })?;
        let services = Arc::new(Services::with_store(store).trusting(authorities(&config)?));
        let catalog = Arc::new(Catalog::with_reserved_names(tandem_gateway::meta_tools()));
        let limits = Arc::new(Limits::new(config.clone(), Descriptors::available()));
        let router = Router::new(catalog.clone(), services.clone(), router_config(&config, limits));
        let engine = EngineConfig { max_memory: config.limits.memory.as_u64(), ..EngineConfig::default() };
        let engine = Engine::new(engine, Some(&data.join("compiled")), services, &[&tandem_cluster::P2p])?;
        let draining = Draining::new(config.plugins.drain.as_duration());
        Ok(Self { engine, catalog, draining, router, config, data })
    }

    /// The gateway before it; the port is `port`, or another one if that is taken and may be another.
    pub(super) async fn listen(&self, port: Option<u16>, usual: u16) -> anyhow::Result<(Gateway, TcpListener)> {
        let loopback = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = match port {
            Some(port) => {
                TcpListener::bind(loopback(port)).await.with_context(|| format!("cannot listen on port {port}"))?
            }
            None => match TcpListener::bind(loopback(usual)).await {
                Ok(listener) => listener,
                Err(_) => TcpListener::bind(loopback(0)).await.context("cannot listen on loopback")?,
            },
        };
        let gateway = gateway_config(&self.config);
        Ok((Gateway::new(self.router.clone(), gateway)?, listener))
    }

    /// Verifies, compiles and probes what the project has built, and serves it from now on with what `config` grants; what
    /// served before finishes its calls. If anything is wrong, what served before goes on. Blocking, up to half a minute for
    /// an interpreter.
    pub(super) fn take(&self, project: &Project, config: HostConfig) -> anyhow::Result<LoadedVersion> {
        let (manifest, component, path) = (project.manifest()?, project.component()?, project.manifest_path());
        let assembled = package::assemble(&self.engine, &component, &path, &manifest);
        let Assembled { file, unsupported_exports, .. } = tokio::runtime::Handle::current().block_on(assembled)?;
        let options = LoadOptions {
            directory: PathBuf::new(),
            roots: TrustRoots::none(),
            signatures: SignaturePolicy::AllowUnsigned,
            workers: 1,
        };
        let effective = config.effective(manifest.plugin.name.as_str(), &manifest.request, "");
        let refused = effective.explain().iter().filter(|one| one.reason.is_some()).map(ToString::to_string).collect();
        let policy = Policy::new(Arc::new(config), Overlays::default());
        let loaded = load_candidate(&self.engine, FILE, &file, &options, &ProjectGrants(&policy));
        let (category, _) = loaded?;
        let displaced = self.catalog.swap(category, None).map_err(anyhow::Error::msg)?;
        self.draining.retire(displaced);
        self.router.set_ready(true);
        self.prune();
        let category = self.catalog.of_file(FILE).0.context("the plugin was unloaded")?;
        Ok(LoadedVersion { category, unsupported_exports, refused })
    }

    /// Settings of `config` that differ from those the host was started with and hold for all of its time.
    pub(super) fn waiting(&self, config: &HostConfig) -> Vec<&'static str> {
        let differ = [
            ("http", self.config.http != config.http),
            ("limits.memory", self.config.limits.memory != config.limits.memory),
        ];
        differ.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }

    fn prune(&self) {
        let Ok(entries) = fs::read_dir(self.data.join("compiled")) else { return };
        let mut code: Vec<_> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "cwasm"))
            .filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))
            .collect();
        code.sort();
        for (_, path) in code.iter().rev().skip(COMPILED) {
            // Only room is lost.
            drop(fs::remove_file(path));
        }
    }
}
