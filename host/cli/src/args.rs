//! The command line.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::p2p::args::{Peers, Tasks, Workflows};

/// The version, with the commit where one is known: of release builds in a repository.
const VERSION: &str = env!("TANDEM_VERSION");

/// A host for AI tools: sandboxed WebAssembly plugins, served over MCP.
#[derive(Debug, Parser)]
#[command(version = VERSION, about, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Load the plugins and serve them over MCP and REST
    Serve(Serve),
    /// Write the entry of this host into the configuration of an MCP client
    Connect(crate::connect::Connect),
    /// Diagnose the configuration, the machine and the running host, with a remedy for each finding
    Doctor(Doctor),
    /// Reload the configuration and changed plugins now
    Reload(crate::admin::Reload),
    /// Call, list and show the tools of a running host
    Tool(Tool),
    /// Create, build, test, publish, install and roll back plugins
    Plugin(Plugin),
    /// Show and change what plugins may access, while a host runs
    #[command(alias = "grants")]
    Grant(crate::admin::Grants),
    /// Issue, list and revoke API keys
    #[command(alias = "keys")]
    Key(crate::admin::Keys),
    /// Read, export and verify the audit log
    Audit(crate::audit::Audit),
    /// Check or show the configuration
    Config(Config),
    /// List the peers of a running host, call their tools, ban them
    #[command(alias = "peers")]
    Peer(Peers),
    /// List, show, follow and cancel tasks of a running host, pause its queue
    #[command(alias = "tasks")]
    Task(Tasks),
    /// List, show, follow and cancel workflows of a running host
    #[command(alias = "workflows")]
    Workflow(Workflows),
    /// Print completions for a shell
    Completions(crate::shells::Completions),
    /// Write man pages
    Man(crate::shells::Man),
    /// Call one tool of a running host
    #[command(hide = true)]
    Call(Call),
    /// List the categories and tools of a running host, or show one tool
    #[command(hide = true)]
    Tools(Tools),
    /// The spellings of before there were groups; `shells` hides them.
    #[command(flatten)]
    OfPlugin(PluginCommand),
    /// Compile a component from standard input, for a host that started this process
    #[command(hide = true)]
    CompileComponent {
        /// What it may take
        order: String,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Tool {
    #[command(subcommand)]
    pub command: ToolCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ToolCommand {
    /// Call one tool
    Call(Call),
    /// List the categories and tools, or those of one category
    #[command(alias = "show")]
    List(Tools),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Plugin {
    #[command(subcommand)]
    pub command: PluginCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Create a plugin project
    New(crate::author::New),
    /// Build a plugin, serve it, and reload it after each change
    Dev(crate::author::Dev),
    /// Run a plugin's test cases in the sandbox, with mocked host services
    Test(crate::author::Test),
    /// Lint a plugin
    Check(crate::author::Check),
    /// Print where the SDKs are, for builds by hand
    Sdk(crate::author::Sdk),
    /// Build a project, or take a built component, and package it: manifest, descriptors, signature
    Pack(crate::author::Pack),
    /// Generate a signing key pair
    Keygen(crate::keys::Keygen),
    /// Sign a packed plugin
    Sign(crate::keys::Sign),
    /// Verify a plugin's signature against trusted keys
    Verify(crate::keys::Verify),
    /// Publish a signed plugin to an OCI registry
    Publish(crate::registry::Publish),
    /// Download plugins, verify them, and put them into the plugin directory
    Install(crate::registry::Install),
    /// Remove plugins from the plugin directory
    Uninstall(crate::registry::Uninstall),
    /// Upgrade installed plugins from where they came from
    Upgrade(crate::registry::Upgrade),
    /// Show what a plugin contains, what it requests and what it would be granted
    Inspect(Inspect),
    /// List the plugins of a running host: versions, states, and why one is not served
    List(crate::admin::List),
    /// Roll back to an earlier version of a plugin
    Rollback(crate::admin::Rollback),
}

/// Where the configuration comes from.
#[derive(Clone, Debug, Default, ClapArgs)]
pub(crate) struct Source {
    /// Configuration file [default: tandem.toml here, in $XDG_CONFIG_HOME/tandem, or of the installation]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The working directory is that of somebody else's project: no file is taken from it.
    #[arg(skip)]
    pub foreign_directory: bool,
    /// One setting, over file and environment, as `server.port=9000`; may be given often
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

impl From<&Source> for tandem_runtime::config::ConfigSource {
    fn from(source: &Source) -> Self {
        Self { file: source.config.clone(), foreign_directory: source.foreign_directory, set: source.set.clone() }
    }
}

#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  tandem serve\n  tandem serve --config tandem.toml --set server.port=9000\n  tandem serve --stdio                   # as a child process of an MCP client\n\nRelative paths of the file count from its directory, those of flags and variables from the working directory.\n\nStop it with Ctrl-C: calls in flight are finished first; a second Ctrl-C ends at once."
)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub source: Source,
    /// Speak MCP over standard input and output instead of HTTP, and listen nowhere
    #[arg(long)]
    pub stdio: bool,
    /// With --stdio: join the network of hosts too [default: reactor.stdio]
    #[arg(long, requires = "stdio")]
    pub p2p: bool,
    /// What clients of `/mcp` see: the meta-tools, or every tool
    #[arg(long, value_name = "MODE")]
    pub exposure: Option<Exposure>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Exposure {
    /// Meta-tools, by which an agent finds and calls the others
    Hierarchical,
    /// Every tool
    Full,
}

impl std::fmt::Display for Exposure {
    /// As the configuration has it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Hierarchical => "hierarchical",
            Self::Full => "full",
        })
    }
}

