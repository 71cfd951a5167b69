//! Which of several alternatives a value was meant for.
//!
//! "Not valid under any of the schemas" helps nobody. Alternatives are told apart by what schemas of tools use for it: the type,
//! a member that has another constant in each (`step`, `op`, `kind`), or a member that only one of them has (`{"eq": …}`). The
//! value is then held against that one alternative, and what is wrong in it is named. All of this is settled when the schema
//! is compiled: a check does no more than evaluate it, within its steps.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::{
    expected,
    parts::{Part, Parts},
    steps,
    text::cut,
};

/// The types that are told apart. An integer is a number.
const TYPES: [&str; 6] = ["null", "boolean", "number", "string", "array", "object"];
/// References and compositions of one alternative that are looked through for what tells it apart. Stops a circle of
/// references.
const MAX_PARTS: usize = 16;
/// Alternatives that are compared with each other.
const MAX_ALTERNATIVES: usize = 256;

/// What is known of an alternative without a value.
struct Shape<'a> {
    schema: &'a Value,
    types: Vec<&'static str>,
    /// The only values there are.
    values: Option<Vec<&'a Value>>,
    properties: Vec<(&'a str, &'a Value)>,
    required: HashSet<&'a str>,
}

/// The list of alternatives, as one schema that names what is wrong in the one that was meant.
pub(super) fn narrowed<'a>(
    instrument: &mut impl Parts<'a>,
    key: &'static str,
    list: &'a Value,
    schemas: &'a [Value],
) -> Value {
    let shapes: Vec<_> = schemas.iter().map(|schema| Shape::of(instrument, schema)).collect();
    let mut meant = if shapes.len() > MAX_ALTERNATIVES { forms(&shapes) } else { by_type(instrument, &shapes) };
    if key == "oneOf" {
        let several = json!({expected::KEYWORD: {"several": describe_all(&shapes)}});
        meant = json!({"if": instrument.part(list, Part::Alternatives("anyOf")), "then": several, "else": meant});
    }
    json!({"if": instrument.part(list, Part::Alternatives(key)), "then": true, "else": meant})
}

fn by_type<'a>(instrument: &mut impl Parts<'a>, shapes: &[Shape<'a>]) -> Value {
    if let Some(values) = only_values(shapes) {
        return json!({expected::KEYWORD: {"values": values}});
    }
    let types: Vec<_> =
        TYPES.into_iter().filter(|name| shapes.iter().any(|shape| shape.types.contains(name))).collect();
    let mut all = vec![json!({steps::KEYWORD: [shapes.len() * 4, 0]}), json!({"type": types})];
    for name in &types {
        let candidates: Vec<_> = shapes.iter().filter(|shape| shape.types.contains(name)).collect();
        let meant = among(instrument, name, &candidates);
        all.push(json!({"if": {"type": name}, "then": meant}));
    }
    json!({"allOf": all})
}

fn among<'a>(instrument: &mut impl Parts<'a>, name: &str, candidates: &[&Shape<'a>]) -> Value {
    if let [only] = candidates {
        return instrument.part(only.schema, Part::Narrowed);
    }
    if let Some(values) = only_values(candidates.iter().copied()) {
        return json!({expected::KEYWORD: {"values": values}});
    }
    let told_apart = (name == "object")
        .then(|| by_tag(instrument, candidates).or_else(|| by_members(instrument, candidates)))
        .flatten();
    told_apart.unwrap_or_else(|| forms(candidates.iter().copied()))
}

/// All values of alternatives that are nothing but values.
fn only_values<'s, 'a: 's>(shapes: impl IntoIterator<Item = &'s Shape<'a>>) -> Option<Vec<&'a Value>> {
    let mut all = Vec::new();
    for shape in shapes {
        all.extend(shape.values.as_ref()?);
    }
    (!all.is_empty()).then_some(all)
}

/// By a member that has other constants in each of them.
fn by_tag<'a>(instrument: &mut impl Parts<'a>, candidates: &[&Shape<'a>]) -> Option<Value> {
    let (first, rest) = candidates.split_first()?;
    let tags = first.properties.iter().map(|(name, _)| *name);
    let (tag, values) = tags.into_iter().find_map(|tag| {
        let mut seen = HashSet::new();
        let mut values = Vec::with_capacity(candidates.len());
        for candidate in std::iter::once(first).chain(rest) {
            let own = constants(instrument, candidate.property(tag)?)?;
            if !own.iter().all(|value| value.as_str().is_some_and(|text| seen.insert(text))) {
                return None;
            }
            values.push(own);
        }
        Some((tag, values))
    })?;
    let every: Vec<_> = values.iter().flatten().collect();
    let mut all = vec![
        json!({expected::KEYWORD: {"tag": tag, "values": every}}),
        json!({"properties": {tag: {expected::KEYWORD: {"values": every}}}}),
    ];
    for (candidate, values) in candidates.iter().zip(&values) {
        let meant = instrument.part(candidate.schema, Part::Narrowed);
        all.push(json!({"if": {"properties": {tag: {"enum": values}}, "required": [tag]}, "then": meant}));
    }
    Some(json!({"allOf": all}))
}

