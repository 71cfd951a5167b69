//! A schema that some documents have in common.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Map;
use tandem_json_source::limits::MAX_DEPTH;
use tandem_json_source::{Source, Unique, check_text};
use tandem_sdk::prelude::*;

use crate::formats::{self, Candidates, Formats};
use crate::limits::{MAX_ENUM_BYTES, MAX_INFER_DEPTH, MAX_MEMBERS, MAX_OUTPUT_BYTES};
use crate::validate::levels;

/// A string is seen as often for each value of an `enum`, at least.
const REPEATS: u64 = 3;

/// An inferred schema.
#[output]
#[derive(Debug)]
pub struct Inferred {
    /// The schema, of JSON Schema 2020-12.
    #[schemars(with = "Map<String, Value>")]
    pub schema: Value,
    /// How many documents it is of.
    pub documents: u64,
}

/// How to infer.
pub(crate) struct How {
    pub(crate) each: bool,
    pub(crate) closed: bool,
    pub(crate) max_enum: u32,
}

pub(crate) fn run(ctx: &Ctx, source: Source, how: &How) -> Result<Inferred> {
    let text = source.require()?;
    check_text(&text)?;
    let formats = Formats::new()?;
    let mut shape = Shape::default();
    let mut documents = 0;
    for document in serde_json::Deserializer::from_str(&text).into_iter::<Unique>() {
        ctx.check()?;
        let Unique(document) = document.map_err(|error| {
            let hint = if error.is_data() { "" } else { "; `json_convert_repair` mends common mistakes" };
            Error::invalid_arguments(format!("not valid JSON: {error}{hint}"))
        })?;
        if levels(&document) > MAX_INFER_DEPTH {
            return Err(Error::invalid_arguments(format!(
                "the data is nested {} levels deep; a schema is inferred from at most {MAX_INFER_DEPTH} of the {MAX_DEPTH} that \
                 are read: give a part of it",
                levels(&document)
            )));
        }
        match document {
            Value::Array(items) if how.each => {
                for item in &items {
                    documents += 1;
                    shape.add(item, &formats, how);
                }
            }
            document => {
                documents += 1;
                shape.add(&document, &formats, how);
            }
        }
    }
    if documents == 0 {
        return Err(Error::invalid_arguments("the data has no document: give at least one JSON value"));
    }
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.extend(shape.schema(how));
    let schema = Value::Object(schema);
    if schema.to_string().len() > MAX_OUTPUT_BYTES {
        return Err(Error::invalid_arguments(format!(
            "the schema has more than {MAX_OUTPUT_BYTES} bytes: give fewer or more similar documents"
        )));
    }
    Ok(Inferred { schema, documents })
}

/// What values at one place have in common.
#[derive(Debug, Default)]
struct Shape {
    nulls: u64,
    booleans: u64,
    integers: u64,
    numbers: u64,
    strings: Strings,
    arrays: u64,
    items: Option<Box<Shape>>,
    objects: u64,
    members: BTreeMap<String, (u64, Shape)>,
    /// The values of all members, once there are too many to keep them apart.
    map: Option<Box<Shape>>,
}

#[derive(Debug)]
struct Strings {
    count: u64,
    format: Candidates,
    values: Option<BTreeSet<String>>,
}

impl Default for Strings {
    fn default() -> Self {
        Self { count: 0, format: formats::ANY, values: Some(BTreeSet::new()) }
    }
}

impl Shape {
    fn add(&mut self, value: &Value, formats: &Formats, how: &How) {
        match value {
            Value::Null => self.nulls += 1,
            Value::Bool(_) => self.booleans += 1,
            Value::Number(number) if number.is_f64() => self.numbers += 1,
            Value::Number(_) => self.integers += 1,
            Value::String(text) => {
                self.strings.format = formats.narrow(self.strings.format, value);
                self.strings.add(text, how.max_enum as usize);
            }
            Value::Array(items) => {
                self.arrays += 1;
                for item in items {
                    self.items.get_or_insert_default().add(item, formats, how);
                }
            }
            Value::Object(members) => self.add_object(members, formats, how),
        }
    }

