//! Numbers of a JSON text that a value of it would round.
//!
//! **Promises.** A number that is an integer beyond 64 bits, or has more digits than a binary64 number, reaches a tool that
//! asks for it (`tandem/exact-numbers` in its `_meta`, a list of parameters) digit by digit. Elsewhere such an integer is
//! refused with its place, never rounded; so it is in a structured result. A decimal is the nearest binary64 number, as
//! everywhere in JSON.
//!
//! **Bounds.** One pass over the text, and memory in proportion to it; nothing for arguments without such numbers.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value, value::RawValue};
use tandem_json_text::{number_length, string_length};

/// A binary64 number keeps this many significant decimal digits at most.
const FLOAT_DIGITS: usize = 17;
/// The key of a tool's `_meta` that lists the parameters whose numbers keep every digit.
const META: &str = "tandem/exact-numbers";

/// One place where JSON does not fit.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Violation {
    /// JSON Pointer (RFC 6901) into the value; empty for the whole.
    pub pointer: String,
    /// What is wrong there.
    pub message: String,
}

/// Arguments as they came: an object, or null for none.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    /// The members.
    pub members: Map<String, Value>,
    /// The numbers that `members` round.
    pub exact: Option<Arc<ExactNumbers>>,
}

impl Arguments {
    /// Reads JSON text.
    ///
    /// # Errors
    ///
    /// When it is neither an object nor null.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let members: Option<Map<String, Value>> = serde_json::from_str(text)?;
        Ok(Self { members: members.unwrap_or_default(), exact: ExactNumbers::of(text).map(Arc::new) })
    }
}

impl<'de> Deserialize<'de> for Arguments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        Self::parse(text.get()).map_err(D::Error::custom)
    }
}

/// Where the numbers are that a JSON value would round, with their text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExactNumbers(Node);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Number(Box<str>),
    Members(BTreeMap<String, Node>),
    Elements(BTreeMap<usize, Node>),
}

/// A step from a container to what it holds.
#[derive(Clone, Copy)]
enum Step<'t> {
    /// The key, in its quotes.
    Member(&'t str),
    Element(usize),
}

impl ExactNumbers {
    /// Those of a valid JSON text.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        // Most texts have no number that is long enough, which is seen much faster than where it is.
        if !has_long_number(text.as_bytes()) {
            return None;
        }
        let mut root = None;
        let mut steps: Vec<Step<'_>> = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.bytes().next() {
            let length = match first {
                b'"' => string_length(rest),
                b'-' | b'0'..=b'9' => number_length(rest),
                // Within a string alone there are others than ASCII.
                _ => rest.chars().next().map_or(1, char::len_utf8),
            };
            let (token, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
            match first {
                b'{' => steps.push(Step::Member("")),
                b'[' => steps.push(Step::Element(0)),
                b'}' | b']' => drop(steps.pop()),
                b',' => {
                    if let Some(Step::Element(at)) = steps.last_mut() {
                        *at += 1;
                    }
                }
                b'"' if after.trim_start().starts_with(':') => {
                    if let Some(last) = steps.last_mut() {
                        *last = Step::Member(token);
                    }
                }
                b'-' | b'0'..=b'9' if is_rounded(token) => insert(&mut root, &steps, token),
                _ => {}
            }
            rest = after;
        }
        root.map(Self)
    }

    /// The same with another name of a member of the whole.
    #[must_use]
    pub fn renamed(&self, from: &str, to: &str) -> Self {
        let mut node = self.0.clone();
        if let Node::Members(members) = &mut node
            && let Some(member) = members.remove(from)
        {
            members.insert(to.to_owned(), member);
        }
        Self(node)
    }

    /// Those below a member or element of the text.
    #[must_use]
    pub fn under(&self, path: &[&str]) -> Option<Self> {
        let step = |node: &'_ Node, step: &str| match node {
            Node::Members(members) => members.get(step).cloned(),
            Node::Elements(elements) => elements.get(&step.parse().ok()?).cloned(),
            Node::Number(_) => None,
        };
        match path {
            [] => Some(self.clone()),
            [first, rest @ ..] => Self(step(&self.0, first)?).under(rest),
        }
    }

    /// The pointer to the first integer beyond 64 bits in the value that was read from the text.
    #[must_use]
    pub fn wide_integer(&self, value: &Value) -> Option<String> {
        wide_integer(&self.0, value)
    }

    /// The text of arguments, with these numbers in the parameters that keep them, as a tool's `_meta` lists them.
    ///
    /// # Errors
    ///
    /// An integer beyond 64 bits in a parameter that would round it.
    pub fn write(&self, arguments: &Value, meta: Option<&Value>) -> Result<String, Violation> {
        let kept = |name: &str| {
            let listed = meta.and_then(|meta| meta.get(META)).and_then(Value::as_array);
            listed.is_some_and(|listed| listed.iter().any(|one| one == name))
        };
        let (Node::Members(numbers), Value::Object(members)) = (&self.0, arguments) else {
            return Ok(arguments.to_string());
        };
        let mut out = String::from("{");
        for (name, value) in members {
            if out.len() > 1 {
                out.push(',');
            }
            out.extend([&Value::from(name.as_str()).to_string(), ":"]);
            match numbers.get(name) {
                Some(node) if kept(name) => write(value, Some(node), &mut out),
                node => {
                    if let Some(pointer) = node.and_then(|node| wide_integer(node, value)) {
                        let message =
                            "the integer is beyond 64 bits, which this parameter would round: send it as a string";
                        let pointer = format!("/{}{pointer}", escape(name));
                        return Err(Violation { pointer, message: message.to_owned() });
                    }
                    out.push_str(&value.to_string());
                }
            }
        }
        out.push('}');
        Ok(out)
    }
}

