//! The parameters of a tool, as its input schema has them.

use serde_json::{Map, Value};

/// Levels of objects that are read. Deeper ones, and schemas that refer to themselves, are in the schema.
const MAX_DEPTH: usize = 4;
/// References that are followed from one to the next.
const MAX_REFERENCES: usize = 8;

/// One parameter of a tool, or one member of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What its value may be, in a few words.
    pub kind: String,
    /// Whether it has to be there.
    pub required: bool,
    /// What counts without it.
    pub default: Option<Value>,
    /// Its description; empty where there is none.
    pub description: String,
    /// The members of the object, of the objects of the list, or of the objects of each alternative.
    pub members: Vec<Vec<Parameter>>,
}

/// The parameters that an input schema describes.
#[must_use]
pub fn parameters(schema: &Map<String, Value>) -> Vec<Parameter> {
    let root = Value::Object(schema.clone());
    members(&root, &root, 1)
}

fn members(root: &Value, object: &Value, depth: usize) -> Vec<Parameter> {
    let required: Vec<&str> =
        object.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = object.get("properties").and_then(Value::as_object).into_iter().flatten();
    let parameter = |(name, schema): (&String, &Value)| {
        let description = schema.get("description").or_else(|| resolved(root, schema).get("description"));
        Parameter {
            name: name.clone(),
            kind: kind(root, schema, MAX_REFERENCES),
            required: required.contains(&name.as_str()),
            default: schema.get("default").cloned(),
            description: description.and_then(Value::as_str).unwrap_or_default().to_owned(),
            members: if depth < MAX_DEPTH { below(root, schema, depth + 1) } else { Vec::new() },
        }
    };
    properties.map(parameter).collect()
}

/// The members of an object, of the objects of a list, or of the objects among alternatives.
fn below(root: &Value, schema: &Value, depth: usize) -> Vec<Vec<Parameter>> {
    let schema = resolved(root, schema);
    let objects = match schema.get("items") {
        Some(items) => vec![items],
        None => {
            let branches = ["anyOf", "oneOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten();
            let branches = branches.map(|branch| resolved(root, branch));
            std::iter::once(schema).chain(branches.map(|branch| branch.get("items").unwrap_or(branch))).collect()
        }
    };
    let objects = objects.into_iter().map(|object| members(root, resolved(root, object), depth));
    objects.filter(|members| !members.is_empty()).collect()
}

/// The schema that a local reference leads to.
fn resolved<'s>(root: &'s Value, mut schema: &'s Value) -> &'s Value {
    for _ in 0..MAX_REFERENCES {
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix('#'));
        match target.and_then(|pointer| root.pointer(pointer)) {
            Some(target) => schema = target,
            None => break,
        }
    }
    schema
}

/// What a value may be, in a few words.
fn kind(root: &Value, schema: &Value, depth: usize) -> String {
    let schema = resolved(root, schema);
    if depth == 0 {
        return "value".to_owned();
    }
    let many = |list: &[Value], text: &dyn Fn(&Value) -> String| list.iter().map(text).collect::<Vec<_>>().join(" | ");
    if let Some(Value::Array(values)) = schema.get("enum") {
        return many(values, &Value::to_string);
    }
    if let Some(value) = schema.get("const") {
        return value.to_string();
    }
    for either in ["anyOf", "oneOf"] {
        if let Some(Value::Array(branches)) = schema.get(either) {
            return many(branches, &|branch| kind(root, branch, depth - 1));
        }
    }
    match schema.get("type") {
        Some(Value::String(name)) if name == "array" => match schema.get("items") {
            Some(items) => format!("list of {}", kind(root, items, depth - 1)),
            None => "list".to_owned(),
        },
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => many(names, &|name| name.as_str().unwrap_or_default().to_owned()),
        _ => "value".to_owned(),
    }
}
