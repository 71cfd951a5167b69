//! Values of parameters.

use graphitesql::{Value, exec::eval::Params, sql::token::Param};
use serde_json::{Map, Value as Json};

use crate::{
    fault::{Fault, Result},
    limits::MAX_PARAMS,
    near,
};

/// The values that a caller gives.
#[derive(Debug, Default)]
pub(crate) struct Given {
    pub(crate) params: Vec<Json>,
    pub(crate) named: Map<String, Json>,
}

/// Binds each parameter of a statement to its value. One without a value, and a value without a parameter, is an error.
pub(crate) fn bind(wanted: &[Param], given: &Given) -> Result<Params> {
    if wanted.len().max(given.params.len()) > MAX_PARAMS {
        return Err(Fault::Limit(format!("a statement has {MAX_PARAMS} parameters at most")));
    }
    let mut last = 0;
    let mut names = Vec::new();
    for param in wanted {
        match param {
            Param::Anonymous => last += 1,
            Param::Numbered(number) => last = last.max(usize::try_from(*number).unwrap_or(usize::MAX)),
            Param::Named(name) if !names.contains(name) => names.push(name.clone()),
            Param::Named(_) => {}
        }
    }
    if last != given.params.len() {
        let count = given.params.len();
        return Err(Fault::Argument(format!(
            "`params` has {count} values, but the statement has {last} parameters (`?`)"
        )));
    }
    let bare: Vec<String> = names.iter().map(|name| bare(name).to_owned()).collect();
    if let Some(unknown) = given.named.keys().find(|name| !bare.iter().any(|wanted| wanted == self::bare(name))) {
        return Err(Fault::Argument(format!(
            "`named_params`: the statement has no parameter `:{unknown}`{}",
            near::hint("parameters", unknown, &bare)
        )));
    }
    let positional = given.params.iter().map(value).collect();
    let mut named = Vec::new();
    for (name, bare) in names.into_iter().zip(bare) {
        let found = given.named.iter().find(|(given, _)| self::bare(given) == bare).map(|(_, found)| found);
        let Some(found) = found else {
            return Err(Fault::Argument(format!("`named_params` has no value for `{name}`: add \"{bare}\"")));
        };
        named.push((name, value(found)));
    }
    Ok(Params { positional, named })
}

fn bare(name: &str) -> &str {
    name.trim_start_matches([':', '@', '$', '#'])
}

/// Arrays and objects are bound as JSON text, which the JSON functions read.
fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Integer(i64::from(*truth)),
        Json::Number(number) => number
            .as_i64()
            .map(Value::Integer)
            .or_else(|| number.as_f64().map(Value::Real))
            .unwrap_or_else(|| Value::Text(number.to_string().into())),
        Json::String(text) => Value::Text(text.as_str().into()),
        other => Value::Text(other.to_string().into()),
    }
}
