//! A question with yes or no.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write};

/// The longest answer that is read.
const MAX_ANSWER: u64 = 64;

/// What came of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    No,
    /// Standard input or standard error is not a terminal.
    NotInteractive,
}

/// Asks on `out`, unless `yes` was given before.
pub(crate) fn confirm(out: &mut impl Write, question: &str, yes: bool) -> io::Result<Answer> {
    if yes {
        return Ok(Answer::Yes);
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(Answer::NotInteractive);
    }
    write!(out, "{question} [y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    io::stdin().lock().take(MAX_ANSWER).read_line(&mut answer)?;
    let yes = matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes");
    Ok(if yes { Answer::Yes } else { Answer::No })
}
