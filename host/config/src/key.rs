//! An API key as a tenant's table has it: its hash, and perhaps a name and an expiry.

use std::{borrow::Cow, fmt, str::FromStr, time::SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use tandem_package::Sha256Digest;
use tandem_types::REFERENCE_ONLY;
use tandem_types::{is_tool_name, name_type, reference_schema, text::REDACTED, text::shown};

/// The SHA-256 of an API key, as 64 hexadecimal digits: the host never holds the key itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// The hash, for comparing with that of a presented key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The hash of a key.
    #[must_use]
    pub fn of(key: &str) -> Self {
        Self(*Sha256Digest::of(key.as_bytes()).as_bytes())
    }

    fn parse<E: de::Error>(text: &str) -> Result<Self, E> {
        let mut hash = [0; 32];
        let message = "not a hash of a key; store the sha-256 of the api key as 64 hexadecimal digits";
        hex::decode_to_slice(text.trim(), &mut hash).map_err(|_| E::custom(message))?;
        Ok(Self(hash))
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl Serialize for KeyHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}

impl<'de> Deserialize<'de> for KeyHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = tandem_types::reference_only(deserializer)?;
        Self::parse(&text)
    }
}

impl JsonSchema for KeyHash {
    fn schema_name() -> Cow<'static, str> {
        "KeyHash".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        reference_schema("The SHA-256 of an API key, as `${env:NAME}` or `${file:/path}`.")
    }
}

name_type!(
    /// What a key is called in logs and records.
    KeyName,
    "name of a key",
    is_tool_name,
    "^[A-Za-z0-9_.-]{1,64}$",
    "write 1 to 64 of the characters A-Z a-z 0-9 _ . -"
);

/// A moment, as RFC 3339 writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// The moment, for comparing with the clock.
    #[must_use]
    pub fn as_system_time(&self) -> SystemTime {
        self.0.into()
    }
}

impl FromStr for Timestamp {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let moment = DateTime::parse_from_rfc3339(text);
        let wrong = |_| format!("`{}` is not a timestamp; write one as `2027-01-01T00:00:00Z`", shown(text));
        moment.map(|moment| Self(moment.to_utc())).map_err(wrong)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// One API key: `"${env:HASH}"`, or `{ hash = "${env:HASH}", name = "ci", expires = "2027-01-01T00:00:00Z" }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyConfig {
    /// Its hash.
    pub hash: KeyHash,
    /// What it is called in logs and records; none is the beginning of its hash.
    pub name: Option<KeyName>,
    /// From when on it is refused; none is never.
    pub expires: Option<Timestamp>,
}

impl From<KeyHash> for KeyConfig {
    fn from(hash: KeyHash) -> Self {
        Self { hash, name: None, expires: None }
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct KeyTable {
    hash: KeyHash,
    /// What logs and records call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<KeyName>,
    /// When it expires, in RFC 3339; never unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<Timestamp>,
}

impl Serialize for KeyConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self { hash, name: None, expires: None } => hash.serialize(serializer),
            Self { hash, name, expires } => {
                KeyTable { hash: *hash, name: name.clone(), expires: *expires }.serialize(serializer)
            }
        }
    }
}

impl<'de> Deserialize<'de> for KeyConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = KeyConfig;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`${env:NAME}`, `${file:/path}` or a table with `hash`")
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<KeyConfig, D::Error> {
                String::deserialize(deserializer).and_then(|text| KeyHash::parse(&text)).map(KeyConfig::from)
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<KeyConfig, A::Error> {
                let table = KeyTable::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(KeyConfig { hash: table.hash, name: table.name, expires: table.expires })
            }
        }

        deserializer.deserialize_newtype_struct(REFERENCE_ONLY, Visitor)
    }
}

impl JsonSchema for KeyConfig {
    fn schema_name() -> Cow<'static, str> {
        "KeyConfig".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (hash, table) = (generator.subschema_for::<KeyHash>(), generator.subschema_for::<KeyTable>());
        json_schema!({ "anyOf": [hash, table] })
    }
}
