//! Arguments of a tool as they are typed: a JSON object, or words as `path=data/a.csv limit=3`.

use std::io::Read as _;

use serde_json::{Map, Value};
use tandem_types::exact::ExactNumbers;

use crate::{limits::MAX_ARGUMENTS, schema::accepts};

/// Why arguments cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum ArgumentsError {
    /// Standard input cannot be read.
    #[error("cannot read standard input: {0}")]
    Input(#[from] std::io::Error),
    /// They are no JSON object.
    #[error("invalid arguments: expected a JSON object, as '{{\"name\": \"value\"}}', or words, as name=value")]
    NoObject,
    /// They are no JSON.
    #[error("invalid arguments: write a JSON object, as '{{\"name\": \"value\"}}', or words, as name=value")]
    Syntax(#[source] serde_json::Error),
    /// A number would be another one at the host.
    #[error("invalid arguments: {0} is an integer beyond 64 bits, which would be rounded; send it as a string")]
    WideInteger(String),
    /// A word is no argument.
    #[error("invalid argument `{0}`: write each argument as name=value, or all of them as one JSON object")]
    Word(String),
    /// A name comes twice.
    #[error("duplicate argument `{0}`")]
    Duplicate(String),
}

/// What was typed.
#[derive(Clone, Debug, PartialEq)]
pub struct Arguments(Form);

#[derive(Clone, Debug, PartialEq)]
enum Form {
    Json(Map<String, Value>),
    /// Names and the texts behind `=`.
    Words(Vec<(String, String)>),
}

impl Arguments {
    /// Reads what was typed: nothing, a JSON object, `-` for one on standard input, or words.
    ///
    /// # Errors
    /// It is neither, or a number would be rounded.
    pub fn parse(words: &[String]) -> Result<Self, ArgumentsError> {
        match words {
            [] => Ok(Self(Form::Json(Map::new()))),
            [one] if one == "-" || one.trim_start().starts_with('{') || !one.contains('=') => {
                Ok(Self(Form::Json(json_arguments(one)?)))
            }
            words => Ok(Self(Form::Words(pairs(words)?))),
        }
    }

    /// Whether the tool's schema decides what is sent: a word such as `3` or `true` may be meant as a string.
    pub(crate) fn need_schema(&self) -> bool {
        match &self.0 {
            Form::Json(_) => false,
            Form::Words(words) => words.iter().any(|(_, text)| read(text).is_some_and(|value| !value.is_string())),
        }
    }

    /// The arguments to send. A word is JSON where it can be read as such and the tool's input schema takes that type;
    /// else it is a string.
    ///
    /// # Errors
    /// A number would be rounded.
    pub(crate) fn typed(self, schema: Option<&Map<String, Value>>) -> Result<Map<String, Value>, ArgumentsError> {
        let words = match self.0 {
            Form::Json(map) => return Ok(map),
            Form::Words(words) => words,
        };
        let mut map = Map::new();
        for (name, text) in words {
            let value = match read(&text) {
                Some(value) if schema.is_none_or(|schema| accepts(schema, &name, &value)) => {
                    check(&name, &text, &value)?;
                    value
                }
                _ => Value::String(text),
            };
            map.insert(name, value);
        }
        Ok(map)
    }
}

fn read(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

/// A JSON object; `-` reads it from standard input.
///
/// # Errors
/// It is none, or a number would be rounded.
pub fn json_arguments(text: &str) -> Result<Map<String, Value>, ArgumentsError> {
    let mut input = String::new();
    let text = if text == "-" {
        std::io::stdin().take(MAX_ARGUMENTS).read_to_string(&mut input)?;
        &input
    } else {
        text
    };
    let value = serde_json::from_str(text).map_err(ArgumentsError::Syntax)?;
    check("", text, &value)?;
    match value {
        Value::Object(map) => Ok(map),
        _ => Err(ArgumentsError::NoObject),
    }
}

/// What would be another number at the host is refused.
fn check(within: &str, text: &str, value: &Value) -> Result<(), ArgumentsError> {
    match ExactNumbers::of(text).and_then(|exact| exact.wide_integer(value)) {
        Some(pointer) => Err(ArgumentsError::WideInteger(format!("{within}{pointer}"))),
        None => Ok(()),
    }
}

fn pairs(words: &[String]) -> Result<Vec<(String, String)>, ArgumentsError> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for word in words {
        let pair = word.split_once('=').filter(|(name, _)| !name.is_empty() && !name.starts_with('{'));
        let Some((name, text)) = pair else { return Err(ArgumentsError::Word(word.clone())) };
        if pairs.iter().any(|(other, _)| other == name) {
            return Err(ArgumentsError::Duplicate(name.to_owned()));
        }
        pairs.push((name.to_owned(), text.to_owned()));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(words: &[&str]) -> Result<Arguments, ArgumentsError> {
        Arguments::parse(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    fn typed(words: &[&str]) -> Result<Value, ArgumentsError> {
        parsed(words)?.typed(None).map(Value::from)
    }

    #[test]
    fn words_and_json_say_the_same() {
        let meant = json!({"path": "data/a b.csv", "limit": 3, "columns": ["a"], "text": "3", "query": "a=b"});
        assert_eq!(typed(&[&meant.to_string()]).unwrap(), meant);
        let words = ["path=data/a b.csv", "limit=3", "columns=[\"a\"]", "text=\"3\"", "query=a=b"];
        assert_eq!(typed(&words).unwrap(), meant);
        assert_eq!(typed(&[]).unwrap(), json!({}));
    }

    #[test]
    fn what_is_neither_is_refused() {
        for wrong in [&["data/a.csv"][..], &["{\"a\": 1}", "b=2"], &["a=1", "a=2"], &["[1]"], &["=1"], &["a=1", "b"]] {
            assert!(typed(wrong).is_err(), "{wrong:?}");
        }
        let wide = typed(&["a=123456789012345678901234567890"]).unwrap_err();
        assert!(matches!(wide, ArgumentsError::WideInteger(_)), "{wide}");
    }

    #[test]
    fn the_schema_decides_whether_a_word_is_a_string() {
        let schema = json!({
            "properties": {
                "word": {"type": "string"}, "limit": {"type": "integer"}, "either": {"type": ["string", "number"]},
                "maybe": {"anyOf": [{"type": "string"}, {"type": "null"}]}, "named": {"$ref": "#/$defs/name"},
                "free": {"description": "anything"}, "kind": {"enum": ["1", "2"]},
            },
            "$defs": {"name": {"type": "string"}},
        });
        let schema = schema.as_object();
        let words = ["word=12", "limit=12", "either=12", "maybe=true", "named=[1]", "free=12", "kind=1", "other=12"];
        let arguments = parsed(&words).unwrap();
        assert!(arguments.need_schema());
        let expected = json!({"word": "12", "limit": 12, "either": 12, "maybe": "true", "named": "[1]", "free": 12,
                              "kind": "1", "other": 12});
        assert_eq!(Value::from(arguments.typed(schema).unwrap()), expected);
        assert_eq!(Value::from(parsed(&["maybe=null"]).unwrap().typed(schema).unwrap()), json!({"maybe": null}));
        // A string needs no schema to be one, however wide its digits are.
        let wide = "word=123456789012345678901234567890";
        assert_eq!(parsed(&[wide]).unwrap().typed(schema).unwrap()["word"], wide.split_once('=').unwrap().1);
        assert!(!parsed(&["word=a", "other=\"3\""]).unwrap().need_schema());
        assert!(!parsed(&["{\"word\": 3}"]).unwrap().need_schema());
    }
}
