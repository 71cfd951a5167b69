//! Fills `serde` types from a tree.
//!
//! Errors name kinds, never the content of a value that was refused for its kind: it could be a secret.

use std::fmt;

use serde::{
    Deserializer,
    de::{self, DeserializeSeed, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor},
    forward_to_deserialize_any,
};
use tandem_types::{
    MASKABLE, REFERENCE_ONLY,
    text::{REDACTED, shown, suggestion},
};

use super::tree::{Node, Step, Value, loose_value};

/// Why a value does not fit its type, with the way down to it.
#[derive(Debug)]
pub(super) struct Misfit {
    pub(super) message: String,
    pub(super) help: Option<String>,
    /// From the value up to the root.
    pub(super) way_up: Vec<Step>,
    /// It is the key that is wrong, not its value.
    pub(super) at_key: bool,
    /// It is reported already.
    pub(super) silent: bool,
    /// The key that is missing in the table at the place.
    pub(super) missing: Option<&'static str>,
}

impl Misfit {
    fn new(message: String, help: Option<String>) -> Self {
        Self { message, help, way_up: Vec::new(), at_key: false, silent: false, missing: None }
    }

    fn under(mut self, step: Step) -> Self {
        self.way_up.push(step);
        self
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Misfit {}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string(), None)
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("expected {}, found {}", expectation(expected), kind(&found)), None)
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("expected {}", expectation(expected)), None)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("unknown key `{}`", shown(field)), suggestion(field, expected, "keys"))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("unknown value `{}`", shown(variant)), suggestion(variant, expected, "values"))
    }

    fn missing_field(field: &'static str) -> Self {
        Self { missing: Some(field), ..Self::new(format!("missing key `{field}`"), None) }
    }
}

fn kind(found: &Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "an integer",
        Unexpected::Float(_) => "a float",
        Unexpected::Char(_) | Unexpected::Str(_) => "a string",
        Unexpected::Seq => "a list",
        Unexpected::Map => "a table",
        _ => "something else",
    }
}

/// What serde calls a type, in words of TOML.
fn expectation(expected: &dyn Expected) -> String {
    let text = expected.to_string();
    match text.as_str() {
        "a string" | "a borrowed string" | "string" => "a string".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a table".to_owned(),
        "a boolean" => "`true` or `false`".to_owned(),
        "u8" => format!("an integer from 0 to {}", u8::MAX),
        "u16" => format!("an integer from 0 to {}", u16::MAX),
        "u32" => format!("an integer from 0 to {}", u32::MAX),
        "u64" | "usize" => "a non-negative integer".to_owned(),
        text if text.starts_with("struct ") => "a table".to_owned(),
        text if text.starts_with("enum ") => "a string".to_owned(),
        text => text.to_owned(),
    }
}

/// Reads one node.
#[derive(Clone, Copy, Debug)]
pub(super) struct NodeDeserializer<'t>(pub(super) &'t Node);

impl NodeDeserializer<'_> {
    fn visit<'de, V: Visitor<'de>>(value: &Value, visitor: V) -> Result<V::Value, Misfit> {
        match value {
            Value::Text(text) => visitor.visit_str(text),
            Value::Integer(number) => visitor.visit_i64(*number),
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Datetime => Err(Misfit::new("expected a string, found a date without quotes".to_owned(), None)),
            Value::List(list) => visitor.visit_seq(Elements { list: list.iter().enumerate() }),
            Value::Table(table) => visitor.visit_map(Entries { table: table.iter(), value: None }),
        }
    }

    /// Bare text, as long as nothing but its text is known.
    fn bare(&self) -> Option<&str> {
        match &self.0.value {
            Value::Text(text) if self.0.loose => Some(text),
            _ => None,
        }
    }

    fn visit_parsed<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.bare().and_then(loose_value) {
            Some(value) => Self::visit(&value, visitor),
            None => Self::visit(&self.0.value, visitor),
        }
    }
}

impl<'de> Deserializer<'de> for NodeDeserializer<'_> {
    type Error = Misfit;

    /// Where a key takes several forms, bare text is a list, a table or a truth value when it looks like one.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.bare().map(str::trim) {
            Some(text) if text.starts_with(['[', '{']) || text == "true" || text == "false" => {
                self.visit_parsed(visitor)
            }
            _ => Self::visit(&self.0.value, visitor),
        }
    }

    /// A text is what it is, even where it looks like something else.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        Self::visit(&self.0.value, visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        Self::visit(&self.0.value, visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.visit_parsed(visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.visit_parsed(visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.visit_parsed(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.visit_parsed(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.visit_parsed(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.visit_parsed(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.visit_parsed(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.visit_parsed(visitor)
    }

    /// Bare text is a TOML list, or texts with commas between them.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let Some(text) = self.bare().map(str::trim).filter(|text| !text.starts_with('[')) else {
            return self.visit_parsed(visitor);
        };
        let nodes: Vec<Node> = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| Node { value: Value::Text(part.to_owned()), ..self.0.clone() })
            .collect();
        visitor.visit_seq(Elements { list: nodes.iter().enumerate() })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Misfit> {
        if name == REFERENCE_ONLY && !self.0.indirect {
            // A key with a longer form: what is secret in the table refuses clear text itself.
            if matches!(self.0.value, Value::Table(_)) {
                return Self::visit(&self.0.value, visitor);
            }
            let message = "a secret in clear text is refused".to_owned();
            return Err(Misfit::new(message, Some("write `${env:NAME}` or `${file:/path}`".to_owned())));
        }
        if name == MASKABLE && !self.0.indirect && self.0.reference.is_none() {
            return self.deserialize_any(visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match &self.0.value {
            Value::Text(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            other => Self::visit(other, visitor),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

fn read_child<'de, T: DeserializeSeed<'de>>(node: &Node, seed: T) -> Result<T::Value, Misfit> {
    if node.failed {
        return Err(Misfit { silent: true, ..Misfit::new("its reference is not resolved".to_owned(), None) });
    }
    seed.deserialize(NodeDeserializer(node)).map_err(|misfit| match (&node.value, &node.reference) {
        // What a reference gave could be a secret that was put in the wrong place.
        (Value::Text(text), Some(_)) => Misfit { message: misfit.message.replace(&shown(text), REDACTED), ..misfit },
        _ => misfit,
    })
}

struct Elements<I> {
    list: I,
}

impl<'de, 't, I: Iterator<Item = (usize, &'t Node)>> SeqAccess<'de> for Elements<I> {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Misfit> {
        let Some((index, node)) = self.list.next() else { return Ok(None) };
        read_child(node, seed).map(Some).map_err(|misfit| misfit.under(Step::Index(index)))
    }
}

struct Entries<'t> {
    table: std::collections::btree_map::Iter<'t, String, Node>,
    value: Option<(&'t String, &'t Node)>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Misfit> {
        let Some((key, node)) = self.table.next() else { return Ok(None) };
        self.value = Some((key, node));
        seed.deserialize(key.as_str().into_deserializer())
            .map(Some)
            .map_err(|misfit: Misfit| Misfit { at_key: true, ..misfit }.under(Step::Key(key.clone())))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Misfit> {
        let Some((key, node)) = self.value.take() else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        read_child(node, seed).map_err(|misfit| misfit.under(Step::Key(key.clone())))
    }
}
