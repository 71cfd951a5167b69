//! The JSON Schema (2020-12) of a shape: what clients and models read, and what is checked before and after a call.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::shape::{Int, Member, Shape};

/// The greatest integer up to which a JSON number is exact for every reader (2^53 - 1, RFC 8259 section 6).
pub(crate) const MAX_SAFE: i128 = (1 << 53) - 1;
/// How the floats are written that JSON has no number for.
pub(crate) const NOT_FINITE: [&str; 3] = ["NaN", "Infinity", "-Infinity"];

/// Which way values go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// To the function.
    In,
    /// From it.
    Out,
}

/// The schema of a function's parameters. One whose type is an option may be left out, and has the plain type of its
/// value: strict gateways drop tools with lists of types, and the host takes null for what is left out.
pub(crate) fn parameters(members: &[Member<Shape>]) -> Value {
    let mut parameters = object(members, None, Way::In);
    for Member { name, docs, shape } in members {
        let (Shape::Option(some), Some(property)) =
            (shape, parameters.pointer_mut("/properties").and_then(|all| all.get_mut(&**name)))
        else {
            continue;
        };
        *property = described(present(some, Way::In), docs.as_ref());
    }
    parameters
}

/// The schema of an object with these members; those whose type is an option may be left out.
pub(crate) fn object(members: &[Member<Shape>], docs: Option<&Arc<str>>, way: Way) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for Member { name, docs, shape } in members {
        properties.insert(name.to_string(), described(schema(shape, way), docs.as_ref()));
        if !matches!(shape, Shape::Option(_)) {
            required.push(Value::from(&**name));
        }
    }
    let mut object = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if let Some(object) = object.as_object_mut().filter(|_| !required.is_empty()) {
        object.insert("required".to_owned(), required.into());
    }
    described(object, docs)
}

/// The schema of one shape.
pub(crate) fn schema(shape: &Shape, way: Way) -> Value {
    match shape {
        Shape::Bool => json!({"type": "boolean"}),
        Shape::Int(int) => integer(*int),
        Shape::Float32 | Shape::Float64 => match way {
            Way::In => json!({"type": "number"}),
            Way::Out => json!({"anyOf": [{"type": "number"}, {"type": "string", "enum": NOT_FINITE}]}),
        },
        Shape::Char => json!({"type": "string", "minLength": 1, "maxLength": 1}),
        Shape::Text => json!({"type": "string"}),
        Shape::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
        Shape::List(element) => json!({"type": "array", "items": schema(element, way)}),
        Shape::Tuple(parts) => {
            let schemas: Vec<_> = parts.iter().map(|part| schema(part, way)).collect();
            json!({"type": "array", "prefixItems": schemas, "items": false, "minItems": parts.len(), "maxItems": parts.len()})
        }
        Shape::Record { docs, fields } => object(fields, docs.as_ref(), way),
        Shape::Variant { docs, cases } => variant(cases, docs.as_ref(), way),
        Shape::Enum { docs, cases } => described(names(cases), docs.as_ref()),
        Shape::Flags { docs, flags } => {
            described(json!({"type": "array", "items": names(flags), "uniqueItems": true}), docs.as_ref())
        }
        Shape::Option(some) => nullable(some, way),
        Shape::Result(ok, err) => {
            let case = |name: &str, shape: &Option<Box<Shape>>| {
                single(name, shape.as_ref().map_or_else(|| json!({"type": "null"}), |shape| schema(shape, way)), None)
            };
            json!({"anyOf": [case("ok", ok), case("err", err)]})
        }
    }
}

fn integer(int: Int) -> Value {
    let (min, max) = int.range();
    if !int.is_wide() {
        // `i128` has no JSON; these fit.
        return json!({"type": "integer", "minimum": min as i64, "maximum": max as i64});
    }
    let (min, sign) = if min < 0 { (-MAX_SAFE as i64, "-?") } else { (0, "") };
    json!({
        "type": ["integer", "string"], "minimum": min, "maximum": MAX_SAFE as i64,
        "pattern": format!("^{sign}[0-9]{{1,20}}$"),
    })
}

/// The value of an option. One in an option is an object with one member, so that the two emptinesses stay apart.
fn present(some: &Shape, way: Way) -> Value {
    match some {
        Shape::Option(_) => single("some", schema(some, way), None),
        _ => schema(some, way),
    }
}

/// The value of an option, or null.
fn nullable(some: &Shape, way: Way) -> Value {
    let inner = present(some, way);
    // Models read a list of types with less trouble than alternatives.
    if let (Some(Value::String(ty)), None) = (inner.get("type"), inner.get("enum")) {
        let (types, mut inner) = (json!([ty, "null"]), inner.clone());
        if let Some(object) = inner.as_object_mut() {
            object.insert("type".to_owned(), types);
        }
        return inner;
    }
    json!({"anyOf": [inner, {"type": "null"}]})
}

/// An object with one member.
fn single(name: &str, value: Value, docs: Option<&Arc<str>>) -> Value {
    let object = json!({
        "type": "object", "properties": {name: value}, "required": [name], "additionalProperties": false,
    });
    described(object, docs)
}

/// A case without a value is its name, one with a value an object of one member.
fn variant(cases: &[Member<Option<Shape>>], docs: Option<&Arc<str>>, way: Way) -> Value {
    let plain: Vec<_> = cases.iter().filter(|case| case.shape.is_none()).collect();
    let mut forms: Vec<Value> = Vec::new();
    if !plain.is_empty() {
        let explained: Vec<_> = plain.iter().filter_map(|case| explained(&case.name, case.docs.as_ref())).collect();
        let docs: Option<Arc<str>> = (!explained.is_empty()).then(|| explained.join("\n").into());
        let names: Vec<&str> = plain.iter().map(|case| &*case.name).collect();
        forms.push(described(json!({"type": "string", "enum": names}), docs.as_ref()));
    }
    forms.extend(cases.iter().filter_map(|case| {
        let value = schema(case.shape.as_ref()?, way);
        Some(single(&case.name, value, case.docs.as_ref()))
    }));
    match forms.len() {
        1 => described(forms.pop().unwrap_or_default(), docs),
        _ => described(json!({"anyOf": forms}), docs),
    }
}

fn names(members: &[Member<()>]) -> Value {
    let names: Vec<&str> = members.iter().map(|member| &*member.name).collect();
    let explained: Vec<_> = members.iter().filter_map(|m| explained(&m.name, m.docs.as_ref())).collect();
    let docs: Option<Arc<str>> = (!explained.is_empty()).then(|| explained.join("\n").into());
    described(json!({"type": "string", "enum": names}), docs.as_ref())
}

fn explained(name: &str, docs: Option<&Arc<str>>) -> Option<String> {
    docs.map(|docs| format!("`{name}`: {docs}"))
}

/// Puts a description before the one that is there.
fn described(mut schema: Value, docs: Option<&Arc<str>>) -> Value {
    if let (Some(object), Some(docs)) = (schema.as_object_mut(), docs) {
        let text = match object.get("description").and_then(Value::as_str) {
            Some(own) => format!("{docs}\n{own}"),
            None => docs.to_string(),
        };
        object.insert("description".to_owned(), text.into());
    }
    schema
}
