//! Exit codes and the last word on standard error.

use std::{
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
};

pub(crate) use tandem_runtime::errors::{Drawn, HEADING, HostError, chain};

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

/// Says what went wrong, with its causes. Nobody may be reading any more.
pub(crate) fn report(error: &anyhow::Error) {
    let drawn = error.downcast_ref::<Drawn>().filter(|_| error.chain().count() == 1);
    let drawn = drawn.or_else(|| error.downcast_ref::<HostError>()?.drawn());
    let _unread = match drawn {
        // It brings its heading, and colours; the excerpt of the file is made printable where it is drawn.
        Some(Drawn(errors)) => terminal::styled(errors.render(std::io::stderr().is_terminal()).trim_end()),
        None => writeln!(terminal::err(), "{HEADING}{}", chain(error)),
    };
}
