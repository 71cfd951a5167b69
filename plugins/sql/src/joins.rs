//! Joins: which of the two ways of the engine runs them, and the indexes that they need over files.

use std::collections::HashSet;

use graphitesql::{
    Connection,
    schema::ObjectType,
    sql::token::{Spanned, Token, tokenize},
};

use crate::{
    limits::{MAX_INDEXED_ROWS, MAX_JOIN_INDEXES},
    load::FileTable,
    wording::quoted,
};

/// Words that end a FROM.
const AFTER_FROM: [&str; 11] =
    ["where", "group", "having", "window", "order", "limit", "union", "intersect", "except", "returning", "select"];

/// Whether a statement joins, itself or through a view. The engine compiles joins of three tables to a loop over their product, and
/// asks for the memory of it at once; its other way walks them one row after the other, with indexes.
pub(crate) fn has_join(db: &Connection, sql: &str) -> bool {
    let Ok(tokens) = tokenize(sql) else { return false };
    let view = |name: &str| {
        let mut objects = db.schema().objects().iter();
        objects.any(|object| object.obj_type == ObjectType::View && object.name.eq_ignore_ascii_case(name))
    };
    // For each bracket that is open, whether a FROM is being listed in it.
    let mut listing = vec![false];
    for token in &tokens {
        match &token.token {
            Token::LParen => listing.push(listing.last().copied().unwrap_or(false)),
            Token::RParen => {
                listing.pop();
            }
            Token::Comma if listing.last() == Some(&true) => return true,
            Token::Ident(name) if view(name) => return true,
            Token::Word(word) => {
                let word = word.to_lowercase();
                if word == "join" || view(&word) {
                    return true;
                }
                if let Some(last) = listing.last_mut() {
                    *last = (*last && !AFTER_FROM.contains(&word.as_str())) || word == "from";
                }
            }
            _ => {}
        }
    }
    false
}

/// Makes an index on each column of a small file that the statement compares with another column.
pub(crate) fn index(db: &mut Connection, files: &[FileTable], sql: &str) -> graphitesql::Result<()> {
    let wanted = compared(&tokenize(sql)?);
    let small = files.iter().filter(|file| file.rows <= MAX_INDEXED_ROWS);
    let columns = small.flat_map(|file| file.columns.iter().map(move |column| (&file.name, column)));
    let columns = columns.filter(|(_, column)| wanted.contains(&column.to_lowercase()));
    for (number, (table, column)) in columns.take(MAX_JOIN_INDEXES).enumerate() {
        let name = quoted(&format!("tandem join {number}"));
        db.execute(&format!("CREATE INDEX {name} ON {} ({})", quoted(table), quoted(column)))?;
    }
    Ok(())
}

/// Names at both sides of `a = b`, `a.x = b.y`, and in USING.
fn compared(tokens: &[Spanned]) -> HashSet<String> {
    let mut found = HashSet::new();
    let word = |at: usize| match tokens.get(at).map(|token| &token.token) {
        Some(Token::Word(name) | Token::Ident(name)) => Some(name.to_lowercase()),
        _ => None,
    };
    for (at, token) in tokens.iter().enumerate() {
        if token.token == Token::Eq
            && let (Some(left), Some(mut right)) = (at.checked_sub(1).and_then(word), word(at + 1))
        {
            if tokens.get(at + 2).is_some_and(|token| token.token == Token::Dot) {
                right = word(at + 3).unwrap_or(right);
            }
            found.extend([left, right]);
        }
        if word(at).is_some_and(|word| word == "using") {
            let names = (at + 2..).step_by(2).map_while(word);
            found.extend(names);
        }
    }
    found
}
