//! `tandem plugin inspect`: what a plugin is, what it requests, and what it would be granted here.

use std::{io::Write, path::PathBuf};

use clap::Args;
use serde_json::json;
use tandem_config::{HostConfig, SupplyPolicy};
use tandem_engine::{ComponentInfo, Engine, EngineConfig};
use tandem_package::{Effective, Installed, Package, SignatureState};
use tandem_runtime::{config::trust_roots, files, supply};

use crate::{exit::Exit, package, source::Source, summary::summary, terminal::line};

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The plugin
    pub file: PathBuf,
    #[command(flatten)]
    pub source: Source,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Shows one plugin.
pub(crate) fn run(args: &Inspect) -> anyhow::Result<Exit> {
    let host = args.source.load()?;
    let bytes = package::read(&args.file)?;
    let roots = files::trust_roots(trust_roots(&host)?.iter().map(AsRef::as_ref))?;
    let (plugin, state) = Package::inspect(&bytes, &roots)?;
    let engine = Engine::new(
        EngineConfig { max_instances: 1, ..EngineConfig::default() },
        None,
        Default::default(),
        &[&tandem_cluster::P2p],
    )?;
    let info = engine.component_info(plugin.component(&bytes))?;
    let revoked = supply::revoked(&host)?;
    let refusal = SupplyPolicy::new(&host, &revoked).admit(&Installed::of(&plugin), None).err();
    let effective = host.effective(plugin.manifest.plugin.name.as_str(), &plugin.manifest.request, "");
    let mut out = crate::terminal::out();
    if args.json {
        let shown = json!({
            "manifest": plugin.manifest, "descriptors": plugin.descriptors, "imports": info.imports,
            "functions_left_out": info.unsupported_exports.iter().flatten().map(ToString::to_string).collect::<Vec<_>>(),
            "signature": signature(&state), "digest": plugin.file_digest.to_string(), "capabilities": effective.explain(),
            "refused": refusal.as_ref().map(ToString::to_string),
            "limits": plugin.manifest.limits.within(&host.limits),
        });
        writeln!(out, "{}", crate::terminal::json(&shown)?)?;
        return Ok(Exit::Success);
    }
    print(&mut out, &plugin, &state, &info, &effective, &host)?;
    if let Some(refusal) = refusal {
        writeln!(out, "\nREFUSED here: {refusal}")?;
    }
    Ok(Exit::Success)
}

fn signature(state: &SignatureState) -> String {
    match state {
        SignatureState::Unsigned => "unsigned".to_owned(),
        SignatureState::Valid(key) => format!("valid, by the trusted key {key}"),
        SignatureState::UnknownKey(key) => format!("by key {key}, not trusted here"),
        SignatureState::Invalid(key) => format!("INVALID for key {key}: the file was changed after signing"),
    }
}

fn print(
    out: &mut impl Write,
    plugin: &Package,
    state: &SignatureState,
    info: &ComponentInfo,
    effective: &Effective,
    host: &HostConfig,
) -> std::io::Result<()> {
    let identity = &plugin.manifest.plugin;
    writeln!(out, "{} {}  {}", identity.name, identity.version, line(&identity.description))?;
    writeln!(out, "  category   {}", plugin.manifest.category())?;
    writeln!(out, "  signature  {}", signature(state))?;
    writeln!(out, "  digest     {}", plugin.file_digest)?;
    let limits = plugin.manifest.limits.within(&host.limits);
    let ceilings = [
        ("memory", limits.memory.to_string()),
        ("deadline", limits.deadline.to_string()),
        ("cpu", limits.cpu.to_string()),
        ("output", limits.output.to_string()),
        ("concurrency", limits.concurrency.to_string()),
    ];
    let ceilings: Vec<_> = ceilings.iter().map(|(name, value)| format!("{name} {value}")).collect();
    writeln!(out, "  limits     {}", ceilings.join(", "))?;
    writeln!(out, "\ncapabilities: requested and granted here")?;
    for explained in effective.explain() {
        writeln!(out, "  {}", line(&explained.to_string()))?;
    }
    if effective.explain().is_empty() {
        writeln!(out, "  none requested")?;
    }
    let made = if info.unsupported_exports.is_some() { " (derived from the exported functions)" } else { "" };
    writeln!(out, "\ntools{made}")?;
    for tool in &plugin.descriptors.tools {
        writeln!(out, "  {:28}  {}", line(&tool.name), summary(&tool.description, 32))?;
    }
    for function in info.unsupported_exports.iter().flatten() {
        writeln!(out, "  {}", line(&function.to_string()))?;
    }
    writeln!(out, "\nimports (usable where granted)")?;
    info.imports.iter().try_for_each(|import| writeln!(out, "  {}", line(import)))
}
