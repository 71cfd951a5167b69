//! Tokens of formulas, in textbook notation and in TPTP.

use crate::formula::{Modal, Quantifier};

/// Which notation a text has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notation {
    /// As in textbooks; `deontic` reads `O(…)`, `P(…)` and `F(…)` as operators.
    Textbook {
        deontic: bool,
    },
    Tptp,
}

/// Which connective stands between two formulas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binary {
    And,
    Or,
    Implies,
    ImpliedBy,
    Iff,
    Xor,
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Name(String),
    /// In quotes: never a variable or a word of the language.
    Quoted(String),
    True,
    False,
    Not,
    /// `!`: negation, or the quantifier of TPTP.
    Bang,
    Quantifier(Quantifier),
    Modal(Modal),
    Binary(Binary),
    Equal,
    NotEqual,
    Open,
    Close,
    OpenSquare,
    CloseSquare,
    Comma,
    Dot,
    Colon,
}

/// A token and the character where it starts, from 1.
pub(crate) type Spanned = (Token, usize);

/// Longest first.
const SYMBOLS: [(&str, Token); 42] = [
    ("<->", Token::Binary(Binary::Iff)),
    ("<=>", Token::Binary(Binary::Iff)),
    ("<~>", Token::Binary(Binary::Xor)),
    ("->", Token::Binary(Binary::Implies)),
    ("=>", Token::Binary(Binary::Implies)),
    ("<=", Token::Binary(Binary::ImpliedBy)),
    ("<-", Token::Binary(Binary::ImpliedBy)),
    ("!=", Token::NotEqual),
    ("==", Token::Equal),
    ("&&", Token::Binary(Binary::And)),
    ("||", Token::Binary(Binary::Or)),
    ("/\\", Token::Binary(Binary::And)),
    ("\\/", Token::Binary(Binary::Or)),
    ("&", Token::Binary(Binary::And)),
    ("|", Token::Binary(Binary::Or)),
    ("∧", Token::Binary(Binary::And)),
    ("∨", Token::Binary(Binary::Or)),
    ("→", Token::Binary(Binary::Implies)),
    ("⇒", Token::Binary(Binary::Implies)),
    ("⊃", Token::Binary(Binary::Implies)),
    ("↔", Token::Binary(Binary::Iff)),
    ("⇔", Token::Binary(Binary::Iff)),
    ("≡", Token::Binary(Binary::Iff)),
    ("⊕", Token::Binary(Binary::Xor)),
    ("~", Token::Not),
    ("¬", Token::Not),
    ("-", Token::Not),
    ("!", Token::Bang),
    ("?", Token::Quantifier(Quantifier::Exists)),
    ("∀", Token::Quantifier(Quantifier::All)),
    ("∃", Token::Quantifier(Quantifier::Exists)),
    ("⊤", Token::True),
    ("⊥", Token::False),
    ("≠", Token::NotEqual),
    ("=", Token::Equal),
    ("(", Token::Open),
    (")", Token::Close),
    ("[", Token::OpenSquare),
    ("]", Token::CloseSquare),
    (",", Token::Comma),
    (".", Token::Dot),
    (":", Token::Colon),
];

/// The tokens of a text.
pub(crate) fn tokens(text: &str, notation: Notation) -> Result<Vec<Spanned>, String> {
    let mut tokens = Vec::new();
    let (mut rest, mut at) = (text, 1);
    while let Some(first) = rest.chars().next() {
        let length = if first.is_whitespace() {
            first.len_utf8()
        } else if first == '%' || first == '#' {
            rest.find('\n').unwrap_or(rest.len())
        } else if notation == Notation::Tptp && rest.starts_with("/*") {
            rest.find("*/").map(|end| end + 2).ok_or_else(|| format!("character {at}: the comment is not closed"))?
        } else if first == '\'' {
            let (name, length) = quoted(rest, at)?;
            tokens.push((Token::Quoted(name), at));
            length
        } else if is_word(first) || first == '$' {
            let length = rest.find(|c| !is_word(c) && c != '$').unwrap_or(rest.len());
            let (word, after) = rest.split_at(length);
            tokens.push((self::word(word, after, notation), at));
            length
        } else {
            let found = SYMBOLS.iter().find(|(symbol, _)| rest.starts_with(symbol));
            let Some((symbol, token)) = found else {
                return Err(format!("character {at}: `{first}` is not part of a formula"));
            };
            tokens.push((token.clone(), at));
            symbol.len()
        };
        let (taken, after) = rest.split_at(length);
        at += taken.chars().count();
        rest = after;
    }
    Ok(tokens)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// A name in quotes, and how many bytes it takes.
fn quoted(text: &str, at: usize) -> Result<(String, usize), String> {
    let mut name = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((index, c)) = chars.next() {
        match c {
            '\'' if name.is_empty() => return Err(format!("character {at}: the name in quotes is empty")),
            '\'' => return Ok((name, index + 1)),
            '\\' => match chars.next() {
                Some((_, c @ ('\'' | '\\'))) => name.push(c),
                _ => return Err(format!("character {at}: only \\' and \\\\ are escapes in a name in quotes")),
            },
            c if c.is_control() => return Err(format!("character {at}: a name in quotes has a control character")),
            c => name.push(c),
        }
    }
    Err(format!("character {at}: the quote is not closed"))
}

fn word(word: &str, after: &str, notation: Notation) -> Token {
    let name = || Token::Name(word.to_owned());
    let Notation::Textbook { deontic } = notation else {
        return match word {
            "$true" => Token::True,
            "$false" => Token::False,
            _ => name(),
        };
    };
    match word {
        "forall" | "all" | "every" => Token::Quantifier(Quantifier::All),
        "exists" | "some" => Token::Quantifier(Quantifier::Exists),
        "and" | "AND" => Token::Binary(Binary::And),
        "or" | "OR" => Token::Binary(Binary::Or),
        "not" | "NOT" => Token::Not,
        "implies" => Token::Binary(Binary::Implies),
        "iff" => Token::Binary(Binary::Iff),
        "xor" => Token::Binary(Binary::Xor),
        "true" | "True" => Token::True,
        "false" | "False" => Token::False,
        "O" | "P" | "F" => {
            let operator = after.starts_with('[') || (deontic && after.trim_start().starts_with('('));
            match word {
                _ if !operator => name(),
                "O" => Token::Modal(Modal::Obligatory),
                "P" => Token::Modal(Modal::Permitted),
                _ => Token::Modal(Modal::Forbidden),
            }
        }
        _ => name(),
    }
}

/// Whether a name must stand in quotes in textbook notation: it would be another token.
pub(crate) fn needs_quotes(name: &str) -> bool {
    let plain = !name.is_empty() && name.chars().all(is_word);
    !plain || !matches!(word(name, "", Notation::Textbook { deontic: false }), Token::Name(_)) || is_variable(name)
}

/// Whether a name that nothing binds is a variable in textbook notation: `u` to `z`, with digits or not.
pub(crate) fn is_variable(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|first| ('u'..='z').contains(&first)) && chars.all(|c| c.is_ascii_digit())
}
