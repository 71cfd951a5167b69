//! `{"$from": "step", "path": "/json/pointer"}`: a part of an earlier result, anywhere in a step's arguments.
//!
//! Any object with the key `$from` is a reference and must have exactly these two members; there is no way to write
//! such an object as a literal. What a reference brings in is data: a `$from` within a result is not followed.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::ContentId;

/// Bytes of a step's arguments after references are resolved: a thousand references to one large result would
/// otherwise make a small plan fill the memory. It is also the default limit of a frame between peers.
pub const MAX_RESOLVED_BYTES: usize = 1024 * 1024;
/// The nesting of resolved arguments; `serde_json` reads no deeper text (128) and the walk is recursive.
const MAX_NESTING: usize = 120;

/// Why a reference is refused at submit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// The object has `$from`, but not the form of a reference.
    #[error("the reference at `{at}` must be exactly {{\"$from\": \"step_id\", \"path\": \"/json/pointer\"}}")]
    Malformed {
        /// Where in the arguments, as a JSON pointer.
        at: String,
    },
    /// The path is not a JSON pointer (RFC 6901).
    #[error("the path of the reference at `{at}` is not a JSON pointer; it is empty or begins with `/`")]
    Pointer {
        /// Where in the arguments.
        at: String,
    },
    /// The workflow has no such step.
    #[error("the reference at `{at}` names the unknown step `{from}`")]
    UnknownStep {
        /// Where in the arguments.
        at: String,
        /// The step it names.
        from: String,
    },
    /// The step may run later or at the same time.
    #[error("the reference at `{at}` names `{from}`, which this step does not depend on; add it to depends_on")]
    NotAncestor {
        /// Where in the arguments.
        at: String,
        /// The step it names.
        from: String,
    },
    /// Arguments nested deeper than any reader goes.
    #[error("the arguments are nested deeper than {MAX_NESTING} levels; flatten them")]
    Nesting,
}

/// Why a step's arguments cannot be made from the results.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The result has nothing at the path.
    #[error("the result of step `{from}` has nothing at `{path}`")]
    NothingThere {
        /// The step referred to.
        from: String,
        /// The path within its result.
        path: String,
    },
    /// The step has no result yet. A plan's check excludes it.
    #[error("step `{from}` has no result to refer to")]
    NoResult {
        /// The step referred to.
        from: String,
    },
    /// The result is kept by its content id and must be loaded first.
    #[error("the result of step `{from}` is kept as {content} and is not loaded")]
    NotLoaded {
        /// The step referred to.
        from: String,
        /// What to load.
        content: ContentId,
    },
    /// Not a reference of the right form, or too deep. A plan's check excludes it.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// The arguments would be larger than [`MAX_RESOLVED_BYTES`].
    #[error(
        "with the results filled in, the arguments pass {MAX_RESOLVED_BYTES} bytes; refer to smaller parts of them"
    )]
    TooLarge,
    /// The arguments are one reference, and what it refers to is no object.
    #[error("the arguments are not an object once the results are filled in")]
    NotAnObject,
}

/// What is known of the result of a step that is referred to.
#[derive(Clone, Debug)]
pub enum Found {
    /// Here it is.
    Value(Arc<Value>),
    /// The step failed and its `on_failure` is `continue`: every reference to it is `null`.
    Failed,
    /// It is kept under this id and has to be loaded.
    Stored(ContentId),
    /// There is none.
    Nothing,
}

/// A well-formed reference.
#[derive(Clone, Copy, Debug)]
struct Reference<'a> {
    from: &'a str,
    path: &'a str,
}

/// The arguments with every reference replaced by the part of the result that it names.
///
/// `results` is asked for the step of each reference. The answer is an object of at most [`MAX_RESOLVED_BYTES`]
/// bytes as JSON.
///
/// # Errors
///
/// [`ResolveError`], the first in the order of the keys.
pub fn resolve(arguments: &Map<String, Value>, results: &dyn Fn(&str) -> Found) -> Result<Value, ResolveError> {
    let mut room = MAX_RESOLVED_BYTES;
    let value = match reference(arguments, "") {
        Some(reference) => taken(reference?, results, &mut room)?,
        None => Value::Object(members(arguments, results, &mut room, 1)?),
    };
    if !value.is_object() {
        return Err(ResolveError::NotAnObject);
    }
    // The count above is of what was taken in; this one is exact.
    if value.to_string().len() > MAX_RESOLVED_BYTES {
        return Err(ResolveError::TooLarge);
    }
    Ok(value)
}

/// Checks every reference of a step's arguments; `may` says whether a step may be referred to.
pub(super) fn check(arguments: &Map<String, Value>, may: &dyn Fn(&str) -> Permission) -> Result<(), ReferenceError> {
    check_object(arguments, &mut String::new(), may, 1)
}

/// Whether a step may refer to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Permission {
    Ancestor,
    Unrelated,
    Unknown,
}

