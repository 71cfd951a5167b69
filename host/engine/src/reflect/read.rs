//! JSON to WIT values.
//!
//! The schema was checked before, but this does not rely on it: whatever does not fit is refused with its place.
//!
//! **Bounds.** [`MAX_VALUES`] in one call: a WIT value takes tens of bytes of the host where its JSON took two.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use wasmtime::component::Val;

use super::{
    schema::{MAX_SAFE, NOT_FINITE},
    shape::{Int, Member, Shape},
};
use crate::config::HOSTCALL_FUEL;

/// Most values in one call's arguments: as much memory as one crossing may take on the host the other way.
pub(crate) const MAX_VALUES: usize = HOSTCALL_FUEL / size_of::<Val>();

/// An argument that is no value of its type.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// JSON Pointer (RFC 6901).
    pointer: String,
    message: String,
}

impl Misfit {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { pointer: String::new(), message: message.into() }
    }

    fn at(mut self, step: impl fmt::Display) -> Self {
        let step = step.to_string().replace('~', "~0").replace('/', "~1");
        self.pointer = format!("/{step}{}", self.pointer);
        self
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.pointer, self.message)
        }
    }
}

/// Reads the arguments of one call.
pub(crate) struct Reader {
    left: usize,
}

impl Reader {
    pub(crate) fn new() -> Self {
        Self { left: MAX_VALUES }
    }

    /// The members of an object, in the order of `members`.
    pub(crate) fn members(&mut self, members: &[Member<Shape>], json: &Value) -> Result<Vec<(String, Val)>, Misfit> {
        let object = json.as_object().ok_or_else(|| wanted("an object", json))?;
        if let Some(unknown) = object.keys().find(|key| !members.iter().any(|member| *member.name == ***key)) {
            return Err(Misfit::new("there is no such member").at(unknown));
        }
        let read = |Member { name, shape, .. }: &Member<Shape>| {
            let value = match (object.get(&**name), shape) {
                (Some(json), _) => self.value(shape, json).map_err(|misfit| misfit.at(name))?,
                (None, Shape::Option(_)) => Val::Option(None),
                (None, _) => return Err(Misfit::new("it is missing").at(name)),
            };
            Ok((name.to_string(), value))
        };
        members.iter().map(read).collect()
    }

    /// One value.
    pub(crate) fn value(&mut self, shape: &Shape, json: &Value) -> Result<Val, Misfit> {
        self.count(1)?;
        Ok(match shape {
            Shape::Bool => Val::Bool(json.as_bool().ok_or_else(|| wanted("true or false", json))?),
            Shape::Int(int) => integer(*int, json)?,
            Shape::Float32 => {
                let (wide, given) = (float(json)?, json.is_number());
                let narrow = wide as f32;
                if given && !narrow.is_finite() {
                    return Err(Misfit::new("the number is too large for f32"));
                }
                Val::Float32(narrow)
            }
            Shape::Float64 => Val::Float64(float(json)?),
            Shape::Char => Val::Char(character(json)?),
            Shape::Text => Val::String(text(json)?.to_owned()),
            Shape::Bytes => self.bytes(json)?,
            Shape::List(element) => Val::List(self.elements(json, |_| Some(element))?),
            Shape::Tuple(parts) => {
                let given = json.as_array().map_or(0, Vec::len);
                if json.is_array() && given != parts.len() {
                    return Err(Misfit::new(format!("{} elements are wanted, not {given}", parts.len())));
                }
                Val::Tuple(self.elements(json, |index| parts.get(index))?)
            }
            Shape::Record { fields, .. } => Val::Record(self.members(fields, json)?),
            Shape::Variant { cases, .. } => self.variant(cases, json)?,
            Shape::Enum { cases, .. } => Val::Enum(one_of(cases, json)?),
            Shape::Flags { flags, .. } => {
                let given = json.as_array().ok_or_else(|| wanted("an array of names", json))?;
                let names = given.iter().enumerate().map(|(i, name)| one_of(flags, name).map_err(|m| m.at(i)));
                Val::Flags(names.collect::<Result<_, _>>()?)
            }
            Shape::Option(some) => Val::Option(match (json, &**some) {
                (Value::Null, _) => None,
                (json, Shape::Option(_)) => Some(self.boxed("some", some, only(json, "some")?)?),
                (json, some) => Some(Box::new(self.value(some, json)?)),
            }),
            Shape::Result(ok, err) => Val::Result(match pair(json)? {
                ("ok", json) => Ok(self.payload("ok", ok.as_deref(), json)?),
                ("err", json) => Err(self.payload("err", err.as_deref(), json)?),
                (other, _) => return Err(Misfit::new("`ok` or `err` is wanted").at(other)),
            }),
        })
    }

    fn count(&mut self, values: usize) -> Result<(), Misfit> {
        let left = self.left.checked_sub(values);
        self.left = left.ok_or_else(|| Misfit::new(format!("the arguments have more than {MAX_VALUES} values")))?;
        Ok(())
    }

    fn bytes(&mut self, json: &Value) -> Result<Val, Misfit> {
        let text = text(json)?;
        self.count(text.len() / 4 * 3)?;
        let bytes = STANDARD.decode(text).map_err(|error| Misfit::new(format!("invalid base64: {error}")))?;
        Ok(Val::List(bytes.into_iter().map(Val::U8).collect()))
    }

