//! Tells what a schema expects where a value has something else, in a keyword of our own: the allowed values, members or forms, and
//! the nearest of them to what was given.

use std::collections::HashSet;

use jsonschema::{Keyword, ValidationError, paths::Location};
use serde_json::{Map, Value, json};

use crate::names;

/// Not the name of any keyword; removed from schemas that have it.
pub(super) const KEYWORD: &str = "tandem:expected";

/// Values and members that a message lists.
const MAX_LISTED: usize = 32;
/// Bytes of one listed value: the schema is a stranger's.
const MAX_VALUE: usize = 64;
/// Unknown members that are looked at: a value may have a million.
const MAX_UNKNOWN: usize = 3;

enum Expected {
    /// The value is one of these.
    Values(Vec<Value>),
    /// The object has this member, which is one of these.
    Tag(String, Vec<Value>),
    /// The object has one of these members at least.
    Keys(Vec<String>),
    /// The object has no other members.
    Members(Vec<String>, HashSet<String>),
    /// The value is like one of these.
    Forms(String),
    /// The value is like only one of these.
    Several(String),
}

/// The keyword for an object that has no other members than its schema's.
pub(super) fn members(keywords: &Map<String, Value>) -> Value {
    let names = keywords.get("properties").and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name);
    json!({"members": names.collect::<Vec<_>>()})
}

/// What the library says where it expects one of several values.
pub(super) fn none_of(options: &Value, given: &Value) -> Option<String> {
    let options = options.as_array()?;
    Some(not_one_of(options, given))
}

/// Values, as messages list them.
pub(super) fn listed<'a>(values: impl Iterator<Item = &'a Value>) -> String {
    list(values.map(|value| names::shown(&value.to_string(), MAX_VALUE).into_owned()))
}

fn list(all: impl Iterator<Item = String>) -> String {
    let mut all: Vec<_> = all.collect();
    let more = all.len().saturating_sub(MAX_LISTED);
    all.truncate(MAX_LISTED);
    let text = all.join(", ");
    if more > 0 { format!("{text} and {more} more") } else { text }
}

fn quoted(names: &[String]) -> String {
    list(names.iter().map(|name| format!("`{}`", names::shown(name, MAX_VALUE))))
}

fn not_one_of(options: &[Value], given: &Value) -> String {
    let options: Vec<_> = options.iter().filter(|option| !option.is_null()).collect();
    let near = given.as_str().map(|given| names::near(given, options.iter().filter_map(|option| option.as_str())));
    let hint = near.unwrap_or_default().first().map(|near| format!("; the nearest is \"{near}\"")).unwrap_or_default();
    format!("the value is not one of {}{hint}", listed(options.into_iter()))
}

impl Expected {
    fn read(value: &Value) -> Option<Self> {
        let texts = |value: &Value| {
            value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
        };
        let get = |key: &str| value.get(key);
        let text = |key: &str| get(key).and_then(Value::as_str).map(str::to_owned);
        let values = || get("values").and_then(Value::as_array).cloned();
        text("tag")
            .and_then(|tag| Some(Self::Tag(tag, values()?)))
            .or_else(|| values().map(Self::Values))
            .or_else(|| get("keys").map(texts).map(Self::Keys))
            .or_else(|| {
                get("members").map(texts).map(|names| Self::Members(names.clone(), names.into_iter().collect()))
            })
            .or_else(|| text("forms").map(Self::Forms))
            .or_else(|| text("several").map(Self::Several))
    }

    fn fits(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Values(values), _) => values.contains(value),
            (Self::Tag(tag, _), Value::Object(members)) => members.contains_key(tag),
            (Self::Keys(keys), Value::Object(members)) => keys.iter().any(|key| members.contains_key(key)),
            (Self::Members(_, names), Value::Object(members)) => members.keys().all(|member| names.contains(member)),
            (Self::Tag(..) | Self::Keys(_) | Self::Members(..), _) => true,
            (Self::Forms(_) | Self::Several(_), _) => false,
        }
    }

    fn message(&self, value: &Value) -> String {
        match self {
            Self::Values(values) => not_one_of(values, value),
            Self::Tag(tag, values) => format!("`{tag}` is missing; it is one of {}", listed(values.iter())),
            Self::Keys(keys) => {
                format!("the object has none of the members {}{}", quoted(keys), unknown(value, keys, "; it has"))
            }
            Self::Members(names, _) => unknown(value, names, "no such member:"),
            Self::Forms(forms) => format!("the value is none of: {forms}"),
            Self::Several(forms) => format!("the value is more than one of: {forms}"),
        }
    }
}

/// Members that are not among `names`, with the nearest one to each, or with all that there are.
fn unknown(value: &Value, names: &[String], begin: &str) -> String {
    let members = value.as_object().into_iter().flatten().map(|(name, _)| name);
    let unknown = members.filter(|member| !names.contains(member)).take(MAX_UNKNOWN).collect::<Vec<_>>();
    if unknown.is_empty() {
        return String::new();
    }
    let mut guessed = false;
    let each: Vec<_> = unknown
        .into_iter()
        .map(|member| {
            let near = names::near(member, names.iter().map(String::as_str));
            guessed |= !near.is_empty();
            let hint = near.first().map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
            format!("`{}`{hint}", names::shown(member, MAX_VALUE))
        })
        .collect();
    let all = if guessed || begin.starts_with(';') {
        String::new()
    } else if names.is_empty() {
        "; there are none".to_owned()
    } else {
        format!("; there are {}", quoted(names))
    };
    format!("{begin} {}{all}", each.join(", "))
}

impl<'i> Keyword<'i> for Expected {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.fits(instance) { Ok(()) } else { Err(ValidationError::custom(self.message(instance))) }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        self.fits(instance)
    }
}

pub(super) fn keyword<'a>(
    _parent: &'a Map<String, Value>,
    value: &'a Value,
    _location: Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
    Expected::read(value)
        .map(|expected| Box::new(expected) as Box<dyn for<'i> Keyword<'i>>)
        .ok_or_else(|| ValidationError::custom("this keyword is the host's own"))
}
