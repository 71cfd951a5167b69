//! The path of a request: a template whose parameters never change its structure.

use serde_json::{Map, Value};

use crate::{
    ArgumentError, Location, Operation, Parameter,
    encoding::{decode, encode, flat},
    limits::MAX_DECODINGS,
};

/// The path below the server's.
pub(crate) fn path(operation: &Operation, arguments: &Map<String, Value>) -> Result<String, ArgumentError> {
    let mut path = String::new();
    for (index, segment) in operation.path.split('/').enumerate() {
        if index > 0 {
            path.push('/');
        }
        path.push_str(&fill(operation, segment, arguments)?);
    }
    Ok(path)
}

/// One segment, with its parameters filled in.
fn fill(operation: &Operation, template: &str, arguments: &Map<String, Value>) -> Result<String, ArgumentError> {
    let (mut raw, mut encoded, mut last) = (String::new(), String::new(), None);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        let parameter = parameter(operation, name)?;
        let value = value(parameter, arguments)?;
        raw.push_str(before);
        encoded.push_str(before);
        raw.push_str(&value.join(","));
        let parts: Vec<String> = value.iter().map(|part| encode(part)).collect();
        encoded.push_str(&parts.join(","));
        last = Some(parameter);
        rest = after;
    }
    raw.push_str(rest);
    encoded.push_str(rest);
    match last {
        Some(parameter) if !is_one_segment(&raw) => Err(ArgumentError::NotASegment(parameter.argument.clone())),
        _ => Ok(encoded),
    }
}

fn parameter<'o>(operation: &'o Operation, name: &str) -> Result<&'o Parameter, ArgumentError> {
    let found = |parameter: &&Parameter| parameter.location == Location::Path && parameter.name == name;
    operation.parameters.iter().find(found).ok_or_else(|| ArgumentError::NoParameter(name.to_owned()))
}

fn value(parameter: &Parameter, arguments: &Map<String, Value>) -> Result<Vec<String>, ArgumentError> {
    let argument = || parameter.argument.clone();
    let value = arguments.get(&parameter.argument).ok_or_else(|| ArgumentError::Missing(argument()))?;
    let parts = flat(value).ok_or_else(|| ArgumentError::TooDeep(argument()))?;
    if parts.iter().any(String::is_empty) || parts.is_empty() {
        return Err(ArgumentError::Empty(argument()));
    }
    Ok(parts)
}

/// Whether every server reads the text as one segment of a path that stays where it is, also where it decodes more than once. It is
/// what the host's gate lets pass.
fn is_one_segment(raw: &str) -> bool {
    let mut bytes = raw.as_bytes().to_vec();
    for _ in 0..=MAX_DECODINGS {
        let separates = |byte: &u8| matches!(byte, b'/' | b'\\') || byte.is_ascii_control();
        let dots = matches!(bytes.split(|byte| *byte == b';').next(), Some(b"" | b"." | b".."));
        if dots || bytes.iter().any(separates) {
            return false;
        }
        match decode(&bytes) {
            Some(decoded) => bytes = decoded,
            None => return true,
        }
    }
    false
}
