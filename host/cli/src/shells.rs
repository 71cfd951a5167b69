//! Completions for shells, and man pages.

use std::{io::Write as _, path::PathBuf};

use anyhow::Context;
use clap::{Args, Command};
use clap_complete::Shell;

use crate::exit::Exit;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tandem completions bash > ~/.local/share/bash-completion/completions/tandem\n  tandem completions zsh > ~/.zfunc/_tandem\n  tandem completions fish > ~/.config/fish/completions/tandem.fish"
)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tandem man ~/.local/share/man/man1 && man tandem-serve")]
pub(crate) struct Man {
    /// The directory of the pages; it is created if needed
    pub(crate) directory: PathBuf,
}

/// `tandem completions`.
pub(crate) fn completions(args: &Completions, command: &Command) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut visible(command), "tandem", &mut script);
    crate::terminal::out().write_all(&script)?;
    Ok(Exit::Success)
}

/// `tandem man`.
pub(crate) fn man(args: &Man, command: Command) -> anyhow::Result<Exit> {
    let directory = &args.directory;
    let cannot = || format!("cannot write man pages to {}", directory.display());
    std::fs::create_dir_all(directory).with_context(cannot)?;
    clap_mangen::generate_to(command, directory).with_context(cannot)?;
    Ok(Exit::Success)
}

/// The command line without what is hidden: completions offer only what help shows.
pub(crate) fn visible(command: &Command) -> Command {
    let below = command.get_subcommands().filter(|below| !below.is_hide_set()).map(visible);
    let arguments = command.get_arguments().filter(|argument| !argument.is_hide_set()).cloned();
    // Names are static to clap; the script is written once in a process.
    let name: &'static str = command.get_name().to_owned().leak();
    let shown = Command::new(name).args(arguments).subcommands(below);
    match command.get_about() {
        Some(about) => shown.about(about.clone()),
        None => shown,
    }
}
