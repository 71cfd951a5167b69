//! Text of a server, as far as clients and logs see it.

/// Without what nobody sees and models read all the same: control characters, marks that change the direction of text, characters
/// without a width, and tags (U+E0000 to U+E007F).
pub(crate) fn clean(text: &str, longest: usize) -> String {
    let visible = |sign: &char| match *sign {
        '\n' | '\t' => true,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => false,
        '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}' => false,
        other => !other.is_control(),
    };
    let mut clean = String::new();
    for sign in text.chars().filter(visible) {
        if clean.len() + sign.len_utf8() > longest {
            clean.push('…');
            break;
        }
        clean.push(sign);
    }
    clean
}

/// The same in one line.
pub(crate) fn line(text: &str, longest: usize) -> String {
    clean(text, longest).replace(['\n', '\t'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_taken_out_and_what_is_long_is_cut() {
        assert_eq!(clean("a\u{1b}[31mb\u{202e}c\u{200b}\u{e0041}\n\td", 100), "a[31mbc\n\td");
        assert_eq!(clean("ééé", 4), "éé…");
        assert_eq!(line("a\nb\tc", 100), "a b c");
    }
}
