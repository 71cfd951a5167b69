//! The `tandem` binary.

#![forbid(unsafe_code)]

mod admin;
mod args;
mod audit;
mod author;
mod client;
mod config;
mod connect;
#[cfg(test)]
mod consumed;
mod doctor;
#[cfg(test)]
mod documented;
mod exit;
mod inspect;
mod keys;
mod p2p;
mod progress;
mod registry;
mod serve;
mod shells;

use clap::FromArgMatches as _;
use tandem_devkit::{package, terminal};

use crate::{
    args::{Args, Command},
    exit::Exit,
};

// The allocator of a server that makes and drops many small things on many threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    let args = Args::from_arg_matches(&shells::command().get_matches()).unwrap_or_else(|error| error.exit());
    let result = match args.command {
        Command::Serve(args) => serve::run(args),
        Command::Connect(args) => connect::run(&args),
        Command::Call(args) => client::call(args),
        Command::Tools(args) => client::tools(args),
        Command::Peers(args) => p2p::peers(args),
        Command::Tasks(args) => p2p::tasks(args),
        Command::Workflows(args) => p2p::workflows(args),
        Command::New(args) => author::new(args),
        Command::Dev(args) => author::dev(args),
        Command::Test(args) => author::test(args),
        Command::Check(args) => author::check(args),
        Command::Sdk(args) => author::sdk(&args),
        Command::Pack(args) => author::pack(args),
        Command::Keygen(args) => keys::keygen(&args),
        Command::CompileComponent { order } => {
            tandem_engine::compile(&order).map(|()| Exit::Success).map_err(anyhow::Error::from)
        }
        Command::Sign(args) => keys::sign(&args),
        Command::Verify(args) => keys::verify(&args),
        Command::Publish(args) => registry::publish(args),
        Command::Install(args) => registry::install(args),
        Command::Uninstall(args) => registry::uninstall(args),
        Command::Upgrade(args) => registry::upgrade(args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Grants(args) => admin::grants(args),
        Command::Keys(args) => admin::keys(args),
        Command::List(args) => admin::list(args),
        Command::Reload(args) => admin::reload(args),
        Command::Rollback(args) => admin::rollback(args),
        Command::Audit(args) => audit::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Config(args) => config::run(&args),
        Command::Completions(args) => shells::completions(&args),
        Command::Man(args) => shells::man(&args),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            exit::report(&error);
            Exit::Failure.into()
        }
    }
}
