//! Where a command's configuration comes from.

use std::path::{Path, PathBuf};

use clap::Args;
use tandem_config::HostConfig;
use tandem_runtime::config::ConfigSource;

/// Where the configuration comes from.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Source {
    /// Configuration file [default: tandem.toml here, in $XDG_CONFIG_HOME/tandem, or of the installation]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// One setting, over file and environment, as `server.port=9000`; can be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// Which configuration a command is about, and how its answer is printed.
#[derive(Clone, Debug, Args)]
pub(crate) struct Query {
    #[command(flatten)]
    pub source: Source,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl Source {
    /// The effective configuration: defaults, then the file, the environment, the flags.
    pub(crate) fn load(&self) -> anyhow::Result<HostConfig> {
        Ok(tandem_runtime::config::load(&self.into())?)
    }
}

impl From<&Source> for ConfigSource {
    fn from(source: &Source) -> Self {
        Self { file: source.config.clone(), foreign_directory: false, set: source.set.clone() }
    }
}

/// What of a configuration is known to be wrong only when its network is made.
pub(crate) fn check(config: &HostConfig) -> anyhow::Result<()> {
    if config.reactor.enabled {
        tandem_cluster::Settings::new(&config.p2p, Path::new(&config.plugins.data_directory), None)?;
    }
    Ok(())
}
