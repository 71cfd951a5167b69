//! The document: its text, and references within it.

use serde_json::Value;

use crate::{ImportError, MAX_DOCUMENT, limits::MAX_LINKS};

/// A value of the document, and where it is.
#[derive(Clone, Debug)]
pub(crate) struct At<'d> {
    pub(crate) value: &'d Value,
    pub(crate) pointer: String,
}

impl<'d> At<'d> {
    /// A member, if there is one.
    pub(crate) fn member(&self, key: &str) -> Option<At<'d>> {
        let value = self.value.get(key)?;
        Some(At { value, pointer: format!("{}/{}", self.pointer, escaped(key)) })
    }

    /// The members, in the document's order.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&'d str, At<'d>)> {
        let at = |(key, value): (&'d String, &'d Value)| {
            (key.as_str(), At { value, pointer: format!("{}/{}", self.pointer, escaped(key)) })
        };
        self.value.as_object().into_iter().flatten().map(at)
    }

    /// The items of a list.
    pub(crate) fn items(&self) -> impl Iterator<Item = At<'d>> {
        let at = |(index, value)| At { value, pointer: format!("{}/{index}", self.pointer) };
        self.value.as_array().into_iter().flatten().enumerate().map(at)
    }

    /// A text member.
    pub(crate) fn text(&self, key: &str) -> Option<&'d str> {
        self.value.get(key)?.as_str()
    }

    /// Whether a member is `true`.
    pub(crate) fn flag(&self, key: &str) -> bool {
        self.value.get(key).and_then(Value::as_bool) == Some(true)
    }
}

/// The whole document.
#[derive(Debug)]
pub(crate) struct Document(Value);

impl Document {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, ImportError> {
        if bytes.len() > MAX_DOCUMENT {
            return Err(ImportError::TooLarge(bytes.len()));
        }
        let text = str::from_utf8(bytes).map_err(|error| ImportError::Encoding(error.valid_up_to()))?;
        let text = text.trim_start_matches('\u{feff}');
        let root = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| ImportError::Syntax(error.to_string()))?
        } else {
            serde_saphyr::from_str(text).map_err(|error| ImportError::Syntax(error.to_string()))?
        };
        let document = Self(root);
        let version = document.0.get("openapi").and_then(Value::as_str);
        match version {
            Some(version) if version.starts_with("3.0") || version.starts_with("3.1") => Ok(document),
            Some(version) => Err(ImportError::Version(format!("the document is of OpenAPI {}", shown(version)))),
            None => Err(ImportError::Version("the document does not say `openapi: 3.…`".to_owned())),
        }
    }

    pub(crate) fn root(&self) -> At<'_> {
        At { value: &self.0, pointer: String::new() }
    }

    /// What a value is, after its references.
    ///
    /// # Errors
    /// A reference to another document, to nothing, or in a circle.
    pub(crate) fn resolve<'d>(&'d self, at: At<'d>) -> Result<At<'d>, String> {
        let mut at = at;
        for _ in 0..MAX_LINKS {
            let Some(target) = at.text("$ref") else { return Ok(at) };
            at = self.target(target)?;
        }
        Err(format!("references go on for more than {MAX_LINKS} links, or in a circle"))
    }

    /// What a reference refers to.
    pub(crate) fn target(&self, target: &str) -> Result<At<'_>, String> {
        let Some(pointer) = target.strip_prefix('#') else {
            return Err(format!("`$ref` to `{}`, which is another document; bundle it into this one", shown(target)));
        };
        let pointer = percent_decoded(pointer);
        let value =
            self.0.pointer(&pointer).ok_or_else(|| format!("`$ref` to `{}`, which is not there", shown(target)))?;
        Ok(At { value, pointer })
    }
}

fn shown(text: &str) -> String {
    tandem_types::text::shown(text)
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// A JSON Pointer in a fragment is percent-encoded (RFC 6901, section 6).
fn percent_decoded(pointer: &str) -> String {
    let mut bytes = Vec::with_capacity(pointer.len());
    let mut rest = pointer.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let pair = tail.get(..2).and_then(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok());
        match (first, pair) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| pointer.to_owned())
}
