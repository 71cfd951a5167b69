//! Characters of the standard fonts: WinAnsiEncoding, which has the letters of Western Europe.

/// Whether the fonts have a character, or one that stands for it.
fn has(c: char) -> bool {
    stand_in(c).is_some() || code(c).is_some()
}

fn code(c: char) -> Option<u8> {
    match u32::from(c) {
        plain @ (0x20..=0x7e | 0xa1..=0xac | 0xae..=0xff) => u8::try_from(plain).ok(),
        _ => HIGH.iter().find(|(_, high)| *high == c).map(|(code, _)| *code),
    }
}

/// The codes whose characters are elsewhere in Unicode.
const HIGH: [(u8, char); 27] = [
    (0x80, '€'),
    (0x82, '‚'),
    (0x83, 'ƒ'),
    (0x84, '„'),
    (0x85, '…'),
    (0x86, '†'),
    (0x87, '‡'),
    (0x88, 'ˆ'),
    (0x89, '‰'),
    (0x8a, 'Š'),
    (0x8b, '‹'),
    (0x8c, 'Œ'),
    (0x8e, 'Ž'),
    (0x91, '‘'),
    (0x92, '’'),
    (0x93, '“'),
    (0x94, '”'),
    (0x95, '•'),
    (0x96, '–'),
    (0x97, '—'),
    (0x98, '˜'),
    (0x99, '™'),
    (0x9a, 'š'),
    (0x9b, '›'),
    (0x9c, 'œ'),
    (0x9e, 'ž'),
    (0x9f, 'Ÿ'),
];

/// Characters that are written in others without changing what is said.
fn stand_in(c: char) -> Option<&'static str> {
    Some(match c {
        '\t' => "    ",
        '\u{a0}' | '\u{2002}'..='\u{200a}' | '\u{202f}' => " ",
        // Marks that show nothing.
        '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{fe0e}' | '\u{fe0f}' | '\u{feff}' => "",
        '\u{2010}' | '\u{2011}' | '\u{2212}' => "-",
        '→' => "->",
        '←' => "<-",
        '↔' => "<->",
        '⇒' => "=>",
        '≤' => "<=",
        '≥' => ">=",
        '≠' => "!=",
        '☐' => "[ ]",
        '☑' | '☒' => "[x]",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        _ => return None,
    })
}

/// The codes of a text; `?` for what has none.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match stand_in(c) {
            Some(text) => bytes.extend(text.as_bytes()),
            None => bytes.push(code(c).unwrap_or(b'?')),
        }
    }
    bytes
}

/// The characters of a text that have no code, each once with the line that it is on first.
pub(crate) fn missing(text: &str, most: usize) -> Vec<(char, usize)> {
    let mut missing: Vec<(char, usize)> = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        for c in line.chars().filter(|c| !has(*c) && !c.is_control()) {
            if missing.len() < most && missing.iter().all(|(known, _)| *known != c) {
                missing.push((c, number));
            }
        }
    }
    missing
}
