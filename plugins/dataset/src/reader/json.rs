//! JSON (one array of objects) and JSON Lines (one object a line).
//!
//! Columns come in the order in which their keys are first seen; a row without a key has null there. Integers of 64 bits
//! stay exact, larger numbers are kept as they are written. Strings that are dates in every row make a date column.
//! Refused: rows that are not objects, a key twice in one object, what is not valid JSON.

use std::{
    collections::HashMap,
    fmt,
    fs::File,
    io::{BufReader, Seek},
};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{
    elements::Elements,
    limits::{BATCH_BYTES, BATCH_ROWS, READ_BUFFER},
    options::ReadOptions,
    plan::{Plan, Survey},
    stream::{RowStream, Source, held_bytes},
    typed::{not_a, typed_columns},
};
use crate::{
    error::{Error, Result},
    files::Opened,
    format::Format,
    json,
    meter::{Counted, Meter},
    text,
    types::{Column, DataType, MAX_COLUMNS, Schema},
    value::{Row, Value},
};

/// Surveys the file and stands before its first row.
pub(super) fn open(opened: Opened, format: Format, options: ReadOptions<'_>, meter: &Meter<'_>) -> Result<Source> {
    meter.expect(opened.bytes.saturating_mul(2));
    let lines = format == Format::Jsonl;
    let mut objects = Objects::new(opened.file, opened.path, lines, meter);
    let (surveys, rows) = objects.survey(meter)?;
    let typed = typed_columns(objects.keys.names.iter().map(String::as_str), options.types, &objects.path)?;
    let columns = objects.keys.names.iter().zip(&surveys).zip(&typed).map(|((name, survey), typed)| Column {
        name: name.clone(),
        data_type: typed.unwrap_or_else(|| survey.seen.data_type(DataType::Json)),
    });
    let file = Schema::new(columns.collect())?;
    let plan = Plan::new(&file, options)?;
    let nulls = plan.nulls(&surveys);
    let types = file.columns().iter().map(|column| column.data_type).collect();
    let check = options.types.is_some();
    let mut stream = JsonStream { objects: objects.rewind(meter)?, plan, types };
    if check {
        stream.check_all(meter)?;
        stream.objects = stream.objects.rewind(meter)?;
    }
    Ok(Source { stream: Box::new(stream), rows, nulls: Some(nulls), null_words: None, format: None, bytes: 0 })
}

/// The keys that were seen, in order.
#[derive(Default)]
struct Keys {
    names: Vec<String>,
    places: HashMap<String, usize>,
}

impl Keys {
    /// Where `key` is. Objects mostly repeat their keys in order, so the expected place is looked at first.
    fn place(&mut self, key: &str, expected: usize) -> Option<usize> {
        if self.names.get(expected).is_some_and(|name| name == key) {
            return Some(expected);
        }
        if let Some(place) = self.places.get(key) {
            return Some(*place);
        }
        let place = self.names.len();
        (place < MAX_COLUMNS).then(|| {
            self.names.push(key.to_owned());
            self.places.insert(key.to_owned(), place);
            place
        })
    }
}

/// The objects of a file, each as values in the order of the keys.
struct Objects {
    elements: Elements<BufReader<Counted<File>>>,
    path: String,
    lines: bool,
    keys: Keys,
    /// The current object; none where it lacks the key.
    values: Vec<Option<Value>>,
}

impl Objects {
    fn new(file: File, path: String, lines: bool, meter: &Meter<'_>) -> Self {
        let input = BufReader::with_capacity(READ_BUFFER, Counted::new(file, meter.counter()));
        Self { elements: Elements::new(input, &path, lines), path, lines, keys: Keys::default(), values: Vec::new() }
    }

    /// The same file from its first row on, with the keys that are known.
    fn rewind(self, meter: &Meter<'_>) -> Result<Self> {
        let mut file = self.elements.into_inner().into_inner().into_inner();
        file.rewind().map_err(|error| Error::io(&self.path, error))?;
        Ok(Self { keys: self.keys, ..Self::new(file, self.path, self.lines, meter) })
    }

