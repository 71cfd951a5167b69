//! The encoding that a Type 1 font has in its own program, as TeX's fonts do.

use lopdf::Dictionary;

use crate::{limits::MAX_FONT_BYTES, pdf::Source};

/// Codes of a simple font, each of which the array names at most once.
const MAX_CODES: usize = 256;

/// The codes with the names of their glyphs; none where the font has no program or its program the standard encoding.
pub(crate) fn encoding(source: &Source, font: &Dictionary) -> Option<Vec<(usize, Vec<u8>)>> {
    let descriptor = source.get(font, b"FontDescriptor")?.as_dict().ok()?;
    let program = source.get(descriptor, b"FontFile")?.as_stream().ok()?;
    let program = program.get_plain_content_with_limit(MAX_FONT_BYTES).ok()?;
    // What follows is encrypted.
    let end = find(&program, b"eexec").unwrap_or(program.len());
    let text = program.get(..end)?;
    let text = text.get(find(text, b"/Encoding")?..)?;
    let mut tokens = text.split(u8::is_ascii_whitespace).filter(|token| !token.is_empty()).skip(1);
    if tokens.next()? == b"StandardEncoding" {
        return None;
    }
    let mut codes = Vec::new();
    while let Some(token) = tokens.next() {
        match token {
            b"dup" => {
                let code = std::str::from_utf8(tokens.next()?).ok()?.parse().ok()?;
                let name = tokens.next()?.strip_prefix(b"/")?;
                codes.push((code, name.to_vec()));
            }
            b"def" | b"readonly" => break,
            _ => {}
        }
        if codes.len() >= MAX_CODES {
            break;
        }
    }
    (!codes.is_empty()).then_some(codes)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
