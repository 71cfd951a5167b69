//! From text to tokens.

use tandem_sdk::prelude::*;

/// A token and where it begins, in bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Word(String),
    Quoted(String),
    Text(String),
    Integer(i64),
    Float(f64),
    Parameter(String),
    Sign(&'static str),
    End,
}

const SIGNS: [&str; 24] = [
    "<=", ">=", "<>", "..", "(", ")", "[", "]", "{", "}", ",", ":", ".", "|", "-", "<", ">", "=", "+", "*", "/", "%",
    ";", "!",
];

pub(super) fn error(at: usize, text: impl std::fmt::Display) -> Error {
    Error::invalid_arguments(format!("`query`, byte {at}: {text}"))
}

pub(super) fn lex(query: &str) -> Result<Vec<(usize, Token)>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = query.get(at..)
        && let Some(c) = rest.chars().next()
    {
        let length = if c.is_whitespace() {
            c.len_utf8()
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else {
            let (token, length) = token(rest, c, at)?;
            tokens.push((at, token));
            length
        };
        at += length;
    }
    tokens.push((query.len(), Token::End));
    Ok(tokens)
}

fn word_length(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())
}

fn token(rest: &str, c: char, at: usize) -> Result<(Token, usize)> {
    if c.is_alphabetic() || c == '_' {
        let length = word_length(rest);
        return Ok((Token::Word(rest.get(..length).unwrap_or_default().to_owned()), length));
    }
    if c == '$' {
        let name = rest.get(1..).unwrap_or_default();
        let name = name.get(..word_length(name)).unwrap_or_default();
        return Ok((Token::Parameter(name.to_owned()), 1 + name.len()));
    }
    if c.is_ascii_digit() {
        return number(rest, at);
    }
    if matches!(c, '\'' | '"' | '`') {
        return quoted(rest, c, at);
    }
    let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
    sign.map(|sign| (Token::Sign(sign), sign.len())).ok_or_else(|| error(at, format!("`{c}` has no meaning here")))
}

fn number(rest: &str, at: usize) -> Result<(Token, usize)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut length = digits(rest);
    let mut float = false;
    if let Some(fraction) = rest.get(length..).and_then(|more| more.strip_prefix('.'))
        && digits(fraction) > 0
    {
        float = true;
        length += 1 + digits(fraction);
    }
    let text = rest.get(..length).unwrap_or_default();
    let bad = || error(at, format!("`{text}` is beyond the range of numbers"));
    let token = if float {
        text.parse().map(Token::Float).map_err(|_| bad())
    } else {
        text.parse().map(Token::Integer).map_err(|_| bad())
    };
    Ok((token?, length))
}

fn quoted(rest: &str, quote: char, at: usize) -> Result<(Token, usize)> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((index, c)) = chars.next() {
        match c {
            c if c == quote => {
                let token = if quote == '`' { Token::Quoted(text) } else { Token::Text(text) };
                return Ok((token, index + 1));
            }
            '\\' if quote != '`' => match chars.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, 't')) => text.push('\t'),
                Some((_, other)) => text.push(other),
                None => break,
            },
            c => text.push(c),
        }
    }
    Err(error(at, format!("the text that begins here has no closing {quote}")))
}
