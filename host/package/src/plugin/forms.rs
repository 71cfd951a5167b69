//! Entries that have a short form: a name without a reason, a capability without settings.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tandem_document::{bool_or_table, string_or_table};

/// Something by its name alone: `"LANG"` or `{ name = "LANG", reason = "…" }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted<T> {
    /// The name.
    pub name: T,
    /// Why it is needed.
    pub reason: Option<String>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WantedTable<T> {
    name: T,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl<T: Serialize> Serialize for Wanted<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.reason {
            None => self.name.serialize(serializer),
            reason => WantedTable { name: &self.name, reason: reason.clone() }.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Wanted<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let short = |name| Self { name, reason: None };
        let table = |table: WantedTable<T>| Self { name: table.name, reason: table.reason };
        string_or_table(deserializer, "a name, or a table with `name` and `reason`", short, table)
    }
}

impl<T: JsonSchema> JsonSchema for Wanted<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Wanted{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (name, table) = (generator.subschema_for::<T>(), generator.subschema_for::<WantedTable<T>>());
        json_schema!({ "anyOf": [name, table] })
    }
}

/// Off, or on with settings: `false`, `true`, or a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Switch<T> {
    /// `false`.
    #[default]
    Off,
    /// `true` or a table.
    On(T),
}

impl<T> Switch<T> {
    /// The settings, when it is on.
    pub fn on(&self) -> Option<&T> {
        match self {
            Self::Off => None,
            Self::On(settings) => Some(settings),
        }
    }

    pub(crate) fn is_off(&self) -> bool {
        self.on().is_none()
    }
}

impl<T: Serialize> Serialize for Switch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Off => serializer.serialize_bool(false),
            Self::On(settings) => settings.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Switch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bool_or_table(deserializer, |on| if on { Self::On(T::default()) } else { Self::Off }, Self::On)
    }
}

impl<T: JsonSchema> JsonSchema for Switch<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Switch{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let settings = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [{ "type": "boolean" }, settings] })
    }
}
