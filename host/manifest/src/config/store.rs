//! `[store]`: durable state.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::Url;

use crate::{document::MASKABLE, secret::Secret, text::REDACTED};

/// Durable state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct StoreConfig {
    /// Where it is.
    pub url: StoreUrl,
}

/// `sqlite:PATH`, or `postgres://…`. A password in it is not printed, and is taken only through `${…}` or the
/// environment.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// A file of SQLite; a relative path is below the data directory.
    Sqlite(String),
    /// A database of PostgreSQL.
    Postgres(Secret),
}

impl Default for StoreUrl {
    fn default() -> Self {
        Self::Sqlite("tandem.db".to_owned())
    }
}

impl StoreUrl {
    fn read<E: de::Error>(text: String, clear: bool) -> Result<Self, E> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let climbs = path.split('/').any(|part| part == "..");
            if path.is_empty() || climbs || path.chars().any(char::is_control) {
                return Err(E::custom("no path of a database; write a plain path without `..`, as `sqlite:tandem.db`"));
            }
            return Ok(Self::Sqlite(path.to_owned()));
        }
        // No message repeats the text: it may hold a password.
        let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "postgres" | "postgresql"));
        let Some(url) = url else {
            return Err(E::custom("no url of a store; write `sqlite:PATH` or `postgres://HOST/DATABASE`"));
        };
        let password = url.password().is_some() || url.query_pairs().any(|(key, _)| key == "password");
        if clear && password {
            return Err(E::custom("a password in clear text is refused; write it as `${env:NAME}` or `${file:/path}`"));
        }
        Ok(Self::Postgres(Secret::new(text)))
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{path}"),
            Self::Postgres(secret) => match Url::parse(secret.expose()) {
                Ok(url) => {
                    let host = url.host_str().unwrap_or_default();
                    let user = if url.username().is_empty() { String::new() } else { format!("{}@", url.username()) };
                    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
                    write!(f, "postgres://{user}{host}{port}{}", url.path())
                }
                Err(_) => f.write_str(REDACTED),
            },
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
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

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = StoreUrl;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`sqlite:PATH` or `postgres://HOST/DATABASE`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<StoreUrl, E> {
                StoreUrl::read(text.to_owned(), true)
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<StoreUrl, D::Error> {
                StoreUrl::read(String::deserialize(deserializer)?, false)
            }
        }

        deserializer.deserialize_newtype_struct(MASKABLE, Visitor)
    }
}

impl JsonSchema for StoreUrl {
    fn schema_name() -> Cow<'static, str> {
        "StoreUrl".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(sqlite:.+|postgres(ql)?://.+|.*\\$\\{.+\\}.*)$" })
    }
}
