//! JSON Lines files and JSON arrays of objects as rows.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
};

use graphitesql::Value;
use serde_json::{Map, Value as Json};
use tandem_granted_folders::Location;

use crate::{
    cells::Looks,
    columns::{self, Seen},
    fault::{Fault, Result},
    limits::{MAX_COLUMNS, MAX_FILE_ROWS, MAX_ROW_BYTES},
    rows::{Column, Kind, Rows},
};

type Object = Map<String, Json>;

/// The columns that objects have, in the order in which they appear.
#[derive(Default)]
struct Keys {
    places: HashMap<String, usize>,
    names: Vec<String>,
    seen: Vec<Seen>,
    rows: u64,
}

impl Keys {
    fn note(&mut self, path: &str, object: &Object) -> Result<()> {
        self.rows += 1;
        if self.rows > MAX_FILE_ROWS {
            return Err(Fault::Limit(format!("`{path}` has more than {MAX_FILE_ROWS} rows, the bound of a table")));
        }
        for (key, value) in object {
            let place = match self.places.get(key) {
                Some(place) => *place,
                None => self.add(path, key)?,
            };
            if let Some(seen) = self.seen.get_mut(place) {
                seen.note(looks(value));
            }
        }
        Ok(())
    }

    fn add(&mut self, path: &str, key: &str) -> Result<usize> {
        if self.names.len() >= MAX_COLUMNS {
            return Err(Fault::Limit(format!("`{path}` has more than {MAX_COLUMNS} columns, the bound of a table")));
        }
        let place = self.names.len();
        self.places.insert(key.to_owned(), place);
        self.names.push(key.to_owned());
        self.seen.push(Seen::default());
        Ok(place)
    }

    fn columns(self, path: &str) -> Result<(Vec<Column>, Vec<String>, u64)> {
        if self.names.is_empty() {
            return Err(Fault::Damaged(format!("`{path}` has no objects with keys, which become the columns")));
        }
        let names = columns::names(path, self.names.iter().map(String::as_str))?;
        Ok((columns::columns(names, &self.seen), self.names, self.rows))
    }
}

/// The columns, how many rows there are, and the rows.
type Opened = (Vec<Column>, u64, Box<dyn Rows>);

/// Opens a JSON Lines file.
pub(crate) fn open_lines(location: &Location, file: &File) -> Result<Opened> {
    let mut keys = Keys::default();
    let mut lines = Lines::new(location, file)?;
    while let Some(object) = lines.next_object()? {
        keys.note(&location.path, &object)?;
    }
    let (columns, names, count) = keys.columns(&location.path)?;
    let lines = Lines::new(location, file)?;
    Ok((columns.clone(), count, Box::new(LineRows { lines, names, columns })))
}

/// Opens a file with one JSON array of objects.
pub(crate) fn open_array(location: &Location, file: &File) -> Result<Opened> {
    let path = &location.path;
    let mut file = file;
    file.seek(SeekFrom::Start(0)).map_err(|error| Fault::io(path, error))?;
    let objects: Vec<Object> = serde_json::from_reader(BufReader::new(file)).map_err(|error| {
        Fault::Damaged(format!("`{path}` is not an array of objects: {error}; one object a line is read as `.jsonl`"))
    })?;
    let mut keys = Keys::default();
    for object in &objects {
        keys.note(path, object)?;
    }
    let (columns, names, count) = keys.columns(path)?;
    Ok((columns.clone(), count, Box::new(ArrayRows { objects: objects.into_iter(), names, columns })))
}

struct Lines {
    reader: BufReader<File>,
    path: String,
    line: u64,
    text: Vec<u8>,
}

impl Lines {
    fn new(location: &Location, file: &File) -> Result<Self> {
        let failed = |error| Fault::io(&location.path, error);
        let mut reader = BufReader::new(file.try_clone().or_else(|_| File::open(&location.at)).map_err(failed)?);
        reader.seek(SeekFrom::Start(0)).map_err(failed)?;
        Ok(Self { reader, path: location.path.clone(), line: 0, text: Vec::new() })
    }

    fn next_object(&mut self) -> Result<Option<Object>> {
        loop {
            self.text.clear();
            self.line += 1;
            let most = MAX_ROW_BYTES as u64 + 1;
            let read = self.reader.by_ref().take(most).read_until(b'\n', &mut self.text);
            let (path, line) = (&self.path, self.line);
            if read.map_err(|error| Fault::io(path, error))? == 0 {
                return Ok(None);
            }
            if self.text.len() > MAX_ROW_BYTES {
                return Err(Fault::Limit(format!(
                    "`{path}`, line {line}: more than {MAX_ROW_BYTES} bytes, the bound of a row"
                )));
            }
            if self.text.trim_ascii().is_empty() {
                continue;
            }
            let object = serde_json::from_slice(&self.text);
            return object
                .map(Some)
                .map_err(|error| Fault::Damaged(format!("`{path}`, line {line}: not a JSON object: {error}")));
        }
    }
}

struct LineRows {
    lines: Lines,
    names: Vec<String>,
    columns: Vec<Column>,
}

impl Rows for LineRows {
    fn next_row(&mut self) -> Result<Option<Vec<Value>>> {
        Ok(self.lines.next_object()?.map(|object| row(object, &self.names, &self.columns)))
    }
}

struct ArrayRows {
    objects: std::vec::IntoIter<Object>,
    names: Vec<String>,
    columns: Vec<Column>,
}

impl Rows for ArrayRows {
    fn next_row(&mut self) -> Result<Option<Vec<Value>>> {
        Ok(self.objects.next().map(|object| row(object, &self.names, &self.columns)))
    }
}

fn row(mut object: Object, names: &[String], columns: &[Column]) -> Vec<Value> {
    let value = |(name, column): (&String, &Column)| value(object.remove(name), column.kind);
    names.iter().zip(columns).map(value).collect()
}

fn looks(value: &Json) -> Looks {
    match value {
        Json::Null => Looks::Empty,
        Json::Bool(_) => Looks::Integer,
        Json::Number(number) if number.is_i64() => Looks::Integer,
        Json::Number(_) => Looks::Real,
        Json::String(_) | Json::Array(_) | Json::Object(_) => Looks::Text,
    }
}

/// Truth values are 1 and 0, as SQLite has them; arrays and objects stay JSON, which `json_extract` reads.
fn value(value: Option<Json>, kind: Kind) -> Value {
    match value {
        None | Some(Json::Null) => Value::Null,
        Some(Json::String(text)) => Value::Text(text.into()),
        Some(Json::Bool(truth)) if kind != Kind::Text => Value::Integer(i64::from(truth)),
        Some(Json::Number(number)) if kind == Kind::Integer => {
            number.as_i64().map_or_else(|| Value::Text(number.to_string().into()), Value::Integer)
        }
        Some(Json::Number(number)) if kind == Kind::Real => number.as_f64().map_or(Value::Null, Value::Real),
        Some(other) => Value::Text(other.to_string().into()),
    }
}
