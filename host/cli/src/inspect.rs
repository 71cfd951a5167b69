//! `tandem plugin inspect`: what a plugin is, what it requests, and what it would be granted here.

use std::{io::Write, path::PathBuf};

use clap::Args;
use tandem_devkit::Inspection;
use tandem_package::Explained;

use crate::{
    exit::Exit,
    source::Query,
    summary::summary,
    terminal::{self, line},
};

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The plugin
    pub file: PathBuf,
    #[command(flatten)]
    query: Query,
}

/// Shows one plugin.
pub(crate) fn run(args: &Inspect) -> anyhow::Result<Exit> {
    let inspection = Inspection::of(&args.file, &args.query.source.load()?)?;
    if args.query.json {
        terminal::print_json(&inspection.to_json())?;
    } else {
        print(&mut terminal::out(), &inspection)?;
    }
    Ok(Exit::Success)
}

/// What a plugin requests and has, a line for each.
pub(crate) fn capabilities(out: &mut impl Write, indent: &str, all: &[Explained]) -> std::io::Result<()> {
    if all.is_empty() {
        return writeln!(out, "{indent}none requested");
    }
    all.iter().try_for_each(|explained| writeln!(out, "{indent}{}", line(&explained.to_string())))
}

fn print(out: &mut impl Write, inspection: &Inspection) -> std::io::Result<()> {
    let Inspection { plugin, component, limits, .. } = inspection;
    let identity = &plugin.manifest.plugin;
    writeln!(out, "{} {}  {}", identity.name, identity.version, line(&identity.description))?;
    writeln!(out, "  category   {}", plugin.manifest.category())?;
    writeln!(out, "  signature  {}", inspection.signature)?;
    writeln!(out, "  digest     {}", plugin.file_digest)?;
    writeln!(
        out,
        "  limits     memory {}, deadline {}, cpu {}, output {}, concurrency {}",
        limits.memory, limits.deadline, limits.cpu, limits.output, limits.concurrency
    )?;
    writeln!(out, "\ncapabilities: requested and granted here")?;
    capabilities(out, "  ", &inspection.capabilities)?;
    let made = if component.unsupported_exports.is_some() { " (derived from the exported functions)" } else { "" };
    writeln!(out, "\ntools{made}")?;
    for tool in &plugin.descriptors.tools {
        writeln!(out, "  {:28}  {}", line(&tool.name), summary(&tool.description, 32))?;
    }
    for function in component.unsupported_exports.iter().flatten() {
        writeln!(out, "  {}", line(&function.to_string()))?;
    }
    writeln!(out, "\nimports (usable where granted)")?;
    component.imports.iter().try_for_each(|import| writeln!(out, "  {}", line(import)))?;
    inspection.refusal.iter().try_for_each(|refusal| writeln!(out, "\nREFUSED here: {refusal}"))
}
