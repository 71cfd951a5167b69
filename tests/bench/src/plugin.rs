//! The measured plugins: test guests, with a fresh instance for each call or a pooled one.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use tandem_catalog::Category;
use tandem_engine::{CallContext, Capability, Engine, EngineConfig, Limits, Services};
use tandem_package::{Instance, Package, PluginManifest, SignaturePolicy, TrustRoots};
use tandem_runtime::LoadFailure;
use tandem_runtime::load::{GrantPolicy, Granted, LoadOptions, load_file};
use tandem_types::Caller;

/// A call of a client that only waits.
pub(crate) fn context(caller: Caller) -> CallContext {
    CallContext::new("bench".into(), caller)
}

/// Grants nothing, and passes the author's limits on.
pub(crate) struct Plain;

impl GrantPolicy for Plain {
    fn grant(&self, manifest: &PluginManifest) -> Result<Granted, LoadFailure> {
        let limits = &manifest.limits;
        Ok(Granted {
            limits: Limits {
                memory: limits.memory.as_u64(),
                // The CPU budget alone ends an attack.
                deadline: Duration::from_secs(60),
                cpu: limits.cpu.as_duration(),
                output: limits.output.as_u64(),
                log: 64 << 10,
                concurrency: 256,
            },
            max_deadline: Duration::from_secs(60),
            prefix: String::new(),
            aliases: Default::default(),
            overrides: Default::default(),
            prefers_reactor: false,
            capabilities: Arc::new(Arc::new(Capability::default())),
            deterministic: None,
        })
    }
}

/// Where the packed guests are.
pub(crate) fn file(guest: &str) -> PathBuf {
    let directory = std::env::var_os("TANDEM_BENCH_GUESTS").unwrap_or_else(|| "target/guests".into());
    PathBuf::from(directory).join(format!("{guest}.wasm"))
}

/// Loads the guest `echo` into an engine of its own. Needs a runtime's context.
pub(crate) fn load(pooled: bool) -> anyhow::Result<(Engine, Category)> {
    let engine = engine()?;
    let category = load_into(&engine, "echo", pooled)?;
    Ok((engine, category))
}

/// An engine as a host has it, without a store and without a cache of compiled code.
pub(crate) fn engine() -> anyhow::Result<Engine> {
    Ok(Engine::new(EngineConfig::default(), None, Arc::new(Services::default()), &[])?)
}

/// How a directory of unsigned plugins is loaded.
pub(crate) fn options(directory: &Path) -> LoadOptions {
    LoadOptions {
        directory: directory.to_owned(),
        roots: TrustRoots::none(),
        signatures: SignaturePolicy::AllowUnsigned,
        workers: 1,
    }
}

/// Loads one guest. Needs a runtime's context.
pub(crate) fn load_into(engine: &Engine, guest: &str, pooled: bool) -> anyhow::Result<Category> {
    let file = file(guest);
    let bytes = std::fs::read(&file).with_context(|| format!("{}: run `make plugins` first", file.display()))?;
    let (package, _) = Package::inspect(&bytes, &TrustRoots::none())?;
    let mut manifest = package.manifest;
    manifest.runtime.instance = if pooled { Instance::Pooled } else { Instance::PerCall };
    let repacked = Package::repack(&bytes, &manifest, &package.descriptors)?;
    let directory = tempfile::tempdir()?;
    let path = directory.path().join(format!("{guest}.wasm"));
    std::fs::write(&path, repacked)?;
    let options = options(directory.path());
    let (category, _) = load_file(engine, &path, &options, &Plain).map_err(anyhow::Error::msg)?;
    Ok(category)
}
