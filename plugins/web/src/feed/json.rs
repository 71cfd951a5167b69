//! Reads JSON Feed, version 1 and 1.1.

use serde_json::Value;

use super::model::Format;
use super::raw::{File, RawEntry, RawFeed, Text, name};

/// The feed of a text. The error says what is wrong with it.
pub(crate) fn read(text: &str) -> Result<RawFeed, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    let version = value.get("version").and_then(Value::as_str).unwrap_or_default();
    if !version.starts_with("https://jsonfeed.org/version/") {
        return Err("JSON, but not a JSON Feed: it has no `version` of https://jsonfeed.org".to_owned());
    }
    let mut feed = RawFeed::new(Format::Json);
    feed.title = text_of(&value, "title", false);
    feed.description = text_of(&value, "description", false);
    feed.link = string(&value, "home_page_url");
    feed.language = string(&value, "language");
    for item in value.get("items").and_then(Value::as_array).into_iter().flatten() {
        feed.add(entry(item))?;
    }
    Ok(feed)
}

fn entry(item: &Value) -> RawEntry {
    let mut entry = RawEntry {
        id: string(item, "id"),
        title: text_of(item, "title", false),
        link: string(item, "url").or_else(|| string(item, "external_url")),
        published: string(item, "date_published"),
        updated: string(item, "date_modified"),
        summary: text_of(item, "summary", false),
        content: text_of(item, "content_html", true).or_else(|| text_of(item, "content_text", false)),
        ..RawEntry::default()
    };
    let authors = item.get("authors").and_then(Value::as_array).into_iter().flatten();
    for author in authors.chain(item.get("author")) {
        name(&mut entry.authors, author.get("name").and_then(Value::as_str).unwrap_or_default());
    }
    for tag in item.get("tags").and_then(Value::as_array).into_iter().flatten() {
        name(&mut entry.categories, tag.as_str().unwrap_or_default());
    }
    for file in item.get("attachments").and_then(Value::as_array).into_iter().flatten() {
        let Some(url) = string(file, "url") else { continue };
        let bytes = file.get("size_in_bytes").and_then(Value::as_u64);
        entry.files.push(File { url, media_type: string(file, "mime_type"), bytes });
    }
    entry
}

/// A string, or a number where publishers write one.
fn string(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn text_of(value: &Value, key: &str, html: bool) -> Option<Text> {
    let text = value.get(key)?.as_str()?.to_owned();
    Some(Text { text, html })
}
