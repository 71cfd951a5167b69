//! From a directory of plugin files to categories.
//!
//! Files are read, verified, linked and probed by a bounded number of threads, off every request's path; what is not in the cache of
//! compiled code is listed, and compiled later. Whatever is wrong with a file leaves that file out.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use tandem_catalog::{Backend, Category, Rejected, Schema, Tool, ToolLimits};
use tandem_config::HostConfig;
use tandem_engine::{Engine, InstancePolicy, LoadError, Origin, Plugin, PluginSpec};
use tandem_files::ReadError;
use tandem_package::{
    Installed, Instance, MAX_FILE, Package, PluginManifest, SignaturePolicy, ToolAlias, ToolDescriptor, TrustRoots,
};
use tandem_types::HumanDuration;

pub use crate::granted::Granted;
use crate::{config, failure::LoadFailure, failure::Unreadable, files};

/// Where plugins come from and whom to trust.
#[derive(Debug)]
pub struct LoadOptions {
    /// The directory; files that end in `.wasm` are plugins.
    pub directory: PathBuf,
    /// Keys whose signatures count.
    pub roots: TrustRoots,
    /// What to do with unsigned files.
    pub signatures: SignaturePolicy,
    /// Threads that compile.
    pub workers: usize,
}

impl LoadOptions {
    /// How plugins are loaded under a configuration.
    ///
    /// # Errors
    /// A file of trusted keys cannot be read.
    pub fn of(config: &HostConfig) -> anyhow::Result<Self> {
        Ok(Self {
            directory: (&config.plugins.directory).into(),
            roots: files::trust_roots(config::trust_roots(config)?.iter().map(AsRef::as_ref))?,
            signatures: match config.plugins.allow_unsigned {
                true => SignaturePolicy::AllowUnsigned,
                false => SignaturePolicy::Required,
            },
            workers: config.general.compile_workers.into(),
        })
    }
}

/// Decides what may be loaded, and what is granted to it. An error leaves the plugin out. Both run on a loading
/// thread, inside the runtime's context, and may block.
pub trait GrantPolicy: Sync {
    /// Whether a package, whose signature is right, may be loaded here.
    ///
    /// # Errors
    /// It may not.
    fn admit(&self, _package: &Package) -> Result<(), LoadFailure> {
        Ok(())
    }
    /// The grant for one plugin.
    ///
    /// # Errors
    /// What is granted cannot be provided.
    fn grant(&self, manifest: &PluginManifest) -> Result<Granted, LoadFailure>;
}

/// Is told how far the loading is.
pub trait LoadObserver: Sync {
    /// So many files are to be loaded.
    fn found(&self, files: usize);
    /// One is being read, and compiled if need be.
    fn begun(&self, file: &str);
    /// One is done.
    fn loaded(&self, file: &str, origin: Origin, took: Duration);
    /// One was left out.
    fn rejected(&self, rejected: &Rejected);
}

/// Categories by file name, and what was left out.
pub type Loaded = (Vec<(String, Category)>, Vec<Rejected>);

/// Lists every plugin of the directory, from its signed descriptors, and loads those that are compiled. Of the others the plugin
/// [is compiling](Plugin::is_compiling): its calls wait, until [`load_listed`]. Blocking, for as long as files and compiled code are
/// read: call it on a thread of its own, inside a runtime's context.
pub fn load_directory(
    engine: &Engine,
    options: &LoadOptions,
    grants: &dyn GrantPolicy,
    observer: &dyn LoadObserver,
) -> std::io::Result<Loaded> {
    let mut files: Vec<PathBuf> = fs::read_dir(&options.directory)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        .collect();
    files.sort();
    observer.found(files.len());
    let next = AtomicUsize::new(0);
    let results = Mutex::new((Vec::new(), Vec::new()));
    let runtime = tokio::runtime::Handle::current();
    std::thread::scope(|scope| {
        for _ in 0..options.workers.clamp(1, files.len().max(1)) {
            scope.spawn(|| {
                let _context = runtime.enter();
                while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (file, start) = (file_name(path), Instant::now());
                    let result = list_file(engine, path, options, grants);
                    let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                    match result {
                        Ok(category) => {
                            if !category.backend.is_compiling() {
                                observer.loaded(&file, Origin::Cached, start.elapsed());
                            }
                            results.0.push((file, category));
                        }
                        Err(failure) => {
                            let rejected = failure.of(file);
                            observer.rejected(&rejected);
                            results.1.push(rejected);
                        }
                    }
                }
            });
        }
    });
    let (mut categories, rejected) = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    categories.sort_by(|a, b| a.0.cmp(&b.0));
    Ok((categories, rejected))
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Lists one file, and loads it if it is compiled.
fn list_file(
    engine: &Engine,
    path: &Path,
    options: &LoadOptions,
    grants: &dyn GrantPolicy,
) -> Result<Category, LoadFailure> {
    let bytes = read_file(path)?;
    let Opened { package, granted, spec } = Opened::new(&bytes, options, grants)?;
    let plugin = Arc::new(engine.load_cached(package.component(&bytes), spec)?);
    if !plugin.is_compiling() {
        check(&file_name(path), &package, &plugin, false)?;
    }
    category(&file_name(path), &package, &plugin, &granted)
}

