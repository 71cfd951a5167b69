//! YAML as a JSON value.

use std::collections::{HashMap, HashSet};

use tandem_sdk::prelude::*;

use crate::bounded::short;
use crate::limits::{MAX_LEVELS, MAX_YAML_NODES, MAX_YAML_REPEATED};
use crate::plain::Plain;

/// The least magnitude of a number that may be an integer that 64 bits do not hold.
const BEYOND_64_BITS: f64 = 9.2e18;

pub(crate) fn read(text: &str) -> Result<Value> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_LEVELS,
            flow_nesting_limit: MAX_LEVELS,
            max_nodes: MAX_YAML_NODES,
            max_events: MAX_YAML_NODES * 2,
            max_documents: 1_000,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MAX_YAML_REPEATED },
        // The reader of values names the member.
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::PassThrough,
        strict_booleans: true,
        // A zip code or a number of an account is none to compute with.
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    };
    let documents: Vec<Plain> = serde_saphyr::from_multiple_with_options(text, options)
        .map_err(|error| Error::invalid_arguments(format!("not valid YAML, or beyond its bounds: {}", short(error))))?;
    let mut documents: Vec<Value> = documents.into_iter().map(|Plain(value)| value).collect();
    if documents.iter().any(has_great_number) && has_long_integer(text) {
        return Err(Error::invalid_arguments(
            "the YAML has an integer that is beyond 64 bits, and would be rounded: write it as a string",
        ));
    }
    Radix::of(text).check(&documents)?;
    Ok(match documents.len() {
        0 => Value::Null,
        1 => documents.remove(0),
        _ => Value::Array(documents),
    })
}

fn has_great_number(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64() && number.as_f64().is_some_and(|number| number.abs() > BEYOND_64_BITS),
        Value::Array(items) => items.iter().any(has_great_number),
        Value::Object(members) => members.values().any(has_great_number),
        _ => false,
    }
}

/// Whether a word of the text is an integer of 19 digits or more.
fn has_long_integer(text: &str) -> bool {
    text.split(|c: char| c.is_whitespace() || ",[]{}".contains(c)).any(|word| {
        let digits = word.trim_start_matches(['-', '+']);
        digits.len() >= 19 && digits.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'_' || byte == b'x')
    })
}

/// Words of the text that its reader and YAML 1.2 take for different values.
#[derive(Default)]
struct Radix<'a> {
    /// Integers that 64 bits do not hold, which the reader takes for text.
    beyond: HashSet<&'a str>,
    /// Text that the reader takes for integers: binary ones, and those with a sign before `0x` or `0o`.
    text: HashMap<i128, &'a str>,
}

impl<'a> Radix<'a> {
    fn of(text: &'a str) -> Self {
        let mut words = Self::default();
        if !["0x", "0o", "0b"].iter().any(|prefix| text.contains(prefix)) {
            return words;
        }
        let mut before = "\n";
        for word in text.split_inclusive(|c: char| c.is_whitespace() || ",[]{}".contains(c)) {
            let bare = word.trim_end_matches(|c: char| c.is_whitespace() || ",[]{}".contains(c));
            // Where a value may begin: other words are a part of a text or a comment.
            let starts = before.ends_with('\n') || before.starts_with(['!', '&']);
            if starts || before.trim_end().ends_with([':', '-', '?', ',', '[', '{']) {
                words.add(bare);
            }
            before = if word.trim().is_empty() { before } else { word };
        }
        words
    }

    fn add(&mut self, word: &'a str) {
        let unsigned = word.trim_start_matches(['-', '+']);
        let (radix, digits) = match (unsigned.get(..2), unsigned.get(2..)) {
            (Some("0x"), Some(digits)) => (16, digits),
            (Some("0o"), Some(digits)) => (8, digits),
            (Some("0b"), Some(digits)) => (2, digits),
            _ => return,
        };
        if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
            return;
        }
        let number = u64::from_str_radix(digits, radix).map(i128::from);
        match number {
            Err(_) if radix != 2 && unsigned.len() == word.len() => {
                self.beyond.insert(word);
            }
            Ok(number) if radix == 2 || unsigned.len() < word.len() => {
                self.text.insert(if word.starts_with('-') { -number } else { number }, word);
            }
            _ => {}
        }
    }

    fn check(&self, values: &[Value]) -> Result<()> {
        if self.beyond.is_empty() && self.text.is_empty() {
            return Ok(());
        }
        values.iter().try_for_each(|value| match value {
            Value::String(text) if self.beyond.contains(text.as_str()) => Err(Error::invalid_arguments(format!(
                "the YAML has the integer {}, which is beyond 64 bits: write it as a string",
                short(text)
            ))),
            Value::Number(number) => {
                let number = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
                match number.and_then(|number| self.text.get(&number)) {
                    Some(word) => Err(Error::invalid_arguments(format!(
                        "the YAML has `{}`, which is text in YAML 1.2 and a number in YAML 1.1: put quotes around it, or write the \
                         number in digits",
                        short(word)
                    ))),
                    None => Ok(()),
                }
            }
            Value::Array(items) => self.check(items),
            Value::Object(members) => members.values().try_for_each(|member| self.check(std::slice::from_ref(member))),
            _ => Ok(()),
        })
    }
}