/// Whether so many digits and points stand in a row that a binary64 number may not keep them all. A row of them reaches the end
/// of one of the windows that are looked at, so that most bytes are not.
fn has_long_number(mut bytes: &[u8]) -> bool {
    while let Some(window) = bytes.get(..FLOAT_DIGITS) {
        let row = window.iter().rev().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
        if row == FLOAT_DIGITS {
            return true;
        }
        bytes = bytes.get(FLOAT_DIGITS - row..).unwrap_or_default();
    }
    false
}

fn insert(root: &mut Option<Node>, steps: &[Step<'_>], number: &str) {
    let leaf = || Node::Number(number.into());
    let empty = |step: Option<&Step<'_>>| match step {
        None => leaf(),
        Some(Step::Member(_)) => Node::Members(BTreeMap::new()),
        Some(Step::Element(_)) => Node::Elements(BTreeMap::new()),
    };
    let mut node = root.get_or_insert_with(|| empty(steps.first()));
    for (at, step) in steps.iter().enumerate() {
        let next = || empty(steps.get(at + 1));
        node = match (node, step) {
            (Node::Members(members), Step::Member(key)) => {
                members.entry(serde_json::from_str(key).unwrap_or_default()).or_insert_with(next)
            }
            (Node::Elements(elements), Step::Element(at)) => elements.entry(*at).or_insert_with(next),
            // A key that is there twice, with another kind of value: the number is as the value has it.
            _ => return,
        };
    }
}

/// Appends JSON text with the numbers of `node`.
fn write(value: &Value, node: Option<&Node>, out: &mut String) {
    let comma = |out: &mut String, at: usize| {
        if at > 0 {
            out.push(',');
        }
    };
    match (value, node) {
        // Of a key that is there twice the last counts: the text must be that of this number.
        (Value::Number(number), Some(Node::Number(text))) if number.as_f64() == text.parse().ok() => out.push_str(text),
        (Value::Object(members), Some(Node::Members(nodes))) => {
            out.push('{');
            for (at, (name, value)) in members.iter().enumerate() {
                comma(out, at);
                out.extend([&Value::from(name.as_str()).to_string(), ":"]);
                write(value, nodes.get(name), out);
            }
            out.push('}');
        }
        (Value::Array(elements), Some(Node::Elements(nodes))) => {
            out.push('[');
            for (at, value) in elements.iter().enumerate() {
                comma(out, at);
                write(value, nodes.get(&at), out);
            }
            out.push(']');
        }
        _ => out.push_str(&value.to_string()),
    }
}

