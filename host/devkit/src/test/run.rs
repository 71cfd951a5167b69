//! Runs cases, one after another, each in a fresh sandbox.

use std::{
    collections::HashMap,
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use serde_json::Value;
use tandem_catalog::{Category, Effort, Tool};
use tandem_config::HostConfig;
use tandem_engine::{
    CallContext, Capability, Content, DeterministicSources, Engine, EngineConfig, Invoker, ResourceBody, RunError,
    Services, ToolError, ToolOutput,
};
use tandem_package::{Package, PluginManifest, SignaturePolicy, TrustRoots};
use tandem_runtime::LoadFailure;
use tandem_runtime::grants;
use tandem_runtime::load::{GrantPolicy, Granted, LoadOptions, load_candidate};
use tandem_store::{Namespace, Quota, Store};
use tandem_types::Caller;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{
    case::Case,
    fakes::{Client, Worlds},
};
use crate::{host::DATA, package, project::Project};

/// Files of a directory that a case may write to. It is copied for each case.
const MAX_COPIED: usize = 10_000;

/// What a call gave.
#[derive(Debug)]
pub(super) enum Outcome {
    /// An answer.
    Answer { structured: Option<Value>, text: String },
    /// A tool's error, or what the host made of what the guest did.
    Error {
        /// As in [`KINDS`](super::case::KINDS); a limit's is `limit:NAME`.
        kind: String,
        message: String,
    },
}

/// What came of a case.
pub(super) struct Ran {
    pub(super) outcome: Outcome,
    pub(super) took: Duration,
    pub(super) lines: Vec<String>,
    pub(super) requested: Vec<String>,
    /// What the store holds of the keys that the case asks about.
    pub(super) stored: HashMap<String, Option<Vec<u8>>>,
}

/// Where the plugin comes from.
pub(super) enum Tested<'a> {
    /// What was built in a project.
    Project(Project),
    /// A plugin file, with its own manifest.
    Plugin(&'a Path),
}

/// The plugin in a sandbox of its own.
pub(super) struct Bench {
    engine: Engine,
    store: Store,
    worlds: Arc<Worlds>,
    _invoker: Arc<dyn Invoker>,
    config: HostConfig,
    file: Vec<u8>,
    package: Package,
    /// By time and chance, which a plugin has for all its calls.
    loaded: HashMap<DeterministicSources, Category>,
    scratch: TempDir,
}

impl Tested<'_> {
    /// The plugin file. Blocking, inside a runtime's context.
    fn file(&self, engine: &Engine) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::Plugin(path) => {
                let file = package::read(path)?;
                let (package, _) = Package::inspect(&file, &TrustRoots::none())?;
                // Whoever signed it: what is tested here is trusted with nothing.
                Ok(Package::repack(&file, &package.manifest, &package.descriptors)?)
            }
            Self::Project(project) => {
                let (manifest, component) = (project.manifest()?, project.component()?);
                let path = project.manifest_path();
                let assembled = package::assemble(engine, &component, &path, &manifest);
                Ok(tokio::runtime::Handle::current().block_on(assembled)?.file)
            }
        }
    }
}

/// Gives each case its own.
struct ByCase<'a>(&'a Bench, DeterministicSources);

impl GrantPolicy for ByCase<'_> {
    fn grant(&self, manifest: &PluginManifest) -> Result<Granted, LoadFailure> {
        Ok(Granted {
            limits: grants::limits(&self.0.config, manifest),
            max_deadline: self.0.config.limits.deadline.as_duration(),
            prefix: String::new(),
            aliases: Default::default(),
            overrides: Default::default(),
            prefers_reactor: false,
            capabilities: self.0.worlds.clone(),
            deterministic: Some(self.1),
        })
    }
}

impl Bench {
    /// Takes what is tested, and the files that cases name from `directory`. Blocking, up to half a minute for an interpreter.
    /// Inside a runtime's context.
    pub(super) fn new(directory: &Path, tested: &Tested<'_>) -> anyhow::Result<Self> {
        let directory = directory.canonicalize().with_context(|| format!("there is no {}", directory.display()))?;
        let scratch = TempDir::new().context("cannot make a temporary directory")?;
        let store = Store::open(&scratch.path().join("store.db"))?;
        let services = Arc::new(Services::with_store(store.clone()));
        let worlds = Arc::new(Worlds::new(directory.clone()));
        let invoker: Arc<dyn Invoker> = worlds.clone();
        services.set_http_fixtures(worlds.clone());
        services.set_invoker(&invoker);
        let mut config = HostConfig::default();
        config.plugins.data_directory = directory.display().to_string();
        let engine = EngineConfig { max_instances: 16, max_memory: config.limits.memory.as_u64() };
        // The same as `tandem plugin dev` has: what is compiled there is not compiled again.
        let compiled = directory.join(DATA).join("compiled");
        let engine = Engine::new(engine, Some(&compiled), services, &[&tandem_cluster::P2p])?;
        let file = tested.file(&engine)?;
        let package = Package::open(&file, &TrustRoots::none(), SignaturePolicy::AllowUnsigned)?;
        Ok(Self { engine, store, worlds, _invoker: invoker, config, file, package, loaded: HashMap::new(), scratch })
    }

