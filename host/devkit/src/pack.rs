//! `tandem plugin pack`: a component becomes a plugin.
//!
//! A project is built before, small and fast, as its operators will have it; a component is taken as it is. Nothing is written
//! unless it is whole.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail};
use tandem_engine::{Engine, EngineConfig, Services};
use tandem_package::{Package, PluginManifest};
use tandem_types::Name;
use wasmparser::{Parser, Payload};
use wit_parser::{PackageMetadata, Resolve};

use super::{
    api,
    build::build_once,
    host::DATA,
    project::{COMPONENT, Project, Purpose},
    terminal::say,
    toolchain,
};
use crate::package::{self, Assembled};

/// What is packed.
#[derive(Clone, Debug)]
pub struct Pack {
    /// A project's directory, or a built component.
    pub path: PathBuf,
    /// The manifest [default: plugin.toml, of the project or of this directory]
    pub manifest: Option<PathBuf>,
    /// The plugin's name, in place of the manifest's. A component needs no manifest then: it requests nothing.
    pub name: Option<Name>,
    /// The WIT text of a component with typed exports of its own: its `///` comments become descriptions.
    pub wit: Option<PathBuf>,
    /// Where to write the plugin [default: NAME.wasm, in the project's directory or in this one]
    pub output: Option<PathBuf>,
    /// Also sign it with this private key.
    pub key: Option<PathBuf>,
    /// Install what is missing to build the project, without asking.
    pub install: bool,
}

/// Builds what is a project, and packs.
pub fn run(args: &Pack) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let key = args.key.as_deref().map(package::key_pair).transpose()?;
    let (component, directory, compiled) = if api::is_import(&args.path) {
        // What was reviewed is what is packed, whatever was built before.
        api::build(&args.path)?;
        (args.path.join(COMPONENT), args.path.as_path(), None)
    } else if args.path.is_dir() {
        let here = if args.path == Path::new(".") { Path::new("") } else { &args.path };
        let project = Project::open(&args.path)?;
        // What is wrong in it is told without waiting for a compiler.
        project.manifest()?;
        toolchain::ready(project.language, &project.directory, args.install)?;
        runtime.block_on(build_once(&project, Purpose::Use))?;
        (here.join(COMPONENT), here, Some(here.join(DATA).join("compiled")))
    } else {
        (args.path.clone(), Path::new(""), None)
    };
    let manifest_path = args.manifest.clone().unwrap_or_else(|| directory.join("plugin.toml"));
    let mut bytes = package::read(&component)?;
    let manifest = manifest(args, &manifest_path, &component, &bytes)?;
    let output = output(args, directory, &component, &manifest)?;
    if let Some(wit) = &args.wit {
        bytes = documented(&bytes, wit)?;
    }
    let engine = EngineConfig { max_instances: 1, ..EngineConfig::default() };
    let engine = Engine::new(engine, compiled.as_deref(), Arc::new(Services::default()), &[&tandem_cluster::P2p])?;
    let Assembled { mut file, tools, unsupported_exports } = runtime
        .block_on(package::assemble(&engine, &bytes, &manifest_path, &manifest))
        .with_context(|| format!("{} cannot be packed", component.display()))?;
    for function in &unsupported_exports {
        say!("{}: {function}", component.display());
    }
    if let Some(key) = &key {
        file = Package::sign(&file, key)?;
    }
    package::replace(&output, &file)?;
    writeln!(
        crate::terminal::out(),
        "{}: {} {} with {} tools, {} bytes, {}",
        output.display(),
        manifest.plugin.name,
        manifest.plugin.version,
        tools,
        file.len(),
        if key.is_some() { "signed" } else { "unsigned; `tandem plugin sign` signs it" }
    )?;
    Ok(())
}

/// The manifest, by the name that was given. A component without one is described by what it says of itself.
fn manifest(args: &Pack, path: &Path, component: &Path, bytes: &[u8]) -> anyhow::Result<PluginManifest> {
    let is_missing = args.manifest.is_none() && !args.path.is_dir() && !path.exists();
    let mut manifest = match &args.name {
        None if is_missing => {
            bail!("{} has no manifest: name it with --name, or write {}", component.display(), path.display())
        }
        Some(name) if is_missing => {
            let manifest = described(name, component, bytes)?;
            say!("{}: no {}: it requests nothing, and has the default limits", component.display(), path.display());
            manifest
        }
        _ => package::manifest(path)?,
    };
    if let Some(name) = &args.name {
        manifest.plugin.name = name.clone();
    }
    Ok(manifest)
}

/// A manifest by the metadata that language tools and `wasm-tools metadata add` put into components.
fn described(name: &Name, component: &Path, bytes: &[u8]) -> anyhow::Result<PluginManifest> {
    let version = metadata(bytes, "version").filter(|version| semver::Version::parse(version).is_ok());
    let file = component.file_name().unwrap_or_default().to_string_lossy();
    let plugin = serde_json::json!({
        "name": name,
        "version": version.unwrap_or("0.1.0"),
        "description": metadata(bytes, "description").map_or_else(|| format!("The tools of {file}."), str::to_owned),
    });
    let manifest = tandem_types::canonical_json(&serde_json::json!({ "plugin": plugin }));
    let manifest = PluginManifest::from_section(&manifest);
    manifest.with_context(|| format!("{} has invalid package metadata; write a plugin.toml", component.display()))
}

/// A text that a component says of itself, in a custom section of its own.
fn metadata<'b>(component: &'b [u8], name: &str) -> Option<&'b str> {
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(component) {
        match payload.ok()? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if depth == 0 && section.name() == name => {
                return str::from_utf8(section.data()).ok().map(str::trim).filter(|text| !text.is_empty());
            }
            _ => {}
        }
    }
    None
}

fn output(args: &Pack, directory: &Path, component: &Path, manifest: &PluginManifest) -> anyhow::Result<PathBuf> {
    let usual = || directory.join(format!("{}.wasm", manifest.plugin.name));
    let output = args.output.clone().unwrap_or_else(usual);
    // Whoever names a file may mean it; nobody means the loss of what was built.
    if args.output.is_none() && output.canonicalize().ok() == component.canonicalize().ok() && output.exists() {
        bail!("{} is the component itself; say with -o where the plugin is to be written", output.display());
    }
    Ok(output)
}

/// Puts the comments of a WIT text into the component, in the section where WIT tools keep them: its types have none.
fn documented(component: &[u8], wit: &Path) -> anyhow::Result<Vec<u8>> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit).with_context(|| format!("cannot read {}", wit.display()))?;
    let docs = PackageMetadata::extract(&resolve, package).encode()?;
    Ok(Package::annotate(component, PackageMetadata::SECTION_NAME, &docs)?)
}
