//! Statements of a caller: bounded, parsed, and allowed or refused.

use graphitesql::sql::{
    self,
    ast::Statement,
    token::{Param, Spanned, Token, tokenize},
};

use crate::{
    fault::{Fault, Result},
    limits::{MAX_CHAIN, MAX_NESTING, MAX_SELECTS, MAX_SQL_BYTES},
};

/// A statement that was looked at.
#[derive(Debug)]
pub(crate) struct Checked {
    /// Its text without a semicolon and comments at the end.
    pub(crate) text: String,
    pub(crate) statement: Statement,
    pub(crate) params: Vec<Param>,
}

/// Looks at the tokens before the parser does, which recurses over them.
pub(crate) fn check(argument: &str, text: &str) -> Result<Checked> {
    if text.len() > MAX_SQL_BYTES {
        return Err(Fault::Limit(format!("`{argument}` has {} bytes; {MAX_SQL_BYTES} is the bound", text.len())));
    }
    if text.contains('\0') {
        return Err(Fault::Argument(format!("`{argument}` has a NUL character")));
    }
    let tokens = tokenize(text).map_err(|error| syntax(argument, error))?;
    bounds(argument, &tokens)?;
    let end = tokens.iter().rev().find(|token| token.token != Token::Semicolon).map_or(0, |token| token.end);
    let trimmed = text.get(..end).unwrap_or_default().to_owned();
    let mut statements = sql::parse(&trimmed).map_err(|error| syntax(argument, error))?;
    let count = statements.len();
    let Some(statement) = statements.pop().filter(|_| count == 1) else {
        return Err(Fault::Argument(format!("`{argument}` is one statement; it has {count}")));
    };
    let params = tokens.into_iter().filter_map(|token| match token.token {
        Token::Param(param) => Some(param),
        _ => None,
    });
    Ok(Checked { text: trimmed, statement, params: params.collect() })
}

fn syntax(argument: &str, error: graphitesql::Error) -> Fault {
    let place = error.parse_offset().map_or(String::new(), |offset| format!(" at byte {offset}"));
    let text = error.to_string();
    let text = text.strip_prefix("SQL error: ").or_else(|| text.strip_prefix("error: ")).unwrap_or(&text);
    Fault::Argument(format!("`{argument}`{place}: {text}"))
}

fn bounds(argument: &str, tokens: &[Spanned]) -> Result<()> {
    let (mut depth, mut selects, mut chain) = (0_usize, 0_usize, 0_usize);
    for token in tokens {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            Token::Word(word) => match word.to_ascii_uppercase().as_str() {
                "SELECT" | "VALUES" => {
                    selects += 1;
                    chain = 0;
                }
                "CASE" => depth += 1,
                "END" => depth = depth.saturating_sub(1),
                "AND" | "OR" | "NOT" | "LIKE" | "IS" => chain += 1,
                _ => {}
            },
            Token::Comma => chain = 0,
            Token::Plus | Token::Minus | Token::Star | Token::Slash | Token::Percent => chain += 1,
            Token::Concat | Token::BitAnd | Token::BitOr | Token::BitNot | Token::LShift | Token::RShift => chain += 1,
            Token::Arrow | Token::Arrow2 => chain += 1,
            _ => {}
        }
        let bound = if depth > MAX_NESTING {
            format!("brackets inside of each other deeper than {MAX_NESTING}")
        } else if selects > MAX_SELECTS {
            format!("more than {MAX_SELECTS} SELECT and VALUES")
        } else if chain > MAX_CHAIN {
            format!("an expression of more than {MAX_CHAIN} operators")
        } else {
            continue;
        };
        return Err(Fault::Limit(format!("`{argument}` has {bound}, which is the bound")));
    }
    Ok(())
}

/// Only one SELECT, or VALUES, may be a query.
pub(crate) fn only_query(checked: &Checked) -> Result<()> {
    match &checked.statement {
        Statement::Select(_) => Ok(()),
        Statement::Explain { .. } => {
            Err(Fault::Argument("`sql`: give the SELECT to `sql_explain`, without EXPLAIN".into()))
        }
        Statement::Pragma(_) => {
            Err(Fault::Argument("`sql`: PRAGMA is not a query; `sql_schema` tells tables, columns and indexes".into()))
        }
        other => {
            let verb = verb(other);
            Err(Fault::Argument(format!("`sql`: {verb} is not a query, and queries write nothing; use `sql_execute`")))
        }
    }
}

/// What may be part of a transaction that changes a file.
pub(crate) fn only_change(argument: &str, checked: &Checked) -> Result<()> {
    let why = match &checked.statement {
        Statement::Select(_) | Statement::Explain { .. } => "is a query; use `sql_query`",
        Statement::Begin | Statement::Commit | Statement::Rollback => "is left out: all statements are one transaction",
        Statement::Savepoint(_) | Statement::Release(_) | Statement::RollbackTo(_) => {
            "is left out: all statements are one transaction"
        }
        Statement::Pragma(_) => "is refused: it may change how the file is written",
        Statement::Attach { .. } | Statement::Detach(_) => "is refused: a call has one database",
        Statement::Vacuum { .. } => "is refused: it writes a file of its own",
        Statement::CreateVirtualTable(_) => "is refused: virtual tables keep their data in hidden tables",
        _ => return Ok(()),
    };
    Err(Fault::Argument(format!("`{argument}`: {} {why}", verb(&checked.statement))))
}

/// The word with which a statement begins.
pub(crate) fn verb(statement: &Statement) -> &'static str {
    match statement {
        Statement::Select(_) => "SELECT",
        Statement::Insert(_) => "INSERT",
        Statement::Update(_) => "UPDATE",
        Statement::Delete(_) => "DELETE",
        Statement::CreateTable(_)
        | Statement::CreateIndex(_)
        | Statement::CreateView(_)
        | Statement::CreateTrigger(_) => "CREATE",
        Statement::CreateVirtualTable(_) => "CREATE VIRTUAL TABLE",
        Statement::Drop(_) => "DROP",
        Statement::Alter(_) => "ALTER",
        Statement::Begin => "BEGIN",
        Statement::Commit => "COMMIT",
        Statement::Rollback | Statement::RollbackTo(_) => "ROLLBACK",
        Statement::Savepoint(_) => "SAVEPOINT",
        Statement::Release(_) => "RELEASE",
        Statement::Pragma(_) => "PRAGMA",
        Statement::Vacuum { .. } => "VACUUM",
        Statement::Reindex { .. } => "REINDEX",
        Statement::Analyze(_) => "ANALYZE",
        Statement::Attach { .. } => "ATTACH",
        Statement::Detach(_) => "DETACH",
        Statement::Explain { .. } => "EXPLAIN",
    }
}

/// The text of a query that returns no more than `most` rows, where it has no LIMIT of its own.
pub(crate) fn with_limit(checked: &Checked, most: u32) -> String {
    match &checked.statement {
        Statement::Select(select) if select.limit.is_none() && select.values_rows == 0 && !is_values(select) => {
            format!("{} LIMIT {most}", checked.text)
        }
        _ => checked.text.clone(),
    }
}

/// VALUES at the end takes no LIMIT.
fn is_values(select: &sql::ast::Select) -> bool {
    select.compound.last().is_some_and(|(_, last)| last.values_rows > 0)
}
