//! `tandem import`: plugins of what exists elsewhere.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use tandem_devkit as devkit;
use tandem_types::Name;

use crate::exit::Exit;

#[derive(Debug, Args)]
pub(crate) struct Import {
    #[command(subcommand)]
    command: ImportCommand,
}

#[derive(Debug, Subcommand)]
enum ImportCommand {
    /// Make a plugin of an OpenAPI document: a tool for each operation, without generated code
    Openapi(Openapi),
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tandem import openapi petstore.json && tandem plugin pack petstore --key keys/me.key\n  tandem import openapi api.yaml --include 'repos/*' --include 'GET /user' --read-only -o github\n\nWrites DIR/plugin.toml \
                  (what is requested) and DIR/operations.json (what each tool does). Review both; `tandem plugin pack DIR` packs what is there."
)]
struct Openapi {
    /// The document: OpenAPI 3.0 or 3.1, JSON or YAML
    #[arg(value_name = "SPEC")]
    document: PathBuf,
    /// The plugin's name [default: the document's title]
    #[arg(long, value_name = "NAME")]
    name: Option<Name>,
    /// Only these operations: an id, a glob over ids, `METHOD /path`, or `tag:NAME` (can be repeated) [default: all]
    #[arg(long, value_name = "OP")]
    include: Vec<String>,
    /// Only operations that read: GET and HEAD
    #[arg(long)]
    read_only: bool,
    /// The server, as https://api.example.com/v1, instead of the document's
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// The directory to write [default: one of the plugin's name, here]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

pub(crate) fn run(args: Import) -> anyhow::Result<Exit> {
    let ImportCommand::Openapi(Openapi { document, name, include, read_only, server, output }) = args.command;
    devkit::import_api(&devkit::ImportApi { document, name, include, read_only, server, output })?;
    Ok(Exit::Success)
}
