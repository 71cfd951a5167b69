//! The `tandem` binary.

#![forbid(unsafe_code)]

mod admin;
mod args;
mod audit;
mod author;
mod config;
mod confirm;
mod connect;
#[cfg(test)]
mod consumed;
mod dialog;
mod doctor;
#[cfg(test)]
mod documented;
mod exit;
mod help;
mod import;
mod inspect;
mod keys;
mod migrate;
mod p2p;
mod progress;
mod registry;
mod runtime;
mod serve;
mod shells;
mod source;
mod table;
mod target;
mod tool;
#[cfg(test)]
#[path = "../version.rs"]
mod version;
mod versions;

use clap::FromArgMatches as _;
use tandem_devkit::{package, summary, terminal};

use crate::{
    args::{Args, Command, Plugin, PluginCommand},
    exit::Exit,
};

// The allocator of a server that makes and drops many small things on many threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    let args = Args::from_arg_matches(&help::command().get_matches()).unwrap_or_else(|error| error.exit());
    match run(args.command) {
        Ok(exit) => exit.into(),
        Err(error) if exit::is_unread(&error) => Exit::Success.into(),
        Err(error) => {
            exit::report(&error);
            Exit::Failure.into()
        }
    }
}

fn run(command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Serve(args) => serve::run(args),
        Command::Connect(args) => connect::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Reload(args) => admin::reload(args),
        Command::Import(args) => import::run(args),
        Command::Tool(args) => tool::run(args),
        Command::Call(args) => tool::call(args),
        Command::MigrateConfig(args) => migrate::run(&args),
        Command::Plugin(Plugin { command }) | Command::OfPlugin(command) => of_plugin(command),
        Command::Grant(args) => admin::grants(args),
        Command::Upstream(args) => admin::upstreams(args),
        Command::Key(args) => admin::keys(args),
        Command::Audit(args) => audit::run(&args),
        Command::Config(args) => config::run(&args),
        Command::Peer(args) => p2p::peers(args),
        Command::Task(args) => p2p::tasks(args),
        Command::Workflow(args) => p2p::workflows(args),
        Command::Version(args) => versions::run(&args),
        Command::Completions(args) => shells::completions(&args, &help::command()),
        Command::Man(args) => shells::man(&args, help::command()),
        Command::CompileComponent { order } => {
            tandem_engine::compile(&order).map(|()| Exit::Success).map_err(anyhow::Error::from)
        }
    }
}

fn of_plugin(command: PluginCommand) -> anyhow::Result<Exit> {
    match command {
        PluginCommand::New(args) => author::new(args),
        PluginCommand::Dev(args) => author::dev(args),
        PluginCommand::Test(args) => author::test(args),
        PluginCommand::Check(args) => author::check(args),
        PluginCommand::Sdk(args) => author::sdk(&args),
        PluginCommand::Pack(args) => author::pack(args),
        PluginCommand::Keygen(args) => keys::keygen(&args),
        PluginCommand::Sign(args) => keys::sign(&args),
        PluginCommand::Verify(args) => keys::verify(&args),
        PluginCommand::Publish(args) => registry::publish(args),
        PluginCommand::Install(args) => registry::install(args),
        PluginCommand::Uninstall(args) => registry::uninstall(args),
        PluginCommand::Upgrade(args) => registry::upgrade(args),
        PluginCommand::Inspect(args) => inspect::run(&args),
        PluginCommand::List(args) => admin::list_plugins(args),
        PluginCommand::Rollback(args) => admin::rollback(args),
    }
}
