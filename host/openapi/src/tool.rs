//! One operation as a tool.

use serde_json::{Map, Value, json};
use tandem_operations::{Location, Operation, Parameter, Tool};

use crate::{
    auth::{self, Secrets},
    body,
    document::{At, Document},
    limits::{MAX_DESCRIPTION, MAX_TOOL},
    parameters::{self, Problem},
    schema::{Converter, DETAILS, Detail},
    server::Server,
    template,
    text::cut,
};

/// An operation and the path that it is under.
pub(crate) struct Source<'d> {
    pub(crate) method: &'static str,
    pub(crate) path: &'d str,
    pub(crate) item: At<'d>,
    pub(crate) operation: At<'d>,
}

/// A tool, and the secrets that it needs.
pub(crate) struct Made {
    pub(crate) tool: Tool,
    pub(crate) secrets: Secrets,
    /// Whether it sends files.
    pub(crate) has_files: bool,
}

/// Makes a tool of an operation.
///
/// # Errors
/// Something of it that cannot be performed, and where.
pub(crate) fn make<'d>(document: &'d Document, source: &Source<'d>, server: &Server) -> Result<Made, Problem> {
    let Source { method, item, operation, .. } = source;
    let here = |problem: String| (operation.pointer.clone(), problem);
    let parameters = parameters::read(document, item, operation)?;
    let declared: Vec<&Parameter> = parameters.iter().map(|read| &read.parameter).collect();
    let path = template::checked(source.path, &declared).map_err(|problem| (item.pointer.clone(), problem))?;
    let in_path = |read: &parameters::Read<'_>| {
        read.parameter.location != Location::Path || path.contains(&format!("{{{}}}", read.parameter.name))
    };
    let parameters: Vec<_> = parameters.into_iter().filter(in_path).collect();
    let taken: Vec<&str> = parameters.iter().map(|read| read.parameter.argument.as_str()).collect();
    let body = body::read(document, operation, &taken)?;
    let secrets = auth::secrets(document, operation).map_err(here)?;
    let description = description(source);
    let mut input = Value::Null;
    for detail in DETAILS {
        input = schema(document, detail, &parameters, body.as_ref())?;
        if description.len() + input.to_string().len() <= MAX_TOOL {
            break;
        }
    }
    let accept = body::accept(document, operation);
    let has_files = body.as_ref().is_some_and(body::Read::has_files);
    let tool = Tool {
        title: operation.text("summary").map(|summary| cut(summary, 100)).filter(|title| !title.is_empty()),
        description,
        read_only: matches!(*method, "GET" | "HEAD" | "OPTIONS"),
        destructive: matches!(*method, "DELETE" | "PUT" | "PATCH"),
        idempotent: !matches!(*method, "POST" | "PATCH"),
        operation: Operation {
            method: (*method).to_owned(),
            server: server.base.clone(),
            path,
            parameters: parameters.into_iter().map(|read| read.parameter).collect(),
            body: body.map(|read| read.body),
            accept,
            auth: secrets.auth.clone(),
        },
        input,
    };
    Ok(Made { tool, secrets, has_files })
}

/// What it does, and which request it is.
fn description(source: &Source<'_>) -> String {
    let (summary, more) = (
        source.operation.text("summary").unwrap_or_default(),
        source.operation.text("description").unwrap_or_default(),
    );
    let deprecated = if source.operation.flag("deprecated") { "Deprecated. " } else { "" };
    let stop = if summary.is_empty() || summary.trim_end().ends_with(['.', '!', '?']) { "" } else { "." };
    let repeats = more.trim().trim_end_matches('.') == summary.trim().trim_end_matches('.');
    let more = if repeats { "" } else { more };
    let text = cut(&format!("{deprecated}{}{stop} {more}", summary.trim_end()), MAX_DESCRIPTION);
    let request = cut(&format!("{} {}", source.method, source.path), 200);
    if text.is_empty() { format!("Sends {request}.") } else { format!("{text} ({request})") }
}

fn schema<'d>(
    document: &'d Document,
    detail: Detail,
    parameters: &[parameters::Read<'d>],
    body: Option<&body::Read<'d>>,
) -> Result<Value, Problem> {
    let mut converter = Converter::new(document, detail);
    let (mut properties, mut required) = (Map::new(), Vec::new());
    let all =
        parameters.iter().map(|read| (&read.parameter.argument, read.required, &read.at, read.schema.as_ref(), None));
    let last = body.map(|read| {
        (&read.body.argument, read.required, &read.at, read.schema.as_ref(), Some("The body of the request."))
    });
    for (argument, is_required, at, schema, usual) in all.chain(last) {
        let mut converted = match schema {
            Some(schema) => converter.convert(schema)?,
            // `content` without a schema, or a text.
            None if usual.is_some() => json!({}),
            None => json!({ "type": "string" }),
        };
        let text = at.text("description").map(|text| cut(text, detail.description)).filter(|text| !text.is_empty());
        if let Some(members) = converted.as_object_mut() {
            match (text, usual) {
                (Some(text), _) => drop(members.insert("description".to_owned(), json!(text))),
                (None, Some(usual)) => drop(members.entry("description").or_insert(json!(usual))),
                (None, None) => {}
            }
        }
        if let Some(body) = body.filter(|body| &body.body.argument == argument) {
            body.show_files(&mut converted);
        }
        properties.insert(argument.clone(), converted);
        if is_required {
            required.push(json!(argument));
        }
    }
    let mut input = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty()
        && let Some(members) = input.as_object_mut()
    {
        members.insert("required".to_owned(), Value::Array(required));
    }
    Ok(input)
}
