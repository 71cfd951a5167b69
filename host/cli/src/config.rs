//! `tandem config`.

use std::io::Write;

use clap::{Args, Subcommand};
use tandem_config::HostConfig;
use tandem_runtime::{config::environment, warnings};

use crate::{
    exit::Exit,
    migrate::{self, Migrate},
    source::{Query, Source, check},
    terminal,
};

#[derive(Debug, Args)]
pub(crate) struct Config {
    #[command(subcommand)]
    pub command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check the configuration; name what is wrong, with its line
    Check {
        #[command(flatten)]
        source: Source,
    },
    /// Print the effective values and where each comes from
    Show {
        #[command(flatten)]
        query: Query,
    },
    /// Print the JSON Schema of tandem.toml
    Schema,
    /// Turn a configuration of the older Python host into tandem.toml
    Migrate(Migrate),
}

/// `tandem config`.
pub(crate) fn run(args: &Config) -> anyhow::Result<Exit> {
    let mut out = terminal::out();
    match &args.command {
        ConfigCommand::Check { source } => {
            let config = source.load()?;
            check(&config)?;
            let idle = warnings::grants_of_files(&config);
            for warning in warnings::variables(&environment()).iter().chain(&idle) {
                writeln!(terminal::err(), "warning: {warning}")?;
            }
            writeln!(out, "configuration OK")?;
        }
        ConfigCommand::Show { query: Query { source, json } } => {
            let entries = source.load()?.entries();
            if *json {
                terminal::print_json(&entries)?;
                return Ok(Exit::Success);
            }
            let width = entries.iter().map(|entry| entry.key.len()).max().unwrap_or(0);
            for entry in entries {
                writeln!(out, "{:width$}  {}  ({})", entry.key, entry.value, entry.origin)?;
            }
        }
        ConfigCommand::Migrate(args) => return migrate::run(args),
        ConfigCommand::Schema => terminal::print_json(&HostConfig::json_schema())?,
    }
    Ok(Exit::Success)
}
