//! `tandem config`, and the configuration of the other commands.

use std::{io::Write, path::Path};

use tandem_config::HostConfig;
use tandem_runtime::{config::environment, warnings};

use crate::{
    args::{Config, ConfigCommand, Source},
    exit::Exit,
};

/// The effective configuration: defaults, then the file, the environment, the flags.
pub(crate) fn load(source: &Source) -> anyhow::Result<HostConfig> {
    tandem_runtime::config::load(&source.into())
}

/// `tandem config`.
pub(crate) fn run(args: &Config) -> anyhow::Result<Exit> {
    let mut out = crate::terminal::out();
    match &args.command {
        ConfigCommand::Check { source } => {
            let config = load(source)?;
            if config.reactor.enabled {
                tandem_cluster::Settings::new(&config.p2p, Path::new(&config.plugins.data_directory), None)?;
            }
            let idle = warnings::grants_of_files(&config);
            for warning in warnings::variables(&environment()).iter().chain(&idle) {
                writeln!(crate::terminal::err(), "warning: {warning}")?;
            }
            writeln!(out, "configuration OK")?;
        }
        ConfigCommand::Show { source, json } => {
            let entries = load(source)?.entries();
            if *json {
                writeln!(out, "{}", crate::terminal::json(&entries)?)?;
            } else {
                let width = entries.iter().map(|entry| entry.key.len()).max().unwrap_or(0);
                for entry in entries {
                    writeln!(out, "{:width$}  {}  ({})", entry.key, entry.value, entry.origin)?;
                }
            }
        }
        ConfigCommand::Schema => {
            writeln!(out, "{}", crate::terminal::json(&HostConfig::json_schema())?)?;
        }
    }
    Ok(Exit::Success)
}
