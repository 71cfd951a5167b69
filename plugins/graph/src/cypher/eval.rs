//! Values of expressions.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::{Value, json};
use tandem_sdk::prelude::*;

use super::syntax::Expression;
use crate::graph::Key;
use crate::model::{Entity, Properties};

/// A relationship of the graph.
pub(super) type Edge<'g> = (&'g Key, &'g Properties);

/// What a variable stands for.
#[derive(Clone, Debug)]
pub(super) enum Bound<'g> {
    Node(&'g Entity),
    Relationship(Edge<'g>),
    Path(Vec<Edge<'g>>),
}

/// The variables of a match.
pub(super) type Bindings<'g, 'q> = BTreeMap<&'q str, Bound<'g>>;

impl Bound<'_> {
    fn value(&self) -> Value {
        match self {
            Self::Node(entity) => json!({ "name": entity.name, "type": entity.kind, "properties": entity.properties }),
            Self::Relationship(edge) => edge_value(edge),
            Self::Path(edges) => edges.iter().map(edge_value).collect(),
        }
    }

    fn property(&self, name: &str) -> Value {
        match self {
            Self::Node(entity) => entity_property(entity, name),
            Self::Relationship((key, properties)) => edge_property(key, properties, name),
            Self::Path(_) => Value::Null,
        }
    }
}

fn edge_value((key, properties): &Edge<'_>) -> Value {
    json!({ "from": key.0, "type": key.1, "to": key.2, "properties": properties })
}

/// A property of an entity; its name, type and observations are properties too.
pub(super) fn entity_property(entity: &Entity, name: &str) -> Value {
    match name {
        "name" => json!(entity.name),
        "type" => json!(entity.kind),
        "observations" => entity.observations.iter().map(|observation| observation.text.as_str()).collect(),
        _ => entity.properties.get(name).cloned().unwrap_or_default(),
    }
}

pub(super) fn edge_property(key: &Key, properties: &Properties, name: &str) -> Value {
    match name {
        "type" => json!(key.1),
        _ => properties.get(name).cloned().unwrap_or_default(),
    }
}

/// The value of an expression in a match.
pub(super) fn eval(expression: &Expression, bindings: &Bindings<'_, '_>) -> Result<Value> {
    Ok(match expression {
        Expression::Literal(value) => value.clone(),
        Expression::Variable(name) => bindings.get(name.as_str()).map(Bound::value).unwrap_or_default(),
        Expression::Property(of, name) => match &**of {
            Expression::Variable(variable) => {
                bindings.get(variable.as_str()).map(|bound| bound.property(name)).unwrap_or_default()
            }
            other => eval(other, bindings)?.get(name).cloned().unwrap_or_default(),
        },
        Expression::List(items) => {
            Value::Array(items.iter().map(|item| eval(item, bindings)).collect::<Result<Vec<_>>>()?)
        }
        Expression::Unary(operator, of) => unary(operator, eval(of, bindings)?)?,
        Expression::Binary(operator, a, b) => binary(operator, &eval(a, bindings)?, &eval(b, bindings)?)?,
        Expression::Call(name, _, arguments) => {
            let values = arguments.iter().map(|argument| eval(argument, bindings)).collect::<Result<Vec<_>>>()?;
            call(name, &values)?
        }
    })
}

fn unary(operator: &str, value: Value) -> Result<Value> {
    Ok(match (operator, value) {
        ("IS NULL", value) => json!(value.is_null()),
        ("IS NOT NULL", value) => json!(!value.is_null()),
        (_, Value::Null) => Value::Null,
        ("NOT", Value::Bool(truth)) => json!(!truth),
        ("-", value) if value.is_number() => arithmetic("-", &json!(0), &value)?,
        (operator, value) => {
            return Err(Error::invalid_arguments(format!("`query`: `{operator}` does not fit {value:.80}")));
        }
    })
}

fn binary(operator: &str, a: &Value, b: &Value) -> Result<Value> {
    match operator {
        // Three-valued logic: what is unknown decides nothing.
        "AND" | "OR" => {
            let decides = json!(operator == "OR");
            return Ok(if *a == decides || *b == decides {
                decides
            } else if a.is_null() || b.is_null() {
                Value::Null
            } else {
                json!(operator == "AND")
            });
        }
        _ if a.is_null() || b.is_null() => return Ok(Value::Null),
        _ => {}
    }
    let texts = || a.as_str().zip(b.as_str());
    Ok(match operator {
        "=" => json!(equal(a, b)),
        "<>" => json!(!equal(a, b)),
        "<" | "<=" | ">" | ">=" => match comparable(a, b) {
            None => Value::Null,
            Some(order) => json!(match operator {
                "<" => order.is_lt(),
                "<=" => order.is_le(),
                ">" => order.is_gt(),
                _ => order.is_ge(),
            }),
        },
        "IN" => match b.as_array() {
            Some(items) => json!(items.iter().any(|item| equal(a, item))),
            None => return Err(Error::invalid_arguments("`query`: `IN` needs a list on its right, as `[1, 2]`")),
        },
        // Lists of texts, such as observations, contain a text when one of them does.
        "CONTAINS" => match (a, b.as_str()) {
            (Value::Array(items), Some(part)) => {
                json!(items.iter().filter_map(Value::as_str).any(|item| item.contains(part)))
            }
            _ => texts().map_or(Value::Null, |(a, b)| json!(a.contains(b))),
        },
        "STARTS" => texts().map_or(Value::Null, |(a, b)| json!(a.starts_with(b))),
        "ENDS" => texts().map_or(Value::Null, |(a, b)| json!(a.ends_with(b))),
        _ => arithmetic(operator, a, b)?,
    })
}

fn arithmetic(operator: &str, a: &Value, b: &Value) -> Result<Value> {
    if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
        let result = match operator {
            "+" => a.checked_add(b),
            "-" => a.checked_sub(b),
            "*" => a.checked_mul(b),
            "/" => a.checked_div(b),
            _ => a.checked_rem(b),
        };
        return result.map(Value::from).ok_or_else(|| {
            Error::invalid_arguments(format!("`query`: {a} {operator} {b} is beyond the range of integers"))
        });
    }
    if let (Some(a), Some(b)) = (a.as_f64(), b.as_f64()) {
        return Ok(json!(match operator {
            "+" => a + b,
            "-" => a - b,
            "*" => a * b,
            "/" => a / b,
            _ => a % b,
        }));
    }
    match (operator, a.as_str(), b.as_str()) {
        ("+", Some(a), Some(b)) => Ok(json!(format!("{a}{b}"))),
        _ => {
            Err(Error::invalid_arguments(format!("`query`: `{operator}` needs two numbers, found {a:.80} and {b:.80}")))
        }
    }
}

