//! The body of an operation, and the media types of its answers.

use serde_json::{Value, json};
use tandem_operations::{Body, BodyForm};

use crate::document::{At, Document};

/// A body, with where its schema is.
pub(crate) struct Read<'d> {
    pub(crate) body: Body,
    pub(crate) required: bool,
    pub(crate) at: At<'d>,
    pub(crate) schema: Option<At<'d>>,
}

/// What is said of an argument that is a file.
const FILE: &str = "Path of a file in a granted folder, as `data/photo.png`.";

impl Read<'_> {
    /// Whether it sends files.
    pub(crate) fn has_files(&self) -> bool {
        self.body.form == BodyForm::File || !self.body.files.is_empty()
    }

    /// Puts paths in the place of files in its schema.
    pub(crate) fn show_files(&self, schema: &mut Value) {
        let path = |description: Option<&Value>| {
            let text =
                description.and_then(Value::as_str).map_or_else(|| FILE.to_owned(), |text| format!("{text} {FILE}"));
            json!({ "type": "string", "description": text })
        };
        if self.body.form == BodyForm::File {
            *schema = path(None);
            return;
        }
        let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
        for file in &self.body.files {
            if let Some(property) = properties.get_mut(file) {
                let one = path(property.get("description"));
                let is_list = property.get("type").and_then(Value::as_str) == Some("array");
                *property = if is_list { json!({ "type": "array", "items": one }) } else { one };
            }
        }
    }
}

/// The body of an operation: of its media types the first that is JSON, a form, or text.
pub(crate) fn read<'d>(
    document: &'d Document,
    operation: &At<'d>,
    taken: &[&str],
) -> Result<Option<Read<'d>>, (String, String)> {
    let Some(at) = operation.member("requestBody") else { return Ok(None) };
    let pointer = at.pointer.clone();
    let at = document.resolve(at).map_err(|problem| (pointer.clone(), problem))?;
    let Some(content) = at.member("content") else { return Ok(None) };
    let media: Vec<(&str, At<'d>)> = content.members().collect();
    let chosen = [BodyForm::Json, BodyForm::Multipart, BodyForm::UrlEncoded, BodyForm::Text, BodyForm::File]
        .into_iter()
        .find_map(|form| {
            media.iter().find(|(name, _)| self::form(name) == Some(form)).map(|(name, media)| (form, *name, media))
        });
    let required = at.flag("required");
    let Some((form, name, media)) = chosen else {
        if media.is_empty() || !required {
            return Ok(None);
        }
        let names: Vec<&str> = media.iter().map(|(name, _)| *name).collect();
        return Err((content.pointer, format!("its body is {}, which is not sent", names.join(", "))));
    };
    let argument = ["body", "request_body"].into_iter().find(|name| !taken.contains(name)).unwrap_or("the_body");
    let media_type = match name {
        "*/*" => "application/json",
        any if any.ends_with('*') => "application/octet-stream",
        name => name,
    };
    let schema = media.member("schema");
    let files = match (form, &schema) {
        (BodyForm::Multipart, Some(schema)) => files(document, schema)?,
        _ => Vec::new(),
    };
    let body = Body { argument: argument.to_owned(), media_type: media_type.to_owned(), form, files };
    Ok(Some(Read { body, required, schema, at }))
}

/// The members of a form that are files, or lists of files.
fn files(document: &Document, schema: &At<'_>) -> Result<Vec<String>, (String, String)> {
    let schema = document.resolve(schema.clone()).map_err(|problem| (schema.pointer.clone(), problem))?;
    let mut files = Vec::new();
    for (name, property) in schema.member("properties").iter().flat_map(At::members) {
        let property = document.resolve(property.clone()).map_err(|problem| (property.pointer, problem))?;
        let one = match property.member("items") {
            Some(items) => document.resolve(items.clone()).map_err(|problem| (items.pointer, problem))?,
            None => property,
        };
        let is_raw = one.text("contentMediaType").is_some() && one.text("contentEncoding").is_none();
        if one.text("format") == Some("binary") || is_raw {
            files.push(name.to_owned());
        }
    }
    Ok(files)
}

fn form(media_type: &str) -> Option<BodyForm> {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media_type.len() > 128 || media_type.chars().any(char::is_control) {
        return None;
    }
    match essence.as_str() {
        "application/json" | "*/*" | "text/json" => Some(BodyForm::Json),
        "application/x-www-form-urlencoded" => Some(BodyForm::UrlEncoded),
        "multipart/form-data" => Some(BodyForm::Multipart),
        "application/octet-stream" | "application/zip" | "application/gzip" | "application/pdf" => Some(BodyForm::File),
        media if ["image/", "audio/", "video/"].iter().any(|kind| media.starts_with(kind)) => Some(BodyForm::File),
        json if json.ends_with("+json") => Some(BodyForm::Json),
        text if text.starts_with("text/")
            || text.ends_with("/xml")
            || text.ends_with("+xml")
            || text.ends_with("yaml") =>
        {
            Some(BodyForm::Text)
        }
        _ => None,
    }
}

/// The media types that are asked for: JSON where the operation answers it, else what it answers.
pub(crate) fn accept(document: &Document, operation: &At<'_>) -> String {
    let mut types: Vec<&str> = Vec::new();
    for (status, response) in operation.member("responses").iter().flat_map(At::members) {
        if !(status.starts_with('2') || status == "default") {
            continue;
        }
        // One that leads nowhere has no media type.
        let Ok(response) = document.resolve(response) else { continue };
        let content = response.member("content");
        let plain = |name: &&str| name.len() <= 128 && name.is_ascii() && !name.contains(|c: char| c.is_control());
        types.extend(content.iter().flat_map(At::members).map(|(name, _)| name).filter(plain));
    }
    let json = types.iter().find(|name| form(name) == Some(BodyForm::Json) && **name != "*/*");
    match (json, types.as_slice()) {
        (Some(json), _) => (*json).to_owned(),
        (None, []) => "*/*".to_owned(),
        (None, types) => types.iter().take(3).copied().collect::<Vec<_>>().join(", "),
    }
}
