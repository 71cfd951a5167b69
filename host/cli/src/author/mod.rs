//! What an author of plugins does: begin one, see it run while it is written, test it, have it checked, pack it.
//!
//! **Promises.** Everything runs the way an operator's host runs it: the same sandbox, the same limits, the same refusals. What
//! compilers print is passed on as it is. **Refuses** to install anything, or to write over anything, without being told to.

mod check;
mod dev;
mod example;
mod host;
mod language;
mod new;
mod pack;
mod project;
mod sdk;
mod test;
mod toolchain;
mod watch;

use std::{io::Write, os::fd::AsFd, path::PathBuf, process::Stdio};

pub(crate) use self::{
    check::{Check, run as check},
    dev::{Dev, run as dev},
    new::{New, run as new},
    pack::{Pack, run as pack},
    test::{Test, run as test},
};
use anyhow::Context;
use tokio_util::sync::CancellationToken;

use self::project::{Project, Purpose};
use crate::{exit::Exit, serve::stop_on_signal};

/// As a shell says of what an interrupt ended.
const STOPPED: i32 = 130;

/// Says something to whoever sits there. Standard output stays free for what machines read.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        // Nobody may be reading any more; that is no reason to stop.
        let _unread = writeln!(crate::terminal::err(), $($text)*);
    }};
}
pub(crate) use say;

/// Where the project is.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Place {
    /// The project's directory
    #[arg(value_name = "DIR", default_value = ".")]
    pub directory: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Sdk {
    /// Also lay a project's link to them, `.sdk`, by which cargo, pytest, npm and editors find them
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = ".")]
    pub link: Option<PathBuf>,
}

/// `tandem sdk`: prints where the SDKs are, for a build by hand.
pub(crate) fn sdk(args: &Sdk) -> anyhow::Result<Exit> {
    let directory = sdk::directory()?;
    if let Some(project) = &args.link {
        sdk::link(project, language::Language::of(project)?, &directory)?;
    }
    writeln!(crate::terminal::out(), "{}", directory.display())?;
    Ok(Exit::Success)
}

/// Builds a project; whoever stops us ends the compiler too. What follows has nothing to finish, and ends at once.
async fn build_once(project: &Project, purpose: Purpose) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;
    stop.run_until_cancelled(project.build(purpose)).await.context("stopped while the plugin was built")??;
    tokio::spawn(async move {
        stop.cancelled().await;
        std::process::exit(STOPPED);
    });
    Ok(())
}

/// Our standard error as a child's standard output: all that it prints is for people.
fn terminal() -> Stdio {
    std::io::stderr().as_fd().try_clone_to_owned().map_or_else(|_| Stdio::inherit(), Stdio::from)
}