fn check_object(
    object: &Map<String, Value>,
    at: &mut String,
    may: &dyn Fn(&str) -> Permission,
    depth: usize,
) -> Result<(), ReferenceError> {
    if let Some(reference) = reference(object, at) {
        let from = reference?.from;
        return match may(from) {
            Permission::Ancestor => Ok(()),
            Permission::Unrelated => Err(ReferenceError::NotAncestor { at: at.clone(), from: from.to_owned() }),
            Permission::Unknown => Err(ReferenceError::UnknownStep { at: at.clone(), from: shortened(from) }),
        };
    }
    object.iter().try_for_each(|(key, value)| {
        let key = key.replace('~', "~0").replace('/', "~1");
        within(at, &key, |at| check_value(value, at, may, depth + 1))
    })
}

fn check_value(
    value: &Value,
    at: &mut String,
    may: &dyn Fn(&str) -> Permission,
    depth: usize,
) -> Result<(), ReferenceError> {
    match value {
        _ if depth > MAX_NESTING => Err(ReferenceError::Nesting),
        Value::Object(object) => check_object(object, at, may, depth),
        Value::Array(array) => array
            .iter()
            .enumerate()
            .try_for_each(|(index, value)| within(at, &index.to_string(), |at| check_value(value, at, may, depth + 1))),
        _ => Ok(()),
    }
}

/// Runs `f` with the pointer one level deeper.
fn within<T>(at: &mut String, key: &str, f: impl FnOnce(&mut String) -> T) -> T {
    let length = at.len();
    at.push('/');
    at.push_str(key);
    let done = f(at);
    at.truncate(length);
    done
}

/// The object as a reference, when it has `$from`.
fn reference<'a>(object: &'a Map<String, Value>, at: &str) -> Option<Result<Reference<'a>, ReferenceError>> {
    let from = object.get("$from")?;
    let (Some(from), Some(path), 2) = (from.as_str(), object.get("path").and_then(Value::as_str), object.len()) else {
        return Some(Err(ReferenceError::Malformed { at: at.to_owned() }));
    };
    Some(if is_pointer(path) {
        Ok(Reference { from, path })
    } else {
        Err(ReferenceError::Pointer { at: at.to_owned() })
    })
}

/// RFC 6901: empty or `/`-led, and `~` only as `~0` or `~1`.
fn is_pointer(path: &str) -> bool {
    let escapes = path.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    (path.is_empty() || path.starts_with('/')) && escapes
}

fn taken(reference: Reference<'_>, results: &dyn Fn(&str) -> Found, room: &mut usize) -> Result<Value, ResolveError> {
    let from = || reference.from.to_owned();
    let value = match results(reference.from) {
        Found::Value(value) => value,
        Found::Failed => return Ok(Value::Null),
        Found::Stored(content) => return Err(ResolveError::NotLoaded { from: from(), content }),
        Found::Nothing => return Err(ResolveError::NoResult { from: from() }),
    };
    let part = value
        .pointer(reference.path)
        .ok_or_else(|| ResolveError::NothingThere { from: from(), path: shortened(reference.path) })?;
    let size = size_within(part, *room).ok_or(ResolveError::TooLarge)?;
    *room -= size;
    Ok(part.clone())
}

fn members(
    object: &Map<String, Value>,
    results: &dyn Fn(&str) -> Found,
    room: &mut usize,
    depth: usize,
) -> Result<Map<String, Value>, ResolveError> {
    object.iter().map(|(key, value)| Ok((key.clone(), filled(value, results, room, depth + 1)?))).collect()
}

fn filled(
    value: &Value,
    results: &dyn Fn(&str) -> Found,
    room: &mut usize,
    depth: usize,
) -> Result<Value, ResolveError> {
    if depth > MAX_NESTING {
        return Err(ReferenceError::Nesting.into());
    }
    Ok(match value {
        Value::Object(object) => match reference(object, "") {
            Some(reference) => {
                let value = taken(reference?, results, room)?;
                if !nests_within(&value, MAX_NESTING - depth) {
                    return Err(ReferenceError::Nesting.into());
                }
                value
            }
            None => Value::Object(members(object, results, room, depth)?),
        },
        Value::Array(array) => {
            Value::Array(array.iter().map(|value| filled(value, results, room, depth + 1)).collect::<Result<_, _>>()?)
        }
        scalar => scalar.clone(),
    })
}

/// About the bytes of a value as JSON, or nothing when that is more than `room`: the copy is not made.
fn size_within(value: &Value, room: usize) -> Option<usize> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Some(1),
        Value::String(text) => Some(text.len() + 2),
        Value::Array(array) => {
            array.iter().try_fold(2, |sum, value| Some(sum + 1 + size_within(value, room.checked_sub(sum)?)?))
        }
        Value::Object(object) => object
            .iter()
            .try_fold(2, |sum, (key, value)| Some(sum + key.len() + 4 + size_within(value, room.checked_sub(sum)?)?)),
    }
    .filter(|size| *size <= room)
}

fn nests_within(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(array) => levels > 0 && array.iter().all(|value| nests_within(value, levels - 1)),
        Value::Object(object) => levels > 0 && object.values().all(|value| nests_within(value, levels - 1)),
        _ => true,
    }
}

/// What an error shows of a text that may be long.
pub(super) fn shortened(text: &str) -> String {
    const SHOWN: usize = 80;
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    text.chars().take(SHOWN).chain(['…']).collect()
}