    fn elements<'s>(&mut self, json: &Value, shape: impl Fn(usize) -> Option<&'s Shape>) -> Result<Vec<Val>, Misfit> {
        let elements = json.as_array().ok_or_else(|| wanted("an array", json))?.iter().enumerate();
        let read = |(index, json)| {
            let shape = shape(index).ok_or_else(|| Misfit::new("there is no such element"));
            shape.and_then(|shape| self.value(shape, json)).map_err(|misfit| misfit.at(index))
        };
        elements.map(read).collect()
    }

    fn variant(&mut self, cases: &[Member<Option<Shape>>], json: &Value) -> Result<Val, Misfit> {
        let (name, payload) = match json {
            Value::String(name) => (name.as_str(), None),
            json => pair(json).map(|(name, json)| (name, Some(json)))?,
        };
        let case = cases.iter().find(|case| &*case.name == name).ok_or_else(|| unknown(name))?;
        let value = match (&case.shape, payload) {
            (None, None) => None,
            (Some(shape), Some(json)) => Some(self.boxed(name, shape, json)?),
            (None, Some(_)) => return Err(Misfit::new(format!("case `{name}` has no value; write its name alone"))),
            (Some(_), None) => {
                return Err(Misfit::new(format!("case `{name}` has a value; write an object of one member")));
            }
        };
        Ok(Val::Variant(name.to_owned(), value))
    }

    fn payload(&mut self, name: &str, shape: Option<&Shape>, json: &Value) -> Result<Option<Box<Val>>, Misfit> {
        match (shape, json) {
            (Some(shape), json) => self.boxed(name, shape, json).map(Some),
            (None, Value::Null) => Ok(None),
            (None, json) => Err(wanted("null", json).at(name)),
        }
    }

    fn boxed(&mut self, name: &str, shape: &Shape, json: &Value) -> Result<Box<Val>, Misfit> {
        self.value(shape, json).map(Box::new).map_err(|misfit| misfit.at(name))
    }
}

fn wanted(what: &str, json: &Value) -> Misfit {
    let given = match json {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    Misfit::new(format!("{what} is wanted, not {given}"))
}

fn unknown(name: &str) -> Misfit {
    // It is the caller's text: not more of it than a name has.
    Misfit::new(format!("`{}` is none of the names", name.chars().take(64).collect::<String>()))
}

fn text(json: &Value) -> Result<&str, Misfit> {
    json.as_str().ok_or_else(|| wanted("a string", json))
}

fn character(json: &Value) -> Result<char, Misfit> {
    let mut chars = text(json)?.chars();
    match (chars.next(), chars.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(Misfit::new("one character is wanted")),
    }
}

/// A number; where a 64-bit integer is wanted, also its decimal digits in a string.
fn integer(int: Int, json: &Value) -> Result<Val, Misfit> {
    let whole = |float: f64| (float.fract() == 0.0 && float.abs() <= MAX_SAFE as f64).then_some(float as i128);
    let value = match json {
        Value::Number(number) => {
            let exact = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
            exact.or_else(|| number.as_f64().and_then(whole))
        }
        Value::String(text) if int.is_wide() && text.len() <= 20 => text.parse().ok(),
        json => return Err(wanted("an integer", json)),
    };
    let (min, max) = int.range();
    let value = value.filter(|value| (min..=max).contains(value));
    let value = value.ok_or_else(|| Misfit::new(format!("an integer from {min} to {max} is wanted")))?;
    // In range, as was just seen.
    Ok(match int {
        Int::S8 => Val::S8(value as i8),
        Int::U8 => Val::U8(value as u8),
        Int::S16 => Val::S16(value as i16),
        Int::U16 => Val::U16(value as u16),
        Int::S32 => Val::S32(value as i32),
        Int::U32 => Val::U32(value as u32),
        Int::S64 => Val::S64(value as i64),
        Int::U64 => Val::U64(value as u64),
    })
}

fn float(json: &Value) -> Result<f64, Misfit> {
    let [nan, infinite, negative] = NOT_FINITE;
    match json {
        Value::String(text) if text == nan => Ok(f64::NAN),
        Value::String(text) if text == infinite => Ok(f64::INFINITY),
        Value::String(text) if text == negative => Ok(f64::NEG_INFINITY),
        json => json.as_f64().ok_or_else(|| wanted("a number", json)),
    }
}

fn one_of(names: &[Member<()>], json: &Value) -> Result<String, Misfit> {
    let name = text(json)?;
    names.iter().any(|member| &*member.name == name).then(|| name.to_owned()).ok_or_else(|| unknown(name))
}

/// The one member of an object.
fn pair(json: &Value) -> Result<(&str, &Value), Misfit> {
    let mut members = json.as_object().into_iter().flatten();
    match (members.next(), members.next()) {
        (Some((name, value)), None) => Ok((name, value)),
        _ => Err(wanted("an object of one member", json)),
    }
}

fn only<'j>(json: &'j Value, name: &str) -> Result<&'j Value, Misfit> {
    let (found, value) = pair(json)?;
    if found == name { Ok(value) } else { Err(Misfit::new(format!("`{name}` is wanted")).at(found)) }
}
