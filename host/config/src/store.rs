//! `[store]`: durable state.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The store of durable state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct StoreConfig {
    /// The store: `sqlite:PATH`.
    pub url: StoreUrl,
}

/// `sqlite:PATH`: a file of SQLite; a relative path is below the data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreUrl(String);

impl Default for StoreUrl {
    fn default() -> Self {
        Self("tandem.db".to_owned())
    }
}

impl StoreUrl {
    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0
    }

    /// No message repeats the text: one of another kind of database may hold a password.
    fn read<E: de::Error>(text: &str) -> Result<Self, E> {
        let scheme = text.split_once(':').map(|(scheme, _)| scheme);
        if matches!(scheme, Some("postgres" | "postgresql")) {
            return Err(E::custom("this host keeps its state in SQLite only; write `sqlite:PATH`"));
        }
        let Some(path) = text.strip_prefix("sqlite:") else {
            return Err(E::custom("not a store url; write `sqlite:PATH`"));
        };
        let climbs = path.split('/').any(|part| part == "..");
        if path.is_empty() || climbs || path.chars().any(char::is_control) {
            return Err(E::custom("not a database path; write a plain path without `..`, as `sqlite:tandem.db`"));
        }
        Ok(Self(path.to_owned()))
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sqlite:{}", self.0)
    }
}

impl Serialize for StoreUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StoreUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = StoreUrl;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`sqlite:PATH`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<StoreUrl, E> {
                StoreUrl::read(text)
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

impl JsonSchema for StoreUrl {
    fn schema_name() -> Cow<'static, str> {
        "StoreUrl".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(sqlite:.+|.*\\$\\{.+\\}.*)$" })
    }
}
