//! Parameters of the query and cookies: names and values in the styles of OpenAPI.

use serde_json::Value;

use crate::{
    ArgumentError, MAX_ARRAY, Parameter, Style,
    encoding::{encode, flat, scalar},
};

/// `name=value` pairs of one parameter, percent-encoded.
pub(crate) fn pairs(parameter: &Parameter, value: &Value) -> Result<Vec<String>, ArgumentError> {
    let too_deep = || ArgumentError::TooDeep(parameter.argument.clone());
    let name = &parameter.name;
    let pair = |name: &str, value: &str| format!("{}={}", encode(name), encode(value));
    let members = match value {
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => 1,
    };
    if members > MAX_ARRAY {
        return Err(ArgumentError::TooLong(parameter.argument.clone()));
    }
    match (parameter.style, value) {
        (Style::Json, value) => Ok(vec![pair(name, &value.to_string())]),
        (Style::DeepObject, Value::Object(members)) => members
            .iter()
            .map(|(key, value)| Ok(pair(&format!("{name}[{key}]"), &scalar(value).ok_or_else(too_deep)?)))
            .collect(),
        (_, Value::Object(members)) if parameter.explode => {
            members.iter().map(|(key, value)| Ok(pair(key, &scalar(value).ok_or_else(too_deep)?))).collect()
        }
        (_, Value::Array(items)) if parameter.explode => {
            items.iter().map(|item| Ok(pair(name, &scalar(item).ok_or_else(too_deep)?))).collect()
        }
        (style, value) => {
            let parts: Vec<String> = flat(value).ok_or_else(too_deep)?.iter().map(|part| encode(part)).collect();
            let separator = match style {
                Style::SpaceDelimited => "%20",
                Style::PipeDelimited => "%7C",
                _ => ",",
            };
            if parts.is_empty() {
                Ok(Vec::new())
            } else {
                Ok(vec![format!("{}={}", encode(name), parts.join(separator))])
            }
        }
    }
}
