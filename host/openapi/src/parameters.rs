//! Parameters of an operation as arguments of a tool.

use std::collections::BTreeMap;

use serde_json::Value;
use tandem_operations::{Location, Parameter, Style};

use crate::{
    auth::is_token,
    document::{At, Document},
    limits::MAX_PARAMETERS,
    schema::is_plain_name,
    text::snake_case,
};

/// A parameter, with where its schema is.
pub(crate) struct Read<'d> {
    pub(crate) parameter: Parameter,
    pub(crate) required: bool,
    pub(crate) at: At<'d>,
    /// None where the document has none.
    pub(crate) schema: Option<At<'d>>,
}

/// Headers that a request has by other means: the specification has parameters of these names ignored; the others are the connection's.
const NOT_HEADERS: [&str; 12] = [
    "accept",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A part that cannot be read: where, and why.
pub(crate) type Problem = (String, String);

/// The parameters of an operation: its own go over those of its path.
pub(crate) fn read<'d>(document: &'d Document, path: &At<'d>, operation: &At<'d>) -> Result<Vec<Read<'d>>, Problem> {
    let mut found: BTreeMap<(Location, String), (At<'d>, usize)> = BTreeMap::new();
    for list in [path, operation].into_iter().filter_map(|at| at.member("parameters")) {
        for at in list.items() {
            let resolved = document.resolve(at.clone()).map_err(|problem| (at.pointer.clone(), problem))?;
            let name = resolved.text("name").unwrap_or_default();
            let location = match resolved.text("in") {
                Some("path") => Location::Path,
                Some("query") => Location::Query,
                Some("header") if NOT_HEADERS.iter().any(|not| not.eq_ignore_ascii_case(name)) => continue,
                Some("header") if is_token(name) => Location::Header,
                Some("cookie") if is_token(name) => Location::Cookie,
                _ => return Err((at.pointer.clone(), "a parameter whose name or location cannot be used".to_owned())),
            };
            if found.len() >= MAX_PARAMETERS {
                return Err((at.pointer, format!("more than {MAX_PARAMETERS} parameters")));
            }
            let order = found.len();
            found.insert((location, name.to_owned()), (resolved, order));
        }
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(|(_, (_, order))| *order);
    let mut arguments = Vec::new();
    found.into_iter().map(|((location, name), (at, _))| one(location, name, at, &mut arguments)).collect()
}

fn one<'d>(location: Location, name: String, at: At<'d>, arguments: &mut Vec<String>) -> Result<Read<'d>, Problem> {
    let content = at.member("content").and_then(|content| content.members().next().map(|(_, media)| media));
    let usual = matches!(location, Location::Query | Location::Cookie);
    let style = match (at.text("style"), &content) {
        (_, Some(_)) => Style::Json,
        (Some("form"), None) if usual => Style::Form,
        (Some("simple"), None) if !usual => Style::Simple,
        (Some("spaceDelimited"), None) if usual => Style::SpaceDelimited,
        (Some("pipeDelimited"), None) if usual => Style::PipeDelimited,
        (Some("deepObject"), None) if usual => Style::DeepObject,
        (None, None) => {
            if usual {
                Style::Form
            } else {
                Style::Simple
            }
        }
        (Some(style), None) => {
            return Err((
                at.pointer.clone(),
                format!("the style `{}` is not written", tandem_types::text::shown(style)),
            ));
        }
    };
    if style == Style::Json && !usual {
        return Err((at.pointer.clone(), "a parameter with `content` outside of the query".to_owned()));
    }
    let explode = at.value.get("explode").and_then(Value::as_bool).unwrap_or(style == Style::Form);
    let required = location == Location::Path || at.flag("required");
    let argument = argument(&name, location, arguments);
    arguments.push(argument.clone());
    let schema = content.unwrap_or_else(|| at.clone()).member("schema");
    Ok(Read { parameter: Parameter { argument, name, location, style, explode }, required, at, schema })
}

/// The argument of a parameter: its name, where a model may write it and no other has it.
fn argument(name: &str, location: Location, taken: &[String]) -> String {
    let plain = if is_plain_name(name) { name.to_owned() } else { snake_case(name).chars().take(48).collect() };
    let plain = if plain.is_empty() { "parameter".to_owned() } else { plain };
    let place = match location {
        Location::Path => "path",
        Location::Query => "query",
        Location::Header => "header",
        Location::Cookie => "cookie",
    };
    let base: String = plain.chars().take(48).collect();
    let candidates = std::iter::once(plain).chain(std::iter::once(format!("{base}_{place}")));
    let numbered = (2..).map(|number| format!("{base}_{place}_{number}"));
    candidates.chain(numbered).find(|name| !taken.contains(name)).unwrap_or(base)
}
