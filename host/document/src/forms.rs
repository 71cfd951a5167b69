//! Keys that have a short form and a table: `"LANG"` or `{ name = "LANG", reason = "…" }`.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, IntoDeserializer, MapAccess, Visitor, value::MapAccessDeserializer},
};

/// Reads a text as `S` and passes it to `short`, or a table as `T` and passes it to `table`.
pub fn string_or_table<'de, D, S, T, O>(
    deserializer: D,
    expected: &'static str,
    short: impl FnOnce(S) -> O,
    table: impl FnOnce(T) -> O,
) -> Result<O, D::Error>
where
    D: Deserializer<'de>,
    S: Deserialize<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(StringOrTable { expected, short, table, of: PhantomData::<(S, T)> })
}

struct StringOrTable<F, G, S, T> {
    expected: &'static str,
    short: F,
    table: G,
    of: PhantomData<(S, T)>,
}

impl<'de, S, T, O, F, G> Visitor<'de> for StringOrTable<F, G, S, T>
where
    S: Deserialize<'de>,
    T: Deserialize<'de>,
    F: FnOnce(S) -> O,
    G: FnOnce(T) -> O,
{
    type Value = O;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<O, E> {
        S::deserialize(text.into_deserializer()).map(self.short)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<O, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(self.table)
    }
}

/// Reads a truth value and passes it to `short`, or a table as `T` and passes it to `table`.
pub fn bool_or_table<'de, D, T, O>(
    deserializer: D,
    short: impl FnOnce(bool) -> O,
    table: impl FnOnce(T) -> O,
) -> Result<O, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(BoolOrTable { short, table, of: PhantomData::<T> })
}

struct BoolOrTable<F, G, T> {
    short: F,
    table: G,
    of: PhantomData<T>,
}

impl<'de, T, O, F, G> Visitor<'de> for BoolOrTable<F, G, T>
where
    T: Deserialize<'de>,
    F: FnOnce(bool) -> O,
    G: FnOnce(T) -> O,
{
    type Value = O;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`true`, `false` or a table")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<O, E> {
        Ok((self.short)(value))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<O, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(self.table)
    }
}