    fn add_object(&mut self, members: &Map<String, Value>, formats: &Formats, how: &How) {
        self.objects += 1;
        for (name, value) in members {
            if let Some(map) = &mut self.map {
                map.add(value, formats, how);
                continue;
            }
            let (seen, shape) = self.members.entry(name.clone()).or_default();
            *seen += 1;
            shape.add(value, formats, how);
            if self.members.len() > MAX_MEMBERS {
                let mut all = Self::default();
                for (_, (_, shape)) in std::mem::take(&mut self.members) {
                    all.merge(shape, how);
                }
                self.map = Some(Box::new(all));
            }
        }
    }

    /// Adds what another place has.
    fn merge(&mut self, other: Self, how: &How) {
        self.nulls += other.nulls;
        self.booleans += other.booleans;
        self.integers += other.integers;
        self.numbers += other.numbers;
        self.strings.merge(other.strings, how.max_enum as usize);
        self.arrays += other.arrays;
        if let Some(items) = other.items {
            self.items.get_or_insert_default().merge(*items, how);
        }
        self.objects += other.objects;
        for (name, (seen, shape)) in other.members {
            if let Some(map) = &mut self.map {
                map.merge(shape, how);
            } else {
                let entry = self.members.entry(name).or_default();
                entry.0 += seen;
                entry.1.merge(shape, how);
            }
        }
        if let Some(map) = other.map {
            let mut all = self.map.take().unwrap_or_default();
            for (_, (_, shape)) in std::mem::take(&mut self.members) {
                all.merge(shape, how);
            }
            all.merge(*map, how);
            self.map = Some(all);
        }
    }

    fn schema(&self, how: &How) -> Map<String, Value> {
        let mut schema = Map::new();
        let mut types: Vec<&str> = Vec::new();
        for (name, count) in [
            ("object", self.objects),
            ("array", self.arrays),
            ("string", self.strings.count),
            (if self.numbers > 0 { "number" } else { "integer" }, self.numbers + self.integers),
            ("boolean", self.booleans),
            ("null", self.nulls),
        ] {
            if count > 0 {
                types.push(name);
            }
        }
        match types.as_slice() {
            [] => {}
            [only] => drop(schema.insert("type".to_owned(), json!(only))),
            several => drop(schema.insert("type".to_owned(), json!(several))),
        }
        self.strings.describe(&mut schema, types.len() == 1);
        if self.objects > 0 {
            self.describe_members(&mut schema, how);
        }
        if let Some(items) = &self.items {
            schema.insert("items".to_owned(), Value::Object(items.schema(how)));
        }
        schema
    }

    fn describe_members(&self, schema: &mut Map<String, Value>, how: &How) {
        if let Some(map) = &self.map {
            schema.insert("additionalProperties".to_owned(), Value::Object(map.schema(how)));
            return;
        }
        let members = self.members.iter();
        let properties: Map<String, Value> =
            members.map(|(name, (_, shape))| (name.clone(), Value::Object(shape.schema(how)))).collect();
        let required: Vec<&String> =
            self.members.iter().filter(|(_, (seen, _))| *seen == self.objects).map(|(name, _)| name).collect();
        if !properties.is_empty() {
            schema.insert("properties".to_owned(), Value::Object(properties));
        }
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        if how.closed {
            schema.insert("additionalProperties".to_owned(), json!(false));
        }
    }
}

impl Strings {
    fn add(&mut self, text: &str, max_values: usize) {
        self.count += 1;
        if let Some(values) = &mut self.values
            && !values.contains(text)
        {
            if values.len() >= max_values || text.len() > MAX_ENUM_BYTES {
                self.values = None;
            } else {
                values.insert(text.to_owned());
            }
        }
    }

    fn merge(&mut self, other: Self, max_values: usize) {
        self.count += other.count;
        self.format &= other.format;
        self.values = match (self.values.take(), other.values) {
            (Some(mut values), Some(others)) => {
                values.extend(others);
                (values.len() <= max_values).then_some(values)
            }
            _ => None,
        };
    }

    /// `enum` where few values repeat and nothing but strings was seen, else `format`.
    fn describe(&self, schema: &mut Map<String, Value>, alone: bool) {
        if self.count == 0 {
            return;
        }
        match &self.values {
            Some(values) if alone && !values.is_empty() && self.count >= REPEATS * values.len() as u64 => {
                schema.insert("enum".to_owned(), json!(values));
            }
            _ => {
                if let Some(format) = Formats::name(self.format) {
                    schema.insert("format".to_owned(), json!(format));
                }
            }
        }
    }
}
