//! Servers' texts in messages.

/// Longest piece of a server's text that a message repeats, in characters.
const SHOWN: usize = 240;

/// A foreign text in one printable line of bounded length.
pub(crate) fn shown(text: &str) -> String {
    let mut line: String = text.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    if text.chars().nth(SHOWN).is_some() {
        line.push('…');
    }
    line
}