/// Which host a client command talks to.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Target {
    /// The host's MCP endpoint
    #[arg(long, global = true, env = "TANDEM_URL", default_value = "http://127.0.0.1:8000/mcp/full")]
    pub url: String,
    /// Bearer token or API key
    #[arg(long, global = true, env = "TANDEM_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  tandem call dataset_load '{\"path\": \"data/countries.csv\", \"limit\": 3}'\n  tandem call dataset_load path=data/countries.csv limit=3\n  echo '{\"path\": \"data/countries.csv\"}' | tandem call dataset_load -\n\nExit codes: 0 the tool answered, 1 the call failed, 2 usage, 5 the tool says that it failed."
)]
pub(crate) struct Call {
    /// The tool
    pub tool: String,
    /// Its arguments: a JSON object, `-` for one on standard input, or NAME=VALUE for each (a value that is JSON is taken as such)
    #[arg(value_name = "ARGUMENTS")]
    pub arguments: Vec<String>,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  tandem tools\n  tandem tools dataset          # a category\n  tandem tools dataset_load     # a tool, with its parameters"
)]
pub(crate) struct Tools {
    /// Only this category, or this tool with its parameters
    pub name: Option<String>,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Looks at: configuration, clock, disk, open files, store, plugin directory; and of the running host: both\nlanes side by side (calls, latencies, errors, fallbacks), the network of hosts, commits, plugins, paused\ncategories. Each finding that is not ok says what mends it.\n\nExamples:\n  tandem doctor\n  tandem doctor --config tandem.toml --url http://10.0.0.7:8000 --token \"$OPERATOR_TOKEN\"\n  tandem doctor --json | jq '.findings[] | select(.state != \"ok\")'\n\nExit codes: 0 nothing is wrong (there may be warnings), 1 something is, 2 usage."
)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub source: Source,
    /// The running host [default: where the configuration has it listen]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// The operator's token [default: the configuration's server.metrics-token]
    #[arg(long, env = "TANDEM_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Print JSON: `ok`, `findings`, and what the host answers under `runtime`
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Inspect {
    /// The plugin
    pub file: PathBuf,
    #[command(flatten)]
    pub source: Source,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, ClapArgs)]
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
        source: Source,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON Schema of tandem.toml
    Schema,
}
