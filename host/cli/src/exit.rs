//! Exit codes and the last word on standard error.

use std::{
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
};

use tandem_installer::InstallError;
pub(crate) use tandem_runtime::errors::chain;
use tandem_runtime::errors::{Diagnostics, HEADING, diagnostics_in};

use crate::terminal;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Success,
    /// It failed.
    Failure,
    /// The tool ran and says that it failed.
    ToolError,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Success => 0,
            Exit::Failure => 1,
            // 2 is clap's, for usage.
            Exit::ToolError => 5,
        })
    }
}

/// Whether the reader of standard output has seen enough and is gone, as `head`.
pub(crate) fn is_unread(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Says what went wrong, with its causes. Nobody may be reading any more.
pub(crate) fn report(error: &anyhow::Error) {
    let diagnostics = diagnostics_in(error).or_else(|| error.downcast_ref::<InstallError>()?.diagnostics());
    let _unread = match diagnostics {
        // It brings its heading, and colours; the excerpt of the file is made printable where it is drawn.
        Some(Diagnostics(errors)) => terminal::styled(errors.render(std::io::stderr().is_terminal()).trim_end()),
        None => writeln!(terminal::err(), "{HEADING}{}", chain(error)),
    };
}