/// Loads and checks a file that was listed before it was compiled ([`load_directory`]). Its code is for [`Plugin::adopt`].
/// Blocking, up to minutes.
pub fn load_listed(
    engine: &Engine,
    file: &str,
    bytes: &[u8],
    options: &LoadOptions,
    grants: &dyn GrantPolicy,
) -> Result<(Arc<Plugin>, Origin), LoadFailure> {
    let Opened { package, spec, .. } = Opened::new(bytes, options, grants)?;
    let (plugin, origin) = engine.load_whole(package.component(bytes), spec)?;
    let plugin = Arc::new(plugin);
    check(file, &package, &plugin, false)?;
    Ok((plugin, origin))
}

/// Loads one file.
pub fn load_file(
    engine: &Engine,
    path: &Path,
    options: &LoadOptions,
    grants: &dyn GrantPolicy,
) -> Result<(Category, Origin), LoadFailure> {
    load(engine, &file_name(path), &read_file(path)?, options, grants, false)
}

/// Loads what is to take another version's place: it must also answer, in a sandbox without any grant, what its
/// descriptors say. Blocking, up to seconds.
pub fn load_candidate(
    engine: &Engine,
    file: &str,
    bytes: &[u8],
    options: &LoadOptions,
    grants: &dyn GrantPolicy,
) -> Result<(Category, Origin), LoadFailure> {
    load(engine, file, bytes, options, grants, true)
}

/// A plugin file's bytes, of which there are not more than a package may have. Waits for nobody: what is not a regular file is
/// refused.
///
/// # Errors
/// It cannot be read, is not a regular file, or is too large.
pub fn read_file(path: &Path) -> Result<Vec<u8>, Unreadable> {
    tandem_files::read_regular(path, MAX_FILE as u64).map_err(|error| {
        Unreadable(match error {
            ReadError::Io(error) => format!("cannot be read: {error}"),
            other => other.to_string(),
        })
    })
}

fn load(
    engine: &Engine,
    file: &str,
    bytes: &[u8],
    options: &LoadOptions,
    grants: &dyn GrantPolicy,
    probe: bool,
) -> Result<(Category, Origin), LoadFailure> {
    let Opened { package, granted, spec } = Opened::new(bytes, options, grants)?;
    // Compiled code is kept by the component alone: another manifest does not make it another one.
    let (plugin, origin) = engine.load(package.component(bytes), spec).map_err(|error| match error {
        LoadError::Slow => LoadFailure::Compiling,
        other => other.into(),
    })?;
    let plugin = Arc::new(plugin);
    check(file, &package, &plugin, probe)?;
    Ok((category(file, &package, &plugin, &granted)?, origin))
}

/// A package that may be loaded, and what it is granted.
struct Opened {
    package: Package,
    granted: Granted,
    spec: PluginSpec,
}

impl Opened {
    fn new(bytes: &[u8], options: &LoadOptions, grants: &dyn GrantPolicy) -> Result<Self, LoadFailure> {
        let package = Package::open(bytes, &options.roots, options.signatures)?;
        let manifest = &package.manifest;
        grants.admit(&package)?;
        let granted = grants.grant(manifest)?;
        let policy = match manifest.runtime.instance {
            Instance::PerCall => InstancePolicy::PerCall,
            Instance::Pooled => InstancePolicy::Pooled { max_invocations: manifest.runtime.invocations() },
        };
        let spec = PluginSpec {
            name: manifest.plugin.name.to_string(),
            limits: granted.limits.clone(),
            policy,
            capabilities: granted.capabilities.clone(),
            deterministic: granted.deterministic,
        };
        Ok(Self { package, granted, spec })
    }
}

/// Whether loaded code is what its package says, and can work as it is granted. With `probe` it is asked what it offers, too.
fn check(file: &str, package: &Package, plugin: &Arc<Plugin>, probe: bool) -> Result<(), LoadFailure> {
    let manifest = &package.manifest;
    for function in plugin.unsupported_exports() {
        tracing::info!(file, "{function}");
    }
    if let Some(tool) = package.descriptors.tools.iter().find(|tool| !plugin.may_offer(manifest.own_name(&tool.name))) {
        let message = format!("it does not export `{}`, which its descriptors name; pack it again", tool.name);
        return Err(LoadFailure::Descriptors(message));
    }
    let runtime = tokio::runtime::Handle::current();
    if probe {
        let mut described = runtime.block_on(plugin.describe_ungranted())?;
        manifest.adjust(&mut described);
        if described != package.descriptors {
            let message = "it does not offer what its descriptors say; pack it again with `tandem plugin pack`";
            return Err(LoadFailure::Descriptors(message.to_owned()));
        }
    }
    Ok(runtime.block_on(plugin.check())?)
}

