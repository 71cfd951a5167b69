//! Refuses deep nesting before the parser sees it.
//!
//! The parser bounds dotted keys and brackets each, but not their product, and a tree of thousands of levels
//! exhausts a stack already when it is dropped.

use std::ops::Range;

use toml_parser::{Source, lexer::TokenKind};

use super::limits::MAX_DEPTH;

/// Where a value under one header is nested deeper than [`MAX_DEPTH`], if it is. Brackets that are never
/// closed count as open.
pub(super) fn too_deep(text: &str) -> Option<Range<usize>> {
    let mut open: Vec<usize> = Vec::new();
    // Dots of the key that is being read, or of the one before the present `=`.
    let mut dots = 0;
    for token in Source::new(text).lex() {
        match token.kind() {
            TokenKind::Dot => dots += 1,
            TokenKind::Comma | TokenKind::Newline => dots = 0,
            TokenKind::LeftCurlyBracket | TokenKind::LeftSquareBracket => open.push(std::mem::take(&mut dots)),
            TokenKind::RightCurlyBracket | TokenKind::RightSquareBracket => dots = open.pop().unwrap_or_default(),
            _ => {}
        }
        if open.len() + open.iter().sum::<usize>() + dots > MAX_DEPTH {
            return Some(token.span().start()..token.span().end());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_and_brackets_add_up() {
        let shallow = "[a.b]\nc.d = { e.f = [1.5, 2.5, { g = 'x.y.z' }] }\n# a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r\n";
        assert_eq!(too_deep(&shallow.repeat(100)), None);
        assert!(too_deep(&format!("{} = 1", ["a"; MAX_DEPTH + 2].join("."))).is_some());
        assert!(too_deep(&format!("a = {}", "[".repeat(MAX_DEPTH + 1))).is_some());
        assert!(too_deep("a.a.a.a = { b.b.b.b = { c.c.c.c = { d.d.d.d = 1 } } }").is_none());
        assert!(too_deep("a.a.a.a = { b.b.b.b = { c.c.c.c = { d.d.d.d = { e = {} } } } }").is_some());
    }
}
