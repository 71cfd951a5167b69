//! The texts that a call is about: given, or the rows of a file.

use serde_json::{Map, Value};
use tandem_granted_folders::Folders;

use crate::{
    count::given,
    fault::{Fault, Result},
    rows::{Lines, text_of},
};

pub(crate) enum Input {
    Given(std::vec::IntoIter<String>),
    File(Lines),
}

impl Input {
    /// Those of `texts` and `path` that are given.
    pub(crate) fn new(texts: Vec<String>, path: Option<&str>, folders: &Folders) -> Result<Self> {
        match path {
            Some(_) if !texts.is_empty() => Err(Fault::argument("`texts` and `path` are both given: give one of them")),
            Some(path) => Ok(Self::File(Lines::open("path", &folders.locate("path", path)?)?)),
            None => Ok(Self::Given(given(texts)?.into_iter())),
        }
    }

    /// The texts that are given and were not taken yet.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        let texts = match self {
            Self::Given(texts) => texts.as_slice(),
            Self::File(_) => &[],
        };
        texts.iter().map(String::as_str)
    }

    /// The next text, and the row that it is from.
    pub(crate) fn next(&mut self, column: &str) -> Result<Option<(String, Map<String, Value>)>> {
        match self {
            Self::Given(texts) => Ok(texts.next().map(|text| {
                let row = Map::from_iter([("text".to_owned(), Value::String(text.clone()))]);
                (text, row)
            })),
            Self::File(lines) => {
                let Some(row) = lines.row()? else { return Ok(None) };
                Ok(Some((text_of(lines, &row, column)?.to_owned(), row)))
            }
        }
    }
}
