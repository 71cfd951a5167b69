//! Exit codes and the last word on standard error.

use std::process::ExitCode;

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

/// Says what went wrong, with its causes.
#[allow(clippy::print_stderr, reason = "a command's errors belong there")]
pub(crate) fn report(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}