/// The pointer to the first integer among the numbers that are still there.
fn wide_integer(node: &Node, value: &Value) -> Option<String> {
    match (node, value) {
        (Node::Number(text), Value::Number(_)) => is_integer(text).then(String::new),
        (Node::Members(nodes), Value::Object(members)) => nodes.iter().find_map(|(name, node)| {
            let below = wide_integer(node, members.get(name)?)?;
            Some(format!("/{}{below}", escape(name)))
        }),
        (Node::Elements(nodes), Value::Array(elements)) => nodes.iter().find_map(|(at, node)| {
            let below = wide_integer(node, elements.get(*at)?)?;
            Some(format!("/{at}{below}"))
        }),
        _ => None,
    }
}

fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn is_integer(number: &str) -> bool {
    !number.contains(['.', 'e', 'E'])
}

/// Whether the number of this text would be written otherwise once it is a JSON value. A binary64 number that a program
/// wrote out, as JavaScript does up to 1e21, is none.
fn is_rounded(number: &str) -> bool {
    if is_integer(number) {
        let fits = number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok();
        return !fits && number.parse::<f64>().is_ok_and(|float| float.to_string() != number);
    }
    let digits = number.split(['e', 'E']).next().unwrap_or_default();
    let digits = digits.bytes().filter(u8::is_ascii_digit);
    let significant = digits.skip_while(|digit| *digit == b'0').enumerate().filter(|(_, digit)| *digit != b'0');
    significant.last().is_some_and(|(last, _)| last >= FLOAT_DIGITS)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(text: &str, kept: &[&str]) -> Result<String, String> {
        let arguments = Arguments::parse(text).map_err(|error| error.to_string())?;
        let members = Value::Object(arguments.members);
        match arguments.exact {
            None => Ok(members.to_string()),
            Some(exact) => exact.write(&members, Some(&json!({ META: kept }))).map_err(|violation| violation.pointer),
        }
    }

    #[test]
    fn every_digit_is_kept_where_it_is_asked_for() {
        let text = r#"{"rows":[{"v":12345678901234567890123,"é\"":[1,-98765432109876543210.5e3]},{"w":0.1234567890123456789,"x":"1234567890123456789012"}],"n":1.5}"#;
        assert_eq!(written(text, &["rows"]).as_deref(), Ok(text));
        assert_eq!(written(text, &[]), Err("/rows/0/v".to_owned()));
        let decimal = r#"{"a":0.1000000000000000055511151231257827}"#;
        assert_eq!(written(decimal, &[]).as_deref(), Ok(r#"{"a":0.1}"#), "a decimal is the nearest number");
    }

    #[test]
    fn numbers_that_a_value_holds_are_no_exceptions() {
        let all = r#"{"a":[0,-1,18446744073709551615,-9223372036854775808,100000000000000000000,295147905179352830000,0.1,1e22,5e-324,123456789012345680000,0.00012345678901234567]}"#;
        assert_eq!(ExactNumbers::of(all), None);
        for number in ["18446744073709551616", "-9223372036854775809", "100000000000000000001", "1.000000000000000001"]
        {
            assert!(ExactNumbers::of(&format!("[{number}]")).is_some(), "{number}");
        }
    }

    #[test]
    fn of_a_key_that_is_there_twice_the_last_counts() {
        for text in [
            r#"{"rows":12345678901234567890123,"rows":5}"#,
            r#"{"rows":[12345678901234567890123],"rows":{"a":5}}"#,
            r#"{"rows":{"a":12345678901234567890123},"rows":5}"#,
        ] {
            let last = serde_json::from_str::<Value>(text).map(|value| value.to_string());
            assert_eq!(written(text, &["rows"]).ok(), last.ok(), "{text}");
        }
    }
}
