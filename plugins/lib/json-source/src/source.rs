//! Where data comes from.

use schemars::{JsonSchema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use tandem_sdk::prelude::*;

use crate::files;
use crate::limits::MAX_INPUT_BYTES;
use crate::text::parse;

/// A JSON value as it came, with every digit of its numbers.
#[derive(Debug)]
pub struct Data(Box<RawValue>);

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self)
    }
}

impl JsonSchema for Data {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Data".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({})
    }
}

/// Where data comes from; at most one is given.
#[derive(Debug, Default)]
pub struct Source {
    /// The value itself.
    pub data: Option<Data>,
    /// The value as text.
    pub text: Option<String>,
    /// A file of a granted directory.
    pub path: Option<String>,
    /// What stands before the names of the three arguments, as `schema_`.
    pub prefix: &'static str,
}

impl Source {
    /// The text of the data, which must be there.
    pub fn require(self) -> Result<String> {
        let prefix = self.prefix;
        let names = format!("`{}`, `{prefix}text` and `{prefix}path`", data_name(prefix));
        let text = match (self.data, self.text, self.path) {
            (None, None, None) => return Err(Error::invalid_arguments(format!("give one of {names}"))),
            (Some(data), None, None) => data.0.get().to_owned(),
            (None, Some(text), None) => text,
            (None, None, Some(path)) => files::read(&format!("{prefix}path"), &path)?,
            _ => return Err(Error::invalid_arguments(format!("give only one of {names}"))),
        };
        if text.len() > MAX_INPUT_BYTES {
            return Err(Error::invalid_arguments(format!(
                "`{prefix}text` has {} bytes; at most {MAX_INPUT_BYTES} are read",
                text.len()
            )));
        }
        Ok(text)
    }

    /// The one JSON value of the data.
    pub fn value(self) -> Result<Value> {
        parse(&self.require()?)
    }
}

/// `data`, or what the prefix says: `schema_` is of `schema`.
fn data_name(prefix: &str) -> &str {
    prefix.strip_suffix('_').unwrap_or("data")
}