    /// Reads the next object; answers the line that it begins on.
    fn advance(&mut self) -> Result<Option<u64>> {
        let Some(line) = self.elements.advance()? else { return Ok(None) };
        self.values.clear();
        self.values.resize(self.keys.names.len(), None);
        let row = RowVisitor { keys: &mut self.keys, values: &mut self.values };
        let mut parser = serde_json::Deserializer::from_slice(&self.elements.text);
        row.deserialize(&mut parser).and_then(|()| parser.end()).map_err(|error| {
            let at = line + (error.line() as u64).saturating_sub(1);
            Error::bad_line(&self.path, at, "", describe(&error))
        })?;
        Ok(Some(line))
    }

    /// Reads everything once: what the columns hold, and how many rows there are.
    fn survey(&mut self, meter: &Meter<'_>) -> Result<(Vec<Survey>, u64)> {
        let mut surveys: Vec<Survey> = Vec::new();
        let mut rows = 0_u64;
        while self.advance()?.is_some() {
            // A key that is new in this row was null in all rows before.
            surveys.resize(self.keys.names.len(), Survey { nulls: rows, ..Survey::default() });
            for (value, survey) in self.values.iter().zip(&mut surveys) {
                match value {
                    None | Some(Value::Null) => survey.nulls += 1,
                    Some(value) => survey.seen.note(value),
                }
            }
            rows += 1;
            if rows.is_multiple_of(BATCH_ROWS as u64) {
                meter.tick()?;
            }
        }
        Ok((surveys, rows))
    }
}

/// What serde_json says, without its own place: ours counts lines of the file.
fn describe(error: &serde_json::Error) -> String {
    let full = error.to_string();
    let message = full.rsplit_once(" at line ").map_or(full.as_str(), |(message, _)| message);
    format!("column {}: {message}", error.column())
}

struct RowVisitor<'a> {
    keys: &'a mut Keys,
    values: &'a mut Vec<Option<Value>>,
}

impl<'de> DeserializeSeed<'de> for RowVisitor<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RowVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object, which is a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        use serde::de::Error as _;
        let mut expected = 0;
        while let Some(place) = map.next_key_seed(KeySeed { keys: self.keys, expected })? {
            expected = place + 1;
            if self.values.len() <= place {
                self.values.resize(place + 1, None);
            }
            let raw: &RawValue = map.next_value()?;
            match self.values.get_mut(place) {
                Some(slot @ None) => *slot = Some(json::from_raw(raw.get())),
                _ => {
                    let key = self.keys.names.get(place).map_or("", String::as_str);
                    return Err(A::Error::custom(format!("the key `{key}` is there twice")));
                }
            }
        }
        Ok(())
    }
}

/// Reads a key as its place.
struct KeySeed<'a> {
    keys: &'a mut Keys,
    expected: usize,
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<usize, E> {
        let place = self.keys.place(key, self.expected);
        place.ok_or_else(|| E::custom(format!("there are more than {MAX_COLUMNS} keys")))
    }
}

struct JsonStream {
    objects: Objects,
    plan: Plan,
    /// The type of every column of the file.
    types: Vec<DataType>,
}

impl JsonStream {
    fn row(&mut self, line: u64) -> Result<Row> {
        let mut row = self.plan.empty_row();
        for (at, value) in self.objects.values.iter_mut().enumerate() {
            let Some(value) = value.take() else { continue };
            let (Some(place), Some(wanted)) = (self.plan.places.get(at), self.types.get(at)) else {
                return Err(Error::format(&self.objects.path, "the file was changed while it was read"));
            };
            let Some(slot) = place.and_then(|place| row.get_mut(place)) else { continue };
            *slot = text::convert(value, *wanted).map_err(|value| {
                let name = self.objects.keys.names.get(at).map_or("", String::as_str);
                Error::bad_line(&self.objects.path, line, name, not_a(&text::display(&value), *wanted))
            })?;
        }
        Ok(row)
    }

    /// Looks whether every row fits the types that the caller gave.
    fn check_all(&mut self, meter: &Meter<'_>) -> Result<()> {
        while self.next(meter)?.is_some() {}
        Ok(())
    }
}

impl RowStream for JsonStream {
    fn schema(&self) -> &Schema {
        &self.plan.schema
    }

    fn next(&mut self, meter: &Meter<'_>) -> Result<Option<Vec<Row>>> {
        meter.tick()?;
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while rows.len() < BATCH_ROWS && bytes < BATCH_BYTES {
            let Some(line) = self.objects.advance()? else { break };
            let row = self.row(line)?;
            bytes += held_bytes(&row);
            rows.push(row);
        }
        Ok((!rows.is_empty()).then_some(rows))
    }
}
