//! What an author of plugins does: begin one, see it run while it is written, test it, have it checked, pack it.
//!
//! **Promises.** Everything runs the way an operator's host runs it: the same sandbox, the same limits, the same refusals. What
//! compilers print is passed on as it is. **Refuses** to install anything, or to write over anything, without being told to.

mod check;
mod dev;
mod example;
mod host;
mod language;
mod log_writer;
pub mod logging;
mod new;
mod pack;
pub mod package;
mod project;
mod sdk;
mod signals;
pub mod terminal;
mod test;
mod toolchain;
mod watch;

use std::{
    os::fd::AsFd,
    path::{Path, PathBuf},
    process::Stdio,
};

pub use self::{
    check::{Check, run as check},
    dev::{Dev, run as dev},
    language::Language,
    new::{New, run as new},
    pack::{Pack, run as pack},
    signals::stop_on_signal,
    test::{Test, run as test},
};
use anyhow::Context;
use tokio_util::sync::CancellationToken;

use self::project::{Project, Purpose};

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

/// How a check or a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing that counts was found.
    Passed,
    /// Something was.
    Failed,
}

/// Lays out the SDKs, and the link of a project to them, if one is named. Answers where they are.
///
/// # Errors
/// They cannot be written, or the project is of no known language.
pub fn sdk(link: Option<&Path>) -> anyhow::Result<PathBuf> {
    let directory = sdk::directory()?;
    if let Some(project) = link {
        sdk::link(project, Language::of(project)?, &directory)?;
    }
    Ok(directory)
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