fn category(file: &str, package: &Package, plugin: &Arc<Plugin>, granted: &Granted) -> Result<Category, LoadFailure> {
    let manifest = &package.manifest;
    let name: Arc<str> = manifest.category().into();
    let descriptors = package.descriptors.tools.iter();
    let tools: Result<Vec<_>, LoadFailure> =
        descriptors.map(|descriptor| tool(package, &name, descriptor, plugin, granted)).collect();
    if let Some(unknown) =
        manifest.adjusted().find(|tool| !package.descriptors.tools.iter().any(|d| d.name == tool.as_str()))
    {
        let message = format!("the manifest has settings for `{unknown}`, which is not a tool of the plugin");
        return Err(LoadFailure::Descriptors(message));
    }
    let is_tool = |name: &str| package.descriptors.tools.iter().any(|tool| tool.name == name);
    if let Some(unknown) = granted.overrides.tools.keys().find(|tool| !is_tool(tool.as_str())) {
        let why = format!(
            "`plugins.overrides.{}.tools` names `{unknown}`, which is not a tool of the plugin",
            manifest.plugin.name
        );
        return Err(LoadFailure::Grants(why));
    }
    let mut tools = tools?;
    tools.sort_by(|a, b| a.descriptor.name.cmp(&b.descriptor.name));
    Ok(Category {
        file: file.to_owned(),
        loaded_at: SystemTime::now(),
        plugin_name: manifest.plugin.name.as_str().into(),
        title: manifest.plugin.title.clone().unwrap_or_else(|| name.to_string()),
        description: manifest.plugin.description.clone(),
        version: manifest.plugin.version.to_string(),
        affinity: granted.overrides.affinity.unwrap_or(manifest.runtime.affinity),
        prefers_reactor: granted.prefers_reactor,
        requires_p2p: manifest.runtime.requires_p2p,
        priority: granted.overrides.priority.unwrap_or(manifest.runtime.priority),
        digest: package.file_digest.to_string(),
        installed: Installed::of(package),
        prompts: package.descriptors.prompts.clone(),
        resources: package.descriptors.resources.clone(),
        resource_templates: package.descriptors.resource_templates.clone(),
        backend: Backend::Plugin(plugin.clone()),
        name,
        tools,
    })
}

fn tool(
    package: &Package,
    category: &Arc<str>,
    descriptor: &ToolDescriptor,
    plugin: &Arc<Plugin>,
    granted: &Granted,
) -> Result<Arc<Tool>, LoadFailure> {
    let policy = package.manifest.tool_policy(descriptor);
    let limits = plugin.limits();
    let (overrides, runtime) = (&granted.overrides, &package.manifest.runtime);
    let tool = overrides.tools.get(descriptor.name.as_str()).cloned().unwrap_or_default();
    let schema = |what: &str, schema| {
        Schema::compile(schema).map_err(|error| {
            LoadFailure::Descriptors(format!("invalid {what} schema of `{}`: {error}", descriptor.name))
        })
    };
    Ok(Arc::new(Tool {
        category: category.clone(),
        affinity: tool.affinity.or(overrides.affinity).unwrap_or(runtime.affinity),
        priority: tool.priority.or(overrides.priority).unwrap_or(runtime.priority),
        digest: package.descriptors.tool_digest(&descriptor.name).unwrap_or_default(),
        limits: ToolLimits {
            deadline: tool
                .deadline
                .or(overrides.deadline)
                .unwrap_or(policy.deadline)
                .as_duration()
                .min(granted.max_deadline),
            memory: limits.memory,
            cpu: limits.cpu,
            output: limits.output,
            concurrency: limits.concurrency,
        },
        uses_client: plugin.uses_client(),
        retry: policy.retry,
        cache_ttl: policy.cache_ttl.map(HumanDuration::as_duration),
        task: policy.task,
        backend: Backend::Plugin(plugin.clone()),
        input: schema("input", &descriptor.input_schema)?,
        output: descriptor.output_schema.as_ref().map(|s| schema("output", s)).transpose()?,
        own_name: package.manifest.own_name(&descriptor.name).to_owned(),
        aliases: aliases(package, descriptor, granted)?,
        descriptor: ToolDescriptor { name: public_name(&descriptor.name, granted)?, ..descriptor.clone() },
    }))
}

/// The tool's other names in this host: after the operator's prefix, as all names of the plugin.
fn aliases(
    package: &Package,
    descriptor: &ToolDescriptor,
    granted: &Granted,
) -> Result<Vec<Arc<ToolAlias>>, LoadFailure> {
    let here = |alias: &ToolAlias| {
        let (name, own) = (format!("{}{}", granted.prefix, alias.name), alias.name.to_string());
        let name = name.parse().map_err(|_| LoadFailure::ToolName { name, own })?;
        Ok(Arc::new(ToolAlias { name, rename: alias.rename.clone() }))
    };
    package.manifest.aliases(&descriptor.name).iter().map(here).collect()
}

/// The tool's name in this host, as the operator wants it.
fn public_name(own: &str, granted: &Granted) -> Result<String, LoadFailure> {
    let name = granted.aliases.get(own).cloned().unwrap_or_else(|| format!("{}{own}", granted.prefix));
    if tandem_types::is_tool_name(&name) {
        return Ok(name);
    }
    Err(LoadFailure::ToolName { name, own: own.to_owned() })
}
