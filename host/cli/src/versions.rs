//! `tandem version`: the versions of this program and of what it speaks.

use std::io::Write as _;

use clap::Args;
use serde_json::json;
use tandem_runtime::settings::versions;

use crate::{exit::Exit, terminal};

/// The version, with the commit where one is known: of release builds in a repository.
pub(crate) const VERSION: &str = env!("TANDEM_VERSION");

#[derive(Debug, Args)]
#[command(after_help = "A running host says the same of itself at /v1/version.")]
pub(crate) struct Version {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints them.
pub(crate) fn run(args: &Version) -> anyhow::Result<Exit> {
    let speaks = versions();
    if args.json {
        terminal::print_json(&json!({ "version": VERSION, "speaks": speaks }))?;
        return Ok(Exit::Success);
    }
    let mut out = terminal::out();
    writeln!(out, "tandem {VERSION}")?;
    writeln!(out, "  mcp            {}", speaks.mcp.join(", "))?;
    writeln!(out, "  wit            {}", speaks.wit.join(", "))?;
    writeln!(out, "  configuration  {}", speaks.configuration)?;
    Ok(Exit::Success)
}
