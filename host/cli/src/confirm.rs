//! A question with yes or no.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write};

use anyhow::bail;

/// The longest answer that is read.
const MAX_ANSWER: u64 = 64;

/// Asks on `out` about something, unless `yes` was given before.
pub(crate) fn confirm(out: &mut impl Write, question: &str, about: &str, yes: bool) -> anyhow::Result<bool> {
    if yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        bail!("standard input is not a terminal: confirm {about} with --yes");
    }
    write!(out, "{question} [y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    io::stdin().lock().take(MAX_ANSWER).read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
