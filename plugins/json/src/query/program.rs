//! Compiles a jq program, and says what is wrong with one.

use jaq_core::compile::Undefined;
use jaq_core::load::{self, Arena, File, Loader, parse::Def};
use jaq_core::{Compiler, Filter};
use tandem_sdk::prelude::*;

use super::{meter, natives};
use crate::limits::{MAX_PROGRAM_BYTES, MAX_PROGRAM_NESTING, MAX_PROGRAM_OPERATORS};

/// Words that nest a program as brackets do.
const KEYWORDS: [&str; 8] = ["if", "elif", "reduce", "foreach", "def", "try", "label", "as"];

/// Compiles a program with these variables, whose names begin with `$`.
pub fn compile(code: &str, variables: &[String]) -> Result<Filter<natives::Kind>> {
    check(code)?;
    let arena = Arena::default();
    let file = |code| File { code, path: () };
    Loader::new([]).load(&arena, file(code)).map_err(|errors| unreadable(code, errors))?;
    let body = load::parse(code, |parser| parser.term()).ok_or_else(|| {
        Error::invalid_arguments("`program` must be one filter, without `import`, `include` or `module`")
    })?;
    let names: Vec<&str> = variables.iter().map(String::as_str).collect();
    let main = meter::definition(Def { name: "__program", args: names.clone(), body });
    let start = if names.is_empty() { "__program".to_owned() } else { format!("__program({})", names.join("; ")) };
    let modules = Loader::new(natives::definitions().chain([main]))
        .load(&arena, file(start.as_str()))
        .map_err(|errors| unreadable(code, errors))?;
    Compiler::default()
        .with_funs(natives::functions())
        .with_global_vars(names.iter().copied())
        .compile(modules)
        .map_err(|errors| undefined(errors.into_iter().flat_map(|(_, errors)| errors).next(), variables))
}

/// Refuses programs that the parser, which calls itself, has no stack for.
fn check(code: &str) -> Result<()> {
    if code.trim().is_empty() || code.len() > MAX_PROGRAM_BYTES {
        return Err(Error::invalid_arguments(format!(
            "`program` has 1 to {MAX_PROGRAM_BYTES} bytes, as `.[] | .name`"
        )));
    }
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in code.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    if deepest > MAX_PROGRAM_NESTING {
        return Err(Error::invalid_arguments(format!("`program` nests more than {MAX_PROGRAM_NESTING} brackets")));
    }
    let signs = code.bytes().filter(|byte| b"|,+-*/%<=>?".contains(byte)).count();
    let words =
        code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| KEYWORDS.contains(word)).count();
    if signs + words > MAX_PROGRAM_OPERATORS {
        return Err(Error::invalid_arguments(format!(
            "`program` has more than {MAX_PROGRAM_OPERATORS} operators and keywords: pass data in `data` or `variables`"
        )));
    }
    Ok(())
}

fn unreadable(code: &str, errors: load::Errors<&str, ()>) -> Error {
    let first = errors.into_iter().next().map(|(_, error)| error);
    let (what, rest) = match first {
        Some(load::Error::Io(_)) => return Error::invalid_arguments("`program` cannot import: there are no modules"),
        Some(load::Error::Lex(errors)) => match errors.into_iter().next() {
            Some((expected, rest)) => (expected.as_str().to_owned(), rest),
            None => return Error::invalid_arguments("`program` is not valid jq"),
        },
        Some(load::Error::Parse(errors)) => match errors.into_iter().next() {
            Some((expected, rest)) => (expected.as_str().to_owned(), rest),
            None => return Error::invalid_arguments("`program` is not valid jq"),
        },
        None => return Error::invalid_arguments("`program` is not valid jq"),
    };
    // What was found is a part of the program, or nothing at its end.
    let at = load::span(code, rest).start.min(code.len());
    let near: String = rest.chars().take(20).collect();
    let found = if near.is_empty() { "the end".to_owned() } else { format!("`{near}`") };
    Error::invalid_arguments(format!("`program` is not valid jq: expected {what} at byte {at}, found {found}"))
}

fn undefined(error: Option<(&str, Undefined)>, variables: &[String]) -> Error {
    let Some((name, kind)) = error else { return Error::invalid_arguments("`program` does not compile") };
    if name == "$ENV" {
        return Error::invalid_arguments("`program`: `$ENV` is not there: pass values in `variables`");
    }
    let known: Vec<&str> = match kind {
        Undefined::Filter(_) => natives::names(),
        _ => variables.iter().map(String::as_str).collect(),
    };
    let same = known.contains(&name);
    let nearest = known.into_iter().filter(|known| *known != name).min_by_key(|known| strsim::levenshtein(known, name));
    let hint = match (same, nearest) {
        (true, _) => "; it takes another number of arguments".to_owned(),
        (false, Some(near)) if strsim::levenshtein(near, name) <= 3 => format!("; do you mean `{near}`?"),
        _ => String::new(),
    };
    let kind = kind.as_str();
    Error::invalid_arguments(format!("`program`: there is no {kind} `{name}`{hint}"))
}
