//! What commands print.
//!
//! **Promises.** Foreign text (names of files, descriptions of plugins, answers of tools, errors of registries and peers) can
//! neither move the cursor, change colours, titles or the clipboard, nor show itself in another order than it is read:
//! everything goes through [`out`] and [`err`], which replace control characters and the characters that turn the direction
//! of text. In JSON they are escaped, so that nothing is lost.
//!
//! A test sees to it that no command writes past them.

use std::{
    io::{self, Write},
    os::fd::AsFd,
    process::Stdio,
    sync::LazyLock,
};

use indicatif::MultiProgress;
use serde::Serialize;

/// What stands in the place of a character that is not printed.
const REPLACED: char = '\u{fffd}';

/// Whether a terminal would do something else than show it. Line ends and tabs are left: a message may have lines.
fn is_unprintable(sign: char) -> bool {
    (sign.is_control() && !matches!(sign, '\n' | '\t')) || turns(sign)
}

/// Embeddings, overrides and isolates of the bidirectional algorithm: what follows them is shown in another order. The plain
/// marks (U+200E, U+200F) turn nothing else and belong to texts of many languages.
pub const fn turns(sign: char) -> bool {
    matches!(sign, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text as it may be printed.
pub fn plain(text: &str) -> String {
    text.chars().map(|sign| if is_unprintable(sign) { REPLACED } else { sign }).collect()
}

/// The same in one line: names, and what stands in tables.
pub fn line(text: &str) -> String {
    text.chars().map(|sign| if sign.is_control() || turns(sign) { REPLACED } else { sign }).collect()
}

/// JSON for people and programs: what would not be printed is escaped, and the value is the same.
///
/// # Errors
/// The value is none of JSON.
pub fn json(value: &(impl Serialize + ?Sized)) -> serde_json::Result<String> {
    Ok(escaped(&serde_json::to_string_pretty(value)?))
}

/// Prints a value as JSON to standard output.
///
/// # Errors
/// The value is none of JSON, or nobody reads it.
pub fn print_json(value: &(impl Serialize + ?Sized)) -> io::Result<()> {
    writeln!(out(), "{}", json(value)?)
}

/// JSON with `\u` escapes for what would not be printed. Outside of its strings JSON has no such character.
pub fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for sign in json.chars() {
        match sign {
            // All of them are in the basic plane.
            sign if is_unprintable(sign) => text.push_str(&format!("\\u{:04x}", u32::from(sign))),
            sign => text.push(sign),
        }
    }
    text
}

/// All progress bars of the process, on standard error.
pub fn bars() -> &'static MultiProgress {
    static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);
    &BARS
}

/// Standard output.
pub fn out() -> Screen<io::StdoutLock<'static>> {
    Screen(io::stdout().lock())
}

/// Standard error.
pub fn err() -> Screen<io::StderrLock<'static>> {
    Screen(io::stderr().lock())
}

/// Prints a line to standard error, which leaves standard output to what machines read.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        // Nobody may be reading any more; that is no reason to stop.
        let _unread = writeln!(crate::terminal::err(), $($text)*);
    }};
}
pub(crate) use say;

/// Our standard error as a child's standard output: all that it prints is for people.
pub(crate) fn child_output() -> Stdio {
    io::stderr().as_fd().try_clone_to_owned().map_or_else(|_| Stdio::inherit(), Stdio::from)
}

/// Writes a text with styles of our own to standard error.
///
/// # Errors
/// Nobody reads it.
pub fn styled(text: &str) -> io::Result<()> {
    writeln!(io::stderr(), "{text}")
}

/// Writes text as [`plain`] has it.
pub struct Screen<W>(W);

impl<W: Write> Write for Screen<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Formatting writes whole texts.
        self.0.write_all(plain(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Writes log lines, in which control characters are escaped already, and escapes of our own are styles: what turns the
/// direction of text, and the control characters beyond ASCII, which terminals know too, are replaced.
pub struct LogLines<W>(pub W);

impl<W: Write> Write for LogLines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Between two drawings of the bars, so that neither tears the other.
        bars().suspend(|| self.line(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<W: Write> LogLines<W> {
    fn line(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_ascii() {
            self.0.write_all(bytes)?;
            return Ok(bytes.len());
        }
        let replaced = |sign| if turns(sign) || ('\u{80}'..='\u{9f}').contains(&sign) { REPLACED } else { sign };
        let text: String = String::from_utf8_lossy(bytes).chars().map(replaced).collect();
        self.0.write_all(text.as_bytes())?;
        Ok(bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const FOREIGN: &str = "a\u{1b}[2J\u{9b}31m\u{7}\r\u{202e}b\u{2066}\n\tc \u{200f}שלום";

    #[test]
    fn what_would_act_on_a_terminal_is_replaced() {
        assert_eq!(plain(FOREIGN), "a\u{fffd}[2J\u{fffd}31m\u{fffd}\u{fffd}\u{fffd}b\u{fffd}\n\tc \u{200f}שלום");
        assert!(!line(FOREIGN).contains(['\n', '\t']));
        let mut screen = Screen(Vec::new());
        write!(screen, "{FOREIGN}").unwrap();
        assert_eq!(String::from_utf8(screen.0).unwrap(), plain(FOREIGN));
        let mut log = LogLines(Vec::new());
        log.write_all("\u{1b}[1mnames\u{202e}\u{9b}".as_bytes()).unwrap();
        assert_eq!(log.0, "\u{1b}[1mnames\u{fffd}\u{fffd}".as_bytes());
    }

    #[test]
    fn json_keeps_what_it_escapes() {
        let value = serde_json::json!({ FOREIGN: [FOREIGN] });
        let text = json(&value).unwrap();
        assert_eq!(text, plain(&text), "nothing is left to be replaced");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    fn look(directory: &Path, past: &mut Vec<String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                look(&path, past);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            let writes = ["io::stdout()", "io::stderr()", "println!", "eprintln!", "print!(", "to_string_pretty"];
            for (number, line) in code.lines().enumerate() {
                let asks =
                    line.contains(".is_terminal()") || line.contains(".as_fd()") || line.trim_start().starts_with("//");
                if !asks && writes.iter().any(|word| line.contains(word)) && !path.ends_with("terminal.rs") {
                    past.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
                }
            }
        }
    }

    #[test]
    fn no_command_writes_past_it() {
        let mut past = Vec::new();
        let host = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        ["cli", "devkit", "runtime"].iter().for_each(|part| look(&host.join(part).join("src"), &mut past));
        // Log lines go their own way, and the compiler's answer to a host is not text.
        past.retain(|line| !line.contains("logging.rs"));
        assert!(past.is_empty(), "{past:#?}");
    }
}
