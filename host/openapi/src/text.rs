//! Texts of a document, cut with sense.

/// The text on one line, at most so many bytes: whole sentences if one fits, else whole words, and `…`.
pub(crate) fn cut(text: &str, max: usize) -> String {
    let mut line = String::new();
    // As much as can matter: a description may be megabytes.
    for word in text.split_whitespace().take(max) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().filter(|c| !c.is_control()));
        if line.len() > max {
            break;
        }
    }
    if line.len() <= max {
        return line;
    }
    let mut end = max.saturating_sub('…'.len_utf8());
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    let head = line.get(..end).unwrap_or_default();
    let sentence = head.rfind(". ").map(|at| at + 1).filter(|at| *at * 2 >= end);
    match sentence.or_else(|| head.rfind(' ')) {
        Some(at) if sentence.is_some() => head.get(..at).unwrap_or_default().to_owned(),
        Some(at) => format!("{}…", head.get(..at).unwrap_or_default().trim_end_matches([',', ';', ':', ' '])),
        None if end == 0 => String::new(),
        None => format!("{head}…"),
    }
}

/// Lower-case words joined by `_`: of `getPetById`, `get pet/by-id` or `GetPETById`.
pub(crate) fn snake_case(text: &str) -> String {
    let chars: Vec<char> = text.chars().take(256).collect();
    let mut out = String::new();
    for (index, c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            if !out.ends_with('_') && !out.is_empty() {
                out.push('_');
            }
            continue;
        }
        let before = index.checked_sub(1).and_then(|before| chars.get(before));
        let after_small = before.is_some_and(|before| before.is_ascii_lowercase() || before.is_ascii_digit());
        let ends_capitals =
            before.is_some_and(char::is_ascii_uppercase) && chars.get(index + 1).is_some_and(char::is_ascii_lowercase);
        if c.is_ascii_uppercase() && (after_small || ends_capitals) && !out.ends_with('_') {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_ends_with_a_sentence_or_a_word() {
        assert_eq!(cut("Short.  And\nplain.", 40), "Short. And plain.");
        assert_eq!(cut("The first sentence. The second one is longer.", 30), "The first sentence.");
        assert_eq!(cut("one two three four", 12), "one two…");
        assert_eq!(cut("ääääääää", 8), "ää…");
        assert_eq!(cut("anything", 0), "");
    }

    #[test]
    fn names_are_in_snake_case() {
        for (text, name) in [
            ("getPetById", "get_pet_by_id"),
            ("GetPETById", "get_pet_by_id"),
            ("repos/list-for-user", "repos_list_for_user"),
            ("__x__", "x"),
            ("a.b c", "a_b_c"),
            ("v2List", "v2_list"),
        ] {
            assert_eq!(snake_case(text), name);
        }
    }
}
