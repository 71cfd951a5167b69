//! Foreign text in messages: escaped and cut, so that it can neither forge a line of a log nor flood it; and
//! the nearest of some names to a mistyped one.

/// Longest piece of foreign text that a message repeats, in characters.
const SHOWN: usize = 64;

/// Most names that a message lists.
const LISTED: usize = 16;

/// Longest message of another crate, which may repeat foreign text, in characters.
const MESSAGE: usize = 240;

/// What is printed in place of a secret.
pub const REDACTED: &str = "[redacted]";

/// A name or value in one printable line of bounded length; a URL with credentials is not shown.
#[must_use]
pub fn shown(text: &str) -> String {
    if has_credentials(text) { REDACTED.to_owned() } else { clipped(text, SHOWN) }
}

/// Whether a text looks like a URL with user information.
#[must_use]
pub fn has_credentials(text: &str) -> bool {
    text.contains("://") && text.contains('@')
}

/// A whole message in one printable line of bounded length.
#[must_use]
pub fn message(error: &impl std::fmt::Display) -> String {
    clipped(&error.to_string(), MESSAGE)
}

fn clipped(text: &str, max: usize) -> String {
    let printable = |c: char| if c.is_control() { c.escape_debug().to_string() } else { c.to_string() };
    let mut clipped: String = text.chars().take(max).map(printable).collect();
    if text.chars().nth(max).is_some() {
        clipped.push('…');
    }
    clipped
}

/// The name that was probably meant, if one is near enough.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A third of the letters may be wrong; comparing texts longer than any name would only cost time.
    let name: String = name.chars().take(SHOWN).collect::<String>().to_lowercase();
    let bound = (name.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(&name, &known.to_lowercase()), known))
        .filter(|(distance, _)| *distance <= bound)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// The remedy for an unknown name: the nearest one, or what there is.
#[must_use]
pub fn suggestion(name: &str, known: &[&str], what: &str) -> Option<String> {
    if let Some(near) = nearest(name, known.iter().copied()) {
        return Some(format!("did you mean `{near}`?"));
    }
    if known.is_empty() {
        return None;
    }
    let list: Vec<String> = known.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    let more = if known.len() > LISTED { ", …" } else { "" };
    Some(format!("known {what}: {}{more}", list.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_nonsense_finds_none() {
        let known = ["memory", "deadline", "cpu"];
        assert_eq!(nearest("memroy", known), Some("memory"));
        assert_eq!(nearest("dedline", known), Some("deadline"));
        assert_eq!(nearest("get", ["PUT", "GET"]), Some("GET"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(suggestion("colour", &known, "keys").unwrap(), "known keys: `memory`, `deadline`, `cpu`");
    }

    #[test]
    fn foreign_text_stays_on_one_short_line() {
        let text = shown(&format!("a\n\u{1b}[31m{}", "x".repeat(500)));
        assert!(text.starts_with("a\\n\\u{1b}[31m"));
        assert!(text.chars().count() < 100 && text.ends_with('…'));
    }
}
