//! What a resource function answers, and how the URIs of a family are taken apart.

use std::fmt::Display;
use std::str::FromStr;

use crate::bindings::tandem::plugin::types::{ResourceBody, ResourceContents};
use crate::error::{Error, Result};

/// Results of a `#[resource]` or `#[resource_template]` function: text, bytes, or whole contents.
pub trait IntoResource {
    /// The contents, for the URI that was asked for.
    fn into_contents(self, uri: &str, mime_type: Option<&str>) -> Vec<ResourceContents>;
}

fn one(uri: &str, mime_type: Option<&str>, body: ResourceBody) -> Vec<ResourceContents> {
    vec![ResourceContents { uri: uri.to_owned(), mime_type: mime_type.map(str::to_owned), body }]
}

impl IntoResource for String {
    fn into_contents(self, uri: &str, mime_type: Option<&str>) -> Vec<ResourceContents> {
        one(uri, mime_type, ResourceBody::Text(self))
    }
}

impl IntoResource for &str {
    fn into_contents(self, uri: &str, mime_type: Option<&str>) -> Vec<ResourceContents> {
        one(uri, mime_type, ResourceBody::Text(self.to_owned()))
    }
}

impl IntoResource for Vec<u8> {
    fn into_contents(self, uri: &str, mime_type: Option<&str>) -> Vec<ResourceContents> {
        one(uri, mime_type, ResourceBody::Blob(self))
    }
}

impl IntoResource for ResourceContents {
    fn into_contents(self, _uri: &str, _mime_type: Option<&str>) -> Vec<ResourceContents> {
        vec![self]
    }
}

impl IntoResource for Vec<ResourceContents> {
    fn into_contents(self, _uri: &str, _mime_type: Option<&str>) -> Vec<ResourceContents> {
        self
    }
}

/// Takes `uri` apart by a template, given as the text before each variable and the text after the last one.
/// Answers the variables in order, decoded, or none when the URI is not of the family. A variable is what a
/// level 1 expansion (RFC 6570) can give: not empty, and without a reserved character.
#[doc(hidden)]
pub fn match_template<const N: usize>(uri: &str, before: [&str; N], last: &str) -> Option<[String; N]> {
    let mut rest = uri;
    let mut values = [const { String::new() }; N];
    for (text, value) in before.iter().zip(&mut values) {
        rest = rest.strip_prefix(text)?;
        let end = rest.find(|c: char| !is_value(c)).unwrap_or(rest.len());
        let (raw, after) = rest.split_at_checked(end)?;
        *value = decode(raw).filter(|decoded| !decoded.is_empty())?;
        rest = after;
    }
    (rest == last).then_some(values)
}

fn is_value(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | '%') || !c.is_ascii()
}

fn decode(raw: &str) -> Option<String> {
    let mut bytes = raw.bytes();
    let mut decoded = Vec::with_capacity(raw.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            decoded.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}

/// One variable of a template as the type that the function takes.
#[doc(hidden)]
pub fn variable<T: FromStr<Err: Display>>(uri: &str, name: &str, value: &str) -> Result<T> {
    value.parse().map_err(|e| Error::NotFound(format!("{uri}: {name} = `{value}`: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_taken_out_and_decoded() {
        let matched = match_template("test://template/a%20b/data", ["test://template/"], "/data");
        assert_eq!(matched, Some(["a b".to_owned()]));
        let matched = match_template("db://t/7", ["db://", "/"], "");
        assert_eq!(matched, Some(["t".to_owned(), "7".to_owned()]));
    }

    #[test]
    fn uris_of_no_family_do_not_match() {
        for uri in
            ["test://template//data", "test://template/a/b/data", "test://template/a", "test://template/%zz/data", "x"]
        {
            assert_eq!(match_template(uri, ["test://template/"], "/data"), None, "{uri}");
        }
    }
}
