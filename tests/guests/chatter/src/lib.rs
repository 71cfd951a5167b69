//! A plugin that talks without end: what is over the bound is counted and dropped, and never an error.

use std::io::{self, Write};

use tandem_sdk::prelude::*;

#[derive(Debug)]
struct Chatter;

#[tools]
impl Chatter {
    /// Logs some lines, and answers how many.
    #[tool(read_only)]
    fn chatter_log(
        /// How many lines.
        lines: u32,
        /// How long each is.
        #[arg(default = 80)]
        length: u32,
    ) -> Result<u32> {
        let text = "x".repeat(usize::try_from(length)?);
        for line in 0..lines {
            log::info!("{line} {text}");
        }
        Ok(lines)
    }

    /// Logs without end.
    #[tool(read_only)]
    fn chatter_log_endlessly() {
        loop {
            log::info!("still here");
        }
    }

    /// Prints some lines to standard output and standard error, and answers how many each.
    #[tool(read_only)]
    fn chatter_print(
        /// How many lines.
        lines: u32,
    ) -> Result<u32> {
        for line in 0..lines {
            writeln!(io::stdout(), "out {line}")?;
            writeln!(io::stderr(), "err {line}")?;
        }
        Ok(lines)
    }

    /// Prints without end.
    #[tool(read_only)]
    fn chatter_print_endlessly() -> Result<()> {
        loop {
            writeln!(io::stdout(), "still here")?;
        }
    }

    /// Writes one line of every level.
    #[tool(read_only)]
    fn chatter_levels() {
        log::debug!("debug");
        log::info!("info");
        log::notice!("notice");
        log::warning!("warning");
        log::error!("error");
        log::critical!("critical");
        log::alert!("alert");
        log::emergency!("emergency");
        log::write(log::Level::Info, Some("chatter"), &json!({ "rows": 3, "ok": true }));
    }
}

tandem_sdk::export!(Chatter);
