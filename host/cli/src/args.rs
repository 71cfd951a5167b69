//! The command line.

use clap::{Args as ClapArgs, Parser, Subcommand};

use crate::{
    admin::{Grants, Keys, List, Reload, Rollback, Upstreams},
    audit::Audit,
    author::{Check, Dev, New, Pack, Sdk, Test},
    config::Config,
    connect::Connect,
    doctor::Doctor,
    import::Import,
    inspect::Inspect,
    keys::{Keygen, Sign, Verify},
    migrate::Migrate,
    p2p::{Peers, Tasks, Workflows},
    registry::{Install, Publish, Uninstall, Upgrade},
    serve::Serve,
    shells::{Completions, Man},
    tool::{Call, Tool},
    versions::{VERSION, Version},
};

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
    Connect(Connect),
    /// Diagnose the configuration, the machine and the running host, with a remedy for each finding
    Doctor(Doctor),
    /// Reload the configuration and changed plugins now
    Reload(Reload),
    /// Call, list and show the tools of a running host
    #[command(alias = "tools")]
    Tool(Tool),
    /// Create, build, test, publish, install and roll back plugins
    #[command(alias = "plugins")]
    Plugin(Plugin),
    /// Make a plugin of an API that is described by a document
    Import(Import),
    /// Show and change what plugins may access, while a host runs
    #[command(alias = "grants")]
    Grant(Grants),
    /// List and restart the MCP servers that a running host has mounted
    #[command(alias = "upstreams")]
    Upstream(Upstreams),
    /// Issue, list and revoke API keys
    #[command(alias = "keys")]
    Key(Keys),
    /// Read, export and verify the audit log
    Audit(Audit),
    /// Check, show or migrate the configuration
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
    /// Print the versions of this program and of what it speaks
    Version(Version),
    /// Print completions for a shell
    Completions(Completions),
    /// Write man pages
    Man(Man),
    /// Call one tool of a running host
    #[command(hide = true)]
    Call(Call),
    /// Turn a configuration of the older Python host into tandem.toml
    #[command(hide = true)]
    MigrateConfig(Migrate),
    /// Older spellings, without the group; `help` hides them.
    #[command(flatten)]
    OfPlugin(PluginCommand),
    /// Compile a component from standard input, for a host that started this process
    #[command(hide = true)]
    CompileComponent {
        /// The compile budget
        order: String,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Plugin {
    #[command(subcommand)]
    pub command: PluginCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Create a plugin project
    New(New),
    /// Build a plugin, serve it, and reload it after each change
    Dev(Dev),
    /// Run a plugin's test cases in the sandbox, with mocked host services
    Test(Test),
    /// Lint a plugin
    Check(Check),
    /// Print the directory of the SDKs, for manual builds
    Sdk(Sdk),
    /// Build a project, or take a built component, and package it: manifest, descriptors, signature
    Pack(Pack),
    /// Generate a signing key pair
    Keygen(Keygen),
    /// Sign a packed plugin
    Sign(Sign),
    /// Verify a plugin's signature against trusted keys
    Verify(Verify),
    /// Publish a signed plugin to an OCI registry
    Publish(Publish),
    /// Download and verify plugins, and put them into the plugin directory
    Install(Install),
    /// Remove plugins from the plugin directory
    Uninstall(Uninstall),
    /// Upgrade installed plugins from their sources
    Upgrade(Upgrade),
    /// Show what a plugin contains, what it requests and what it would be granted
    Inspect(Inspect),
    /// List the plugins of a running host: versions, states, and why one is not served
    List(List),
    /// Roll back to an earlier version of a plugin
    Rollback(Rollback),
}
