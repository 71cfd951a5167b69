//! `tandem inspect`: what a plugin is, what it requests, and what it would be granted here.

use std::io::Write;

use serde_json::json;
use tandem_config::{HostConfig, SupplyPolicy};
use tandem_engine::{Engine, EngineConfig, Outline};
use tandem_package::{Effective, Installed, Package, SignatureState};
use tandem_runtime::{config::trust_roots, files, supply};

use crate::{args::Inspect, config, exit::Exit, package, terminal::line};

/// Shows one plugin.
pub(crate) fn run(args: &Inspect) -> anyhow::Result<Exit> {
    let host = config::load(&args.source)?;
    let bytes = package::read(&args.file)?;
    let roots = files::trust_roots(trust_roots(&host)?.iter().map(AsRef::as_ref))?;
    let (plugin, state) = Package::inspect(&bytes, &roots)?;
    let engine = Engine::new(
        EngineConfig { max_instances: 1, ..EngineConfig::default() },
        None,
        Default::default(),
        &[&tandem_cluster::P2p],
    )?;
    let outline = engine.outline(plugin.component(&bytes))?;
    let revoked = supply::revoked(&host)?;
    let refusal = SupplyPolicy::new(&host, &revoked).admit(&Installed::of(&plugin), None).err();
    let effective = host.effective(plugin.manifest.plugin.name.as_str(), &plugin.manifest.request, "");
    let mut out = crate::terminal::out();
    if args.json {
        let shown = json!({
            "manifest": plugin.manifest, "descriptors": plugin.descriptors, "imports": outline.imports,
            "functions_left_out": outline.left_out.iter().flatten().map(ToString::to_string).collect::<Vec<_>>(),
            "signature": signature(&state), "digest": plugin.file_digest.to_string(), "capabilities": effective.explain(),
            "refused": refusal.as_ref().map(ToString::to_string),
            "limits": plugin.manifest.limits.within(&host.limits),
        });
        writeln!(out, "{}", crate::terminal::json(&shown)?)?;
        return Ok(Exit::Success);
    }
    print(&mut out, &plugin, &state, &outline, &effective, &host)?;
    if let Some(refusal) = refusal {
        writeln!(out, "\nREFUSED here: {refusal}")?;
    }
    Ok(Exit::Success)
}

fn signature(state: &SignatureState) -> String {
    match state {
        SignatureState::Unsigned => "unsigned".to_owned(),
        SignatureState::Valid(key) => format!("valid, by the trusted key {key}"),
        SignatureState::UnknownKey(key) => format!("by key {key}, which is not trusted here"),
        SignatureState::Invalid(key) => format!("INVALID for key {key}: the file was changed after it was signed"),
    }
}

fn print(
    out: &mut impl Write,
    plugin: &Package,
    state: &SignatureState,
    outline: &Outline,
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
    let made = if outline.left_out.is_some() { " (made from the exported functions)" } else { "" };
    writeln!(out, "\ntools{made}")?;
    for tool in &plugin.descriptors.tools {
        let first = tool.description.lines().next().unwrap_or("");
        writeln!(out, "  {:28}  {first}", line(&tool.name))?;
    }
    for function in outline.left_out.iter().flatten() {
        writeln!(out, "  {}", line(&function.to_string()))?;
    }
    writeln!(out, "\nimports (what it could use if it were granted)")?;
    outline.imports.iter().try_for_each(|import| writeln!(out, "  {}", line(import)))
}