/// By a member that only one of them has. One of them may be what is left when no other one's is there.
fn by_members<'a>(instrument: &mut impl Parts<'a>, candidates: &[&Shape<'a>]) -> Option<Value> {
    let mut marks = Vec::with_capacity(candidates.len());
    for (i, candidate) in candidates.iter().enumerate() {
        let others = || candidates.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, other)| other);
        let own = candidate.properties.iter().map(|(name, _)| *name);
        let own: Vec<_> = own.filter(|name| others().all(|other| other.property(name).is_none())).collect();
        let required: Vec<_> = own.iter().copied().filter(|name| candidate.required.contains(name)).collect();
        marks.push(if required.is_empty() { own } else { required });
    }
    let has =
        |names: &[&str]| json!({"anyOf": names.iter().map(|name| json!({"required": [name]})).collect::<Vec<_>>()});
    let every: Vec<_> = marks.iter().flatten().copied().collect();
    let mut unmarked = candidates.iter().zip(&marks).filter(|(_, own)| own.is_empty()).map(|(candidate, _)| candidate);
    let mut all = Vec::with_capacity(candidates.len() + 1);
    match (unmarked.next(), unmarked.next()) {
        (None, _) => all.push(json!({expected::KEYWORD: {"keys": every}})),
        (Some(rest), None) if !every.is_empty() => {
            all.push(json!({"if": has(&every), "else": instrument.part(rest.schema, Part::Narrowed)}));
        }
        _ => return None,
    }
    for (candidate, own) in candidates.iter().zip(&marks).filter(|(_, own)| !own.is_empty()) {
        all.push(json!({"if": has(own), "then": instrument.part(candidate.schema, Part::Narrowed)}));
    }
    Some(json!({"allOf": all}))
}

/// Nothing tells them apart: all of them are named.
fn forms<'s, 'a: 's>(shapes: impl IntoIterator<Item = &'s Shape<'a>>) -> Value {
    json!({expected::KEYWORD: {"forms": describe_all(shapes)}})
}

fn describe_all<'s, 'a: 's>(shapes: impl IntoIterator<Item = &'s Shape<'a>>) -> String {
    let all: Vec<_> = shapes.into_iter().take(MAX_PARTS).map(Shape::describe).collect();
    cut(all.join("; "))
}

/// The values that a schema allows, where it lists them.
fn constants<'a>(instrument: &impl Parts<'a>, schema: &'a Value) -> Option<Vec<&'a Value>> {
    Shape::of(instrument, schema).values
}

impl<'a> Shape<'a> {
    fn of(instrument: &impl Parts<'a>, schema: &'a Value) -> Self {
        let mut shape =
            Self { schema, types: TYPES.to_vec(), values: None, properties: Vec::new(), required: HashSet::new() };
        let (mut waiting, mut parts) = (vec![schema], 0);
        while let Some(part) = waiting.pop() {
            let Some(keywords) = part.as_object() else { continue };
            parts += 1;
            if parts > MAX_PARTS {
                break;
            }
            shape.add(keywords);
            let target = keywords.get("$ref").and_then(Value::as_str).and_then(|to| instrument.target(to).ok());
            waiting.extend(target);
            waiting.extend(keywords.get("allOf").and_then(Value::as_array).into_iter().flatten());
        }
        shape
    }

    fn add(&mut self, keywords: &'a Map<String, Value>) {
        let values = match (keywords.get("const"), keywords.get("enum").and_then(Value::as_array)) {
            (Some(only), _) => Some(vec![only]),
            (None, Some(values)) => Some(values.iter().collect()),
            (None, None) if is_null(keywords.get("type")) => Some(vec![&Value::Null]),
            (None, None) => list_of_constants(keywords),
        };
        if let Some(values) = values {
            self.types.retain(|name| values.iter().any(|value| type_of(value) == *name));
            self.values = Some(values);
        }
        match keywords.get("type") {
            Some(Value::String(one)) => self.types.retain(|name| is_type(one, name)),
            Some(Value::Array(some)) => {
                self.types.retain(|name| some.iter().filter_map(Value::as_str).any(|one| is_type(one, name)));
            }
            _ if keywords.contains_key("properties") || keywords.contains_key("required") => {
                self.types.retain(|name| *name == "object");
            }
            _ => {}
        }
        let properties = keywords.get("properties").and_then(Value::as_object);
        self.properties.extend(properties.into_iter().flatten().map(|(name, schema)| (name.as_str(), schema)));
        let required = keywords.get("required").and_then(Value::as_array);
        self.required.extend(required.into_iter().flatten().filter_map(Value::as_str));
    }

    fn property(&self, name: &str) -> Option<&'a Value> {
        self.properties.iter().find(|(own, _)| *own == name).map(|(_, schema)| *schema)
    }

    fn describe(&self) -> String {
        let listed = |names: Vec<&str>| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        if let Some(values) = &self.values {
            return expected::listed(values.iter().copied());
        }
        let required: Vec<_> =
            self.properties.iter().map(|(name, _)| *name).filter(|name| self.required.contains(name)).collect();
        match self.types.as_slice() {
            ["object"] if !required.is_empty() => format!("an object with {}", listed(required)),
            ["object"] if !self.properties.is_empty() => {
                format!("an object of {}", listed(self.properties.iter().map(|(name, _)| *name).collect()))
            }
            types if types.len() == TYPES.len() => "something else".to_owned(),
            types => types.join(" or "),
        }
    }
}

/// An enumeration whose names are described one by one.
fn list_of_constants(keywords: &Map<String, Value>) -> Option<Vec<&Value>> {
    let alternatives = keywords.get("oneOf").or_else(|| keywords.get("anyOf"))?.as_array()?;
    let mut all = Vec::with_capacity(alternatives.len());
    for one in alternatives {
        match (one.get("const"), one.get("enum").and_then(Value::as_array)) {
            (Some(only), _) => all.push(only),
            (None, Some(values)) => all.extend(values),
            (None, None) => return None,
        }
    }
    Some(all)
}

fn is_null(kind: Option<&Value>) -> bool {
    kind.is_some_and(|kind| kind == "null")
}

fn is_type(named: &str, name: &str) -> bool {
    named == name || (named == "integer" && name == "number")
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
