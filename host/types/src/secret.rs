//! Values that must not be seen: they print as `[redacted]`, in `Debug`, `Display` and every serialisation.

use std::{borrow::Cow, fmt, sync::Arc};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroizing;

use crate::text::REDACTED;

/// A newtype of this name takes its text only from the environment or through `${…}`, never from clear text.
pub const REFERENCE_ONLY: &str = "tandem::reference-only";

/// A type of this name learns whether its text came from outside the configuration, so that it can hide it:
/// then, and only then, its visitor gets a newtype.
pub const MASKABLE: &str = "tandem::maskable";

/// Longest secret, in bytes: a certificate chain with its key fits.
const MAX_SECRET: usize = 64 << 10;

/// A secret of the operator. A configuration gives it as `${env:NAME}` or `${file:/path}` only, so that no
/// file of settings holds it in clear text. Its memory is wiped when the last clone is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    /// Takes a secret.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Arc::new(Zeroizing::new(text)))
    }

    /// The secret in clear text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        reference_only(deserializer).and_then(|text| match text.len() {
            0 => Err(de::Error::custom("the secret is empty")),
            1..=MAX_SECRET => Ok(Self(Arc::new(text))),
            _ => Err(de::Error::custom(format!("the secret has more than {MAX_SECRET} bytes"))),
        })
    }
}

/// Reads a text that must not stand in the configuration itself.
///
/// # Errors
/// It was written in clear text, or is not text.
pub fn reference_only<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Zeroizing<String>, D::Error> {
    struct Visitor;

    impl<'de> de::Visitor<'de> for Visitor {
        type Value = Zeroizing<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("`${env:NAME}` or `${file:/path}`")
        }

        fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
            String::deserialize(deserializer).map(Zeroizing::new)
        }
    }

    deserializer.deserialize_newtype_struct(REFERENCE_ONLY, Visitor)
}

/// The schema of a value that is given by reference.
#[must_use]
pub fn reference_schema(description: &str) -> Schema {
    json_schema!({
        "description": description,
        "type": "string",
        "pattern": "^\\$\\{(env:[A-Za-z_][A-Za-z0-9_]*|file:/[^}]+)\\}$"
    })
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        reference_schema("A secret, as `${env:NAME}` or `${file:/path}`.")
    }
}

/// A text that prints, unless it came through `${…}` or the environment: then it could be a secret and is
/// hidden like one.
#[derive(Clone, PartialEq, Eq)]
pub struct Setting {
    text: String,
    hidden: bool,
}

impl Setting {
    /// A text that may be seen.
    #[must_use]
    pub fn clear(text: impl Into<String>) -> Self {
        Self { text: text.into(), hidden: false }
    }

    /// A text that may be a secret.
    #[must_use]
    pub fn hidden(text: impl Into<String>) -> Self {
        Self { text: text.into(), hidden: true }
    }

    /// The text, whatever it is.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    fn shown(&self) -> &str {
        if self.hidden { REDACTED } else { &self.text }
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.hidden { f.write_str(REDACTED) } else { fmt::Debug::fmt(&self.text, f) }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown())
    }
}

impl Serialize for Setting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.shown())
    }
}

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Setting;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Setting, E> {
                Ok(Setting::clear(text))
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Setting, D::Error> {
                String::deserialize(deserializer).map(Setting::hidden)
            }
        }

        deserializer.deserialize_newtype_struct(MASKABLE, Visitor)
    }
}

impl JsonSchema for Setting {
    fn schema_name() -> Cow<'static, str> {
        "Setting".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_prints_what_is_hidden() {
        let secret = Secret::new("hunter2".into());
        let setting = Setting::hidden("hunter2");
        let printed = format!("{secret:?} {secret} {setting:?} {setting}");
        let json = serde_json::to_string(&(&secret, &setting)).unwrap();
        assert!(!printed.contains("hunter2") && !json.contains("hunter2"));
        assert_eq!((secret.expose(), setting.expose()), ("hunter2", "hunter2"));
        assert_eq!(format!("{}", Setting::clear("C.UTF-8")), "C.UTF-8");
    }

    #[test]
    fn a_reader_that_knows_no_origins_hides() {
        let setting: Setting = serde_json::from_str("\"x\"").unwrap();
        assert_eq!(setting, Setting::hidden("x"));
    }
}