    /// Runs one case. Blocking.
    pub(super) fn run(&mut self, index: usize, case: &Case) -> anyhow::Result<Ran> {
        let tenant = format!("case-{index}");
        let capability = self.capability(index, case)?;
        let quota = capability.key_value_quota().unwrap_or(Quota { bytes: 1 << 30, keys: 1 << 20 });
        // The plugin's own check, as it is loaded, finds what the case grants.
        self.worlds.add("", capability.clone(), &case.world);
        self.worlds.add(&tenant, capability, &case.world);
        let runtime = tokio::runtime::Handle::current();
        let namespace =
            Namespace { tenant: tenant.as_str().into(), plugin: self.package.manifest.plugin.name.as_str().into() };
        let entries: Vec<_> = case.world.stored.iter().map(|(key, value)| (key.clone(), stored(value))).collect();
        if !entries.is_empty() {
            runtime.block_on(self.store.set_many(namespace.clone(), quota, entries)).context("the store's contents")?;
        }
        let client = Arc::new(Client::new(case.world.answers.clone()));
        let sources = case.deterministic_sources()?;
        let category = self.category(sources)?;
        let tools = &category.tools;
        let start = Instant::now();
        let outcome = match tools.iter().find(|tool| tool.descriptor.name == case.tool) {
            Some(tool) => runtime.block_on(call(tool, case, &tenant, client.clone())),
            None => {
                let names: Vec<_> = tools.iter().map(|tool| &*tool.descriptor.name).collect();
                error("unknown-tool", format!("the plugin has no tool `{}`; it has {}", case.tool, names.join(", ")))
            }
        };
        let took = start.elapsed();
        let mut stored = HashMap::new();
        for key in case.expect.stored.keys() {
            stored.insert(key.clone(), runtime.block_on(self.store.get(namespace.clone(), key.clone()))?);
        }
        Ok(Ran { outcome, took, lines: client.lines(), requested: self.worlds.requested(&tenant), stored })
    }

    fn category(&mut self, sources: DeterministicSources) -> anyhow::Result<&Category> {
        if !self.loaded.contains_key(&sources) {
            let options = LoadOptions {
                directory: Default::default(),
                roots: TrustRoots::none(),
                signatures: SignaturePolicy::AllowUnsigned,
                workers: 1,
            };
            let loaded = load_candidate(&self.engine, "plugin.wasm", &self.file, &options, &ByCase(self, sources));
            self.loaded.insert(sources, loaded?.0);
        }
        self.loaded.get(&sources).context("the plugin was just loaded")
    }

    /// What the case grants, of what the manifest requests.
    fn capability(&self, index: usize, case: &Case) -> anyhow::Result<Capability> {
        let manifest = &self.package.manifest;
        let mut config = self.config.clone();
        config.grants.insert(manifest.plugin.name.clone(), case.world.grants.clone());
        let effective = config.effective(manifest.plugin.name.as_str(), &manifest.request, "");
        let mut capability = grants::capability(&config, manifest.plugin.name.as_str(), &effective)?;
        for directory in capability.directories.iter_mut().filter(|directory| directory.writable) {
            let copied = self.scratch.path().join(format!("{index}-{}", directory.name));
            let mut left = MAX_COPIED;
            copy(&directory.path, &copied, &mut left)
                .with_context(|| format!("cannot copy {}, which the case may write to", directory.path.display()))?;
            directory.path = copied;
        }
        Ok(capability)
    }
}

/// A value as a store has it: a text as it is, anything else as JSON.
pub(super) fn stored(value: &Value) -> Vec<u8> {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned).into_bytes()
}

