//! What writes a value of a template without steps, behind a look at how large and deep the value is.

use minijinja::value::{Kwargs, StringInput, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, Value, escape_formatter, filters};

use crate::limits::{MAX_JOINED_BYTES, MAX_VALUE_DEPTH, MAX_VALUE_ITEMS};

/// Sets the formatter and the filters that write whole values.
pub(crate) fn guard(environment: &mut Environment<'_>) {
    environment.set_formatter(|out, state, value| {
        check(value)?;
        escape_formatter(out, state, value)
    });
    environment.add_filter("join", join);
    environment.add_filter("tojson", tojson);
    environment.add_filter("pprint", pprint);
    environment.add_filter("string", string);
}

fn join(
    state: &mut State<'_, '_>,
    value: &Value,
    joiner: Option<StringInput<'_>>,
    attribute: Option<&str>,
    kwargs: Kwargs,
) -> Result<Value, Error> {
    check(value)?;
    let between = match &joiner {
        Some(joiner) => joiner.as_str().len(),
        None => kwargs.peek::<Option<Value>>("d")?.and_then(|joiner| joiner.as_str().map(str::len)).unwrap_or(0),
    };
    let mut bytes = value.len().unwrap_or(0).saturating_mul(between);
    if matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) && value.len().is_some() {
        for item in value.try_iter()? {
            bytes = bytes.saturating_add(item.as_str().map_or(0, str::len));
        }
    }
    if bytes > MAX_JOINED_BYTES {
        return Err(refused(format!("`join` would make {bytes} bytes; at most {MAX_JOINED_BYTES} are joined")));
    }
    filters::join(state, value, joiner, attribute, kwargs)
}

fn tojson(value: &Value, indent: Option<Value>, kwargs: Kwargs) -> Result<Value, Error> {
    check(value)?;
    filters::tojson(value, indent, kwargs)
}

fn pprint(value: &Value) -> Result<String, Error> {
    check(value)?;
    Ok(filters::pprint(value))
}

fn string(state: &State<'_, '_>, value: &Value) -> Result<Value, Error> {
    check(value)?;
    filters::string(state, value)
}

/// Refuses a value of too many items, and one that is too deep, as one that has itself in it is.
fn check(value: &Value) -> Result<(), Error> {
    let mut left = MAX_VALUE_ITEMS;
    walk(value, 0, &mut left)
}

fn walk(value: &Value, depth: usize, left: &mut usize) -> Result<(), Error> {
    if !matches!(value.kind(), ValueKind::Seq | ValueKind::Map | ValueKind::Iterable) {
        return Ok(());
    }
    // Without a length it may be read but once, and each step costs fuel.
    let Some(length) = value.len() else { return Ok(()) };
    if depth >= MAX_VALUE_DEPTH {
        return Err(refused(format!("a value has more than {MAX_VALUE_DEPTH} levels, or itself in it")));
    }
    *left = left
        .checked_sub(length)
        .ok_or_else(|| refused(format!("a value has more than {MAX_VALUE_ITEMS} items; as many are written")))?;
    for item in value.try_iter()? {
        match value.kind() {
            ValueKind::Map => walk(&value.get_item(&item)?, depth + 1, left)?,
            _ => walk(&item, depth + 1, left)?,
        }
    }
    Ok(())
}

fn refused(problem: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, problem)
}
