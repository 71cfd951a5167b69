//! The request that an operation makes of its arguments.

use serde_json::{Map, Value};

use crate::{
    ArgumentError, Body, BodyForm, Field, Location, MAX_URL, Operation, Prepared, PreparedBody,
    encoding::{encode, flat, scalar},
    path::path,
    query::pairs,
};

/// Makes the request of an operation.
///
/// ```
/// use tandem_operations::{Operation, prepare};
///
/// let operation: Operation = serde_json::from_value(serde_json::json!({
///     "method": "GET", "server": "https://api.example.com/v1", "path": "/pets/{petId}", "accept": "application/json",
///     "parameters": [
///         { "argument": "pet_id", "name": "petId", "in": "path", "style": "simple" },
///         { "argument": "tags", "name": "tags", "in": "query", "style": "form", "explode": true },
///     ],
/// }))?;
/// let arguments = serde_json::json!({ "pet_id": "a b", "tags": ["x", "y&z"] });
/// let request = prepare(&operation, arguments.as_object().unwrap())?;
/// assert_eq!(request.url, "https://api.example.com/v1/pets/a%20b?tags=x&tags=y%26z");
/// let climbs = serde_json::json!({ "pet_id": "../admin" });
/// assert!(prepare(&operation, climbs.as_object().unwrap()).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The arguments cannot be sent as the operation wants them.
pub fn prepare(operation: &Operation, arguments: &Map<String, Value>) -> Result<Prepared, ArgumentError> {
    let mut url = format!("{}{}", operation.server, path(operation, arguments)?);
    let (mut headers, mut cookies, mut query) = (vec![("accept".to_owned(), operation.accept.clone())], vec![], vec![]);
    for parameter in &operation.parameters {
        let Some(value) = arguments.get(&parameter.argument).filter(|value| !value.is_null()) else { continue };
        match parameter.location {
            Location::Path => {}
            Location::Query => query.append(&mut pairs(parameter, value)?),
            Location::Cookie => cookies.append(&mut pairs(parameter, value)?),
            Location::Header => {
                let parts = flat(value).ok_or_else(|| ArgumentError::TooDeep(parameter.argument.clone()))?;
                headers.push((parameter.name.clone(), one_line(&parameter.argument, parts.join(","))?));
            }
        }
    }
    if !query.is_empty() {
        url.push('?');
        url.push_str(&query.join("&"));
    }
    if url.len() > MAX_URL {
        return Err(ArgumentError::Url(url.len()));
    }
    let body = match &operation.body {
        Some(body) => match arguments.get(&body.argument) {
            Some(value) => Some(prepared_body(body, value)?),
            None => None,
        },
        None => None,
    };
    Ok(Prepared { method: operation.method.clone(), url, headers, cookies, body })
}

fn one_line(argument: &str, value: String) -> Result<String, ArgumentError> {
    if value.chars().any(char::is_control) { Err(ArgumentError::NotALine(argument.to_owned())) } else { Ok(value) }
}

fn prepared_body(body: &Body, value: &Value) -> Result<PreparedBody, ArgumentError> {
    let kind = |kind| ArgumentError::Kind { argument: body.argument.clone(), kind };
    let media_type = body.media_type.clone();
    match body.form {
        BodyForm::Json => Ok(PreparedBody::Bytes { media_type, bytes: value.to_string().into_bytes() }),
        BodyForm::Text => {
            let text = value.as_str().ok_or_else(|| kind("a string"))?;
            Ok(PreparedBody::Bytes { media_type, bytes: text.as_bytes().to_vec() })
        }
        BodyForm::File => {
            let path = value.as_str().ok_or_else(|| kind("the path of a file"))?.to_owned();
            Ok(PreparedBody::File { media_type, path })
        }
        BodyForm::UrlEncoded => {
            let pairs: Vec<String> = fields(body, value)?
                .into_iter()
                .map(|(name, value)| format!("{}={}", encode(name), encode(&text(value))))
                .collect();
            Ok(PreparedBody::Bytes { media_type, bytes: pairs.join("&").into_bytes() })
        }
        BodyForm::Multipart => {
            let field = |(name, value): (&String, &Value)| match body.files.contains(name) {
                true => Field::File { name: name.clone(), path: text(value) },
                false => Field::Text { name: name.clone(), value: text(value), is_json: scalar(value).is_none() },
            };
            Ok(PreparedBody::Multipart(fields(body, value)?.into_iter().map(field).collect()))
        }
    }
}

/// A value as a field has it: an object is JSON.
fn text(value: &Value) -> String {
    scalar(value).unwrap_or_else(|| value.to_string())
}

/// The fields of a form: a list is a field for each of its values.
fn fields<'v>(body: &Body, value: &'v Value) -> Result<Vec<(&'v String, &'v Value)>, ArgumentError> {
    let members = value
        .as_object()
        .ok_or_else(|| ArgumentError::Kind { argument: body.argument.clone(), kind: "an object of fields" })?;
    let mut fields = Vec::new();
    for (name, value) in members {
        let values = match value {
            Value::Array(items) => items.as_slice(),
            single => std::slice::from_ref(single),
        };
        fields.extend(values.iter().filter(|value| !value.is_null()).map(|value| (name, value)));
    }
    Ok(fields)
}
