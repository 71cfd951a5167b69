//! Arguments of a tool as they are typed: a JSON object, or words as `path=data/a.csv limit=3`.

use std::io::Read as _;

use anyhow::{Context as _, bail};
use serde_json::{Map, Value};
use tandem_types::exact::ExactNumbers;

/// Arguments on standard input. A host refuses larger requests anyway.
const MAX_ARGUMENTS: u64 = 16 << 20;

/// What was typed; nothing is an empty object.
pub(super) fn read(words: &[String]) -> anyhow::Result<Map<String, Value>> {
    match words {
        [] => Ok(Map::new()),
        [one] if one == "-" || one.trim_start().starts_with('{') || !one.contains('=') => json(one),
        words => pairs(words),
    }
}

/// A JSON object; `-` is standard input.
pub(crate) fn json(text: &str) -> anyhow::Result<Map<String, Value>> {
    let mut input = String::new();
    let text = if text == "-" {
        std::io::stdin().take(MAX_ARGUMENTS).read_to_string(&mut input)?;
        &input
    } else {
        text
    };
    let value = serde_json::from_str(text);
    if let Ok(value) = &value {
        check(text, value)?;
    }
    match value {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => bail!("the arguments must be a JSON object, as '{{\"name\": \"value\"}}', or words, as name=value"),
        Err(error) => {
            Err(error).context("the arguments are no JSON; write '{\"name\": \"value\"}', or words, as name=value")
        }
    }
}

/// What would be another number at the host is refused.
fn check(text: &str, value: &Value) -> anyhow::Result<()> {
    if let Some(pointer) = ExactNumbers::of(text).and_then(|exact| exact.wide_integer(value)) {
        bail!("{pointer} of the arguments is an integer beyond 64 bits, which would be rounded: send it as a string");
    }
    Ok(())
}

/// A value is JSON where it can be read as such, else text: `limit=3` is a number, `name="3"` in single quotes a text.
fn pairs(words: &[String]) -> anyhow::Result<Map<String, Value>> {
    let mut map = Map::new();
    for word in words {
        let Some((name, value)) = word.split_once('=').filter(|(name, _)| !name.is_empty() && !name.starts_with('{'))
        else {
            bail!("`{word}`: write each argument as name=value, or all of them as one JSON object");
        };
        let value = match serde_json::from_str(value) {
            Ok(read) => check(value, &read).map(|()| read)?,
            Err(_) => Value::from(value),
        };
        if map.insert(name.to_owned(), value).is_some() {
            bail!("`{name}` is given twice");
        }
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn typed(words: &[&str]) -> anyhow::Result<Value> {
        read(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()).map(Value::from)
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
    }
}
