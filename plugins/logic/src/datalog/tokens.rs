//! Tokens of Datalog, in the syntax of Prolog.

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// Begins with a small letter, or stands in quotes.
    Name(String),
    /// Begins with a capital letter or `_`.
    Variable(String),
    Int(i64),
    Not,
    If,
    Query,
    Symbol(&'static str),
}

/// Longest first.
const SYMBOLS: [&str; 14] = ["!=", "\\=", "<=", "=<", ">=", "<-", "(", ")", ",", ".", "=", "<", ">", "&"];

/// The tokens of a text, each with its line.
pub(crate) fn tokens(text: &str) -> Result<Vec<(Token, usize)>, String> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some(first) = rest.chars().next() {
        let (token, length) = if first.is_whitespace() {
            (None, first.len_utf8())
        } else if first == '%' || first == '#' || rest.starts_with("//") {
            (None, rest.find('\n').unwrap_or(rest.len()))
        } else if first == '"' || first == '\'' {
            let (name, length) = quoted(rest, first).ok_or_else(|| format!("line {line}: the quote is not closed"))?;
            (Some(Token::Name(name)), length)
        } else if first.is_ascii_digit() || (first == '-' && rest.chars().nth(1).is_some_and(|c| c.is_ascii_digit())) {
            let digits = rest.get(1..).unwrap_or_default();
            let length = 1 + digits.find(|c: char| !is_word(c)).unwrap_or(digits.len());
            let word = rest.get(..length).unwrap_or_default();
            let number = word
                .parse()
                .map_err(|_| format!("line {line}: `{word}` is not an integer of 64 bits; put names in quotes"))?;
            (Some(Token::Int(number)), length)
        } else if is_word(first) {
            let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            (Some(word(rest.get(..length).unwrap_or_default())), length)
        } else {
            symbol(rest).ok_or_else(|| format!("line {line}: `{first}` is not part of a rule"))?
        };
        tokens.extend(token.map(|token| (token, line)));
        let (taken, after) = rest.split_at(length);
        line += taken.matches('\n').count();
        rest = after;
    }
    Ok(tokens)
}

fn symbol(rest: &str) -> Option<(Option<Token>, usize)> {
    for (text, token) in [(":-", Token::If), ("?-", Token::Query), ("\\+", Token::Not)] {
        if rest.starts_with(text) {
            return Some((Some(token), text.len()));
        }
    }
    let symbol = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol))?;
    let token = match symbol {
        "<-" => Token::If,
        "&" => Token::Symbol(","),
        "\\=" => Token::Symbol("!="),
        "=<" => Token::Symbol("<="),
        symbol => Token::Symbol(symbol),
    };
    Some((Some(token), symbol.len()))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn word(word: &str) -> Token {
    match word {
        "not" => Token::Not,
        _ if word.starts_with(|c: char| c.is_uppercase() || c == '_') => Token::Variable(word.to_owned()),
        _ => Token::Name(word.to_owned()),
    }
}

/// A name in quotes, and how many bytes it takes. A backslash is an escape for the next character.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut name = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => name.push(chars.next().map(|(_, c)| c).filter(|c| *c != '\n')?),
            '\n' => return None,
            c if c == quote => return Some((name, at + c.len_utf8())),
            c => name.push(c),
        }
    }
    None
}
