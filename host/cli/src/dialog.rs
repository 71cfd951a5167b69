//! What is shown and asked while plugins are fetched and installed.

use std::io::{self, Write};

use tandem_installer::{Dialog, Plan};
use tandem_registry::Meter;

use crate::{confirm::confirm, inspect::capabilities, progress::Transfer, terminal};

/// Tools that are named; the others are counted.
const MAX_TOOLS: usize = 8;

/// Whoever sits at the terminal.
pub(crate) struct Terminal {
    /// The question was answered with yes before.
    pub(crate) yes: bool,
}

impl Dialog for Terminal {
    fn transfer(&self, what: &str) -> Box<dyn Meter> {
        Box::new(Transfer::new(what))
    }

    fn note(&self, text: &str) {
        // Nobody may be reading any more; that is no reason to stop.
        drop(writeln!(terminal::err(), "{text}"));
    }

    fn show(&self, plan: &Plan) -> anyhow::Result<()> {
        Ok(print(&mut terminal::err(), plan)?)
    }

    fn confirm(&self, plan: &Plan) -> anyhow::Result<bool> {
        let mut out = terminal::err();
        print(&mut out, plan)?;
        confirm(&mut out, "Install it?", &format!("the installation of `{}`", plan.locked.name), self.yes)
    }
}

fn print(out: &mut impl Write, plan: &Plan) -> io::Result<()> {
    let identity = &plan.package.manifest.plugin;
    writeln!(out, "{} {}  {}", identity.name, identity.version, terminal::line(&identity.description))?;
    writeln!(out, "  source     {}", plan.locked.source)?;
    writeln!(out, "  digest     {}", plan.locked.digest)?;
    match plan.locked.signer {
        Some(key) => writeln!(out, "  signature  valid, by the trusted key {key}")?,
        None => writeln!(out, "  signature  none; plugins.allow-unsigned admits it")?,
    }
    if let Some((version, path)) = plan.replaces() {
        writeln!(out, "  replaces   {version}, {}", path.display())?;
    }
    let tools = &plan.package.descriptors.tools;
    let named: Vec<&str> = tools.iter().take(MAX_TOOLS).map(|tool| tool.name.as_str()).collect();
    let more = tools.len().saturating_sub(MAX_TOOLS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    writeln!(out, "  tools      {}{more}", named.join(", "))?;
    writeln!(out, "  capabilities: requested and granted here")?;
    capabilities(out, "    ", plan.capabilities())?;
    if plan.replaces().is_some() {
        writeln!(out, "  changes of requests and grants")?;
        for change in plan.changes() {
            writeln!(out, "    {}", terminal::line(change))?;
        }
        if plan.changes().is_empty() {
            writeln!(out, "    none")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifests_text_cannot_forge_lines() {
        assert_eq!(terminal::line("nice\n  signature  valid\u{1b}[2J"), "nice\u{fffd}  signature  valid\u{fffd}[2J");
    }
}
