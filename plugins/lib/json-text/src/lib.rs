//! Where the numbers and strings of a JSON text end, for code that keeps numbers as they are written and so cannot read values.
//!
//! The text is valid JSON: whoever calls has parsed it, or is given it by one who has. **Bounds.** One pass, no memory. It depends on
//! nothing, so that host and plugins share it.

/// The bytes of the number that `text` begins with.
///
/// ```
/// assert_eq!(tandem_json_text::number_length("-1.5e+3,2"), 7);
/// ```
#[must_use]
pub fn number_length(text: &str) -> usize {
    text.bytes().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E')).count()
}

/// The bytes of the string that `text` begins with, its quotes included; all of `text` where none closes it.
///
/// ```
/// assert_eq!(tandem_json_text::string_length(r#""a\"b":1"#), 6);
/// ```
#[must_use]
pub fn string_length(text: &str) -> usize {
    let mut escaped = false;
    let closing = text.bytes().skip(1).position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    closing.map_or(text.len(), |at| at + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_ends_at_the_quote_that_is_not_escaped() {
        for (text, length) in [
            (r#""""#, 2),
            (r#""a","b""#, 3),
            (r#""\\","b""#, 4),
            (r#""\\\"","#, 6),
            (r#""ä"x"#, 4),
            (r#""open"#, 5),
            (r#""\""#, 3),
        ] {
            assert_eq!(string_length(text), length, "{text}");
        }
    }

    #[test]
    fn a_number_ends_where_its_characters_do() {
        for (text, length) in [("0", 1), ("-12]", 3), ("1E-7}", 4), ("18446744073709551616 ", 20), ("", 0), ("x", 0)] {
            assert_eq!(number_length(text), length, "{text}");
        }
    }
}