fn copy(from: &Path, to: &Path, left: &mut usize) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        *left = left.checked_sub(1).ok_or_else(|| std::io::Error::other("it has too many files"))?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &target, left)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// One call, checked on both sides as the router does.
async fn call(tool: &Tool, case: &Case, tenant: &str, client: Arc<Client>) -> Outcome {
    let mut arguments = case.arguments.clone();
    tool.normalize_arguments(&mut arguments);
    if let Err(unfit) = tool.check_arguments(&arguments, Effort::Full) {
        return error("invalid-arguments", told(unfit.violations()));
    }
    let deadline = case.world.deadline.map_or(tool.limits.deadline, |own| own.as_duration().min(tool.limits.deadline));
    let cancel = CancellationToken::new();
    let cx = CallContext {
        cancel: cancel.clone(),
        client: Some(client),
        ..CallContext::new(tenant.into(), Caller::new(tenant, "test")).within(deadline)
    };
    if let Some(after) = case.world.cancel_after {
        tokio::spawn(async move {
            tokio::time::sleep(after.as_duration()).await;
            cancel.cancel();
        });
    }
    match tool.backend.call_tool(Arc::new(cx), &tool.own_name, Arc::new(arguments.to_string())).await {
        Ok(Ok(output)) => answer(tool, output),
        Ok(Err(failed)) => tool_error(failed),
        Err(failed) => run_error(failed),
    }
}

fn answer(tool: &Tool, output: ToolOutput) -> Outcome {
    let text = text_of(&output);
    let structured = match output.structured.map(|json| serde_json::from_str::<Value>(&json)).transpose() {
        Ok(structured) => structured,
        Err(failed) => return error("bad-output", format!("the structured result is not JSON: {failed}")),
    };
    match &structured {
        None if tool.has_output_schema() => error("bad-output", "there is no structured result".to_owned()),
        Some(value) => match tool.check_output(value, Effort::Full) {
            Ok(()) => Outcome::Answer { text: if text.is_empty() { value.to_string() } else { text }, structured },
            Err(unfit) => error("bad-output", told(unfit.violations())),
        },
        None => Outcome::Answer { structured, text },
    }
}

fn text_of(output: &ToolOutput) -> String {
    let blocks = output.content.iter().map(|block| match block {
        Content::Text(text) => text.clone(),
        Content::Image(blob) => format!("[image {}, {} bytes]", blob.mime_type, blob.data.len()),
        Content::Audio(blob) => format!("[audio {}, {} bytes]", blob.mime_type, blob.data.len()),
        Content::ResourceLink(link) => format!("[resource {}]", link.uri),
        Content::EmbeddedResource(contents) => match &contents.body {
            ResourceBody::Text(text) => text.clone(),
            ResourceBody::Blob(_) => format!("[resource {}]", contents.uri),
        },
    });
    blocks.collect::<Vec<_>>().join("\n")
}

fn tool_error(failed: ToolError) -> Outcome {
    match failed {
        ToolError::InvalidArguments(text) => error("invalid-arguments", text),
        ToolError::NotFound(text) => error("not-found", text),
        ToolError::Denied(text) => error("denied", text),
        ToolError::Unavailable(text) => error("unavailable", text),
        ToolError::MissingCapability(text) => error("missing-capability", text),
        ToolError::Cancelled => error("cancelled", "the tool stopped".to_owned()),
        ToolError::Failed(output) => error("failed", text_of(&output)),
        ToolError::Other(text) => error("other", text.unwrap_or_default()),
    }
}

fn run_error(failed: RunError) -> Outcome {
    let message = failed.to_string();
    match failed {
        RunError::Limit { limit, .. } => error(&format!("limit:{limit}"), message),
        RunError::Timeout(_) => error("timeout", message),
        RunError::Cancelled => error("cancelled", message),
        RunError::Trap(_) => error("trapped", message),
        RunError::BadOutput(_) | RunError::NoExport(_) => error("bad-output", message),
        RunError::Exhausted(_)
        | RunError::Overloaded(_)
        | RunError::Replaced
        | RunError::NotLoaded(_)
        | RunError::Unavailable { .. }
        | RunError::Disconnected(_)
        | RunError::Host(_) => error("internal", message),
    }
}

fn error(kind: &str, message: String) -> Outcome {
    Outcome::Error { kind: kind.to_owned(), message }
}

fn told(violations: tandem_catalog::Violations) -> String {
    let places = violations.into_iter().map(|(pointer, message)| match &*pointer {
        "" => message,
        pointer => format!("{pointer}: {message}"),
    });
    places.collect::<Vec<_>>().join("; ")
}