pub(super) fn equal(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.total_cmp(&b).is_eq(),
        _ => a == b,
    }
}

fn comparable(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
        },
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// The order of any values: by kind, then by value; null is last.
pub(super) fn order(a: &Value, b: &Value) -> Ordering {
    let kind = |value: &Value| match value {
        Value::Object(_) => 0,
        Value::Array(_) => 1,
        Value::String(_) => 2,
        Value::Bool(_) => 3,
        Value::Number(_) => 4,
        Value::Null => 5,
    };
    comparable(a, b).unwrap_or_else(|| kind(a).cmp(&kind(b)).then_with(|| a.to_string().cmp(&b.to_string())))
}

/// The functions of one row.
pub(super) const FUNCTIONS: [&str; 12] = [
    "type",
    "labels",
    "size",
    "length",
    "tolower",
    "toupper",
    "tostring",
    "coalesce",
    "keys",
    "properties",
    "startnode",
    "endnode",
];

fn call(name: &str, values: &[Value]) -> Result<Value> {
    let wrong = || Error::invalid_arguments(format!("`query`: `{name}` takes one argument, found {}", values.len()));
    if name == "coalesce" {
        return Ok(values.iter().find(|value| !value.is_null()).cloned().unwrap_or_default());
    }
    let [value] = values else { return Err(wrong()) };
    let member = |name: &str| value.get(name).cloned().unwrap_or_default();
    Ok(match (name, value) {
        (_, Value::Null) => Value::Null,
        ("type", _) => member("type"),
        ("labels", _) => json!([member("type")]),
        ("properties", _) => member("properties"),
        ("keys", _) => member("properties").as_object().map(|p| p.keys().cloned().collect()).unwrap_or_default(),
        ("startnode", _) => member("from"),
        ("endnode", _) => member("to"),
        ("size" | "length", Value::Array(items)) => json!(items.len()),
        ("size" | "length", Value::String(text)) => json!(text.chars().count()),
        ("tolower", Value::String(text)) => json!(text.to_lowercase()),
        ("toupper", Value::String(text)) => json!(text.to_uppercase()),
        ("tostring", Value::String(_)) => value.clone(),
        ("tostring", other) => json!(other.to_string()),
        _ => Value::Null,
    })
}
