//! Reading conditions.

use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::Error as _};
use serde_json::{Map, Value};

use crate::{Comparison, Condition, MAX_DEPTH, Operand, TextMatch};

/// Bytes of a name or value that an error repeats.
const MAX_SHOWN: usize = 64;

/// Bytes of an error that gets another place in front.
const MAX_PLACED: usize = 400;

/// An operation by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    And,
    Or,
    Not,
    Compare(Comparison),
    In,
    Text(TextMatch),
    Null(bool),
}

impl Op {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "and" | "all" => Self::And,
            "or" | "any" => Self::Or,
            "not" => Self::Not,
            "eq" | "=" | "==" => Self::Compare(Comparison::Eq),
            "ne" | "!=" | "<>" => Self::Compare(Comparison::Ne),
            "lt" | "<" => Self::Compare(Comparison::Lt),
            "lte" | "le" | "<=" => Self::Compare(Comparison::Lte),
            "gt" | ">" => Self::Compare(Comparison::Gt),
            "gte" | "ge" | ">=" => Self::Compare(Comparison::Gte),
            "in" => Self::In,
            "contains" => Self::Text(TextMatch::Contains),
            "starts_with" => Self::Text(TextMatch::StartsWith),
            "ends_with" => Self::Text(TextMatch::EndsWith),
            "is_null" => Self::Null(true),
            "not_null" | "exists" => Self::Null(false),
            _ => return None,
        })
    }

    /// The members that it uses, besides `op`.
    fn members(self) -> &'static [&'static str] {
        match self {
            Self::And | Self::Or | Self::Not => &["args"],
            Self::Compare(_) => &["field", "column", "value", "expr"],
            Self::In => &["field", "column", "values", "value"],
            Self::Text(_) => &["field", "column", "text", "value", "ignore_case"],
            Self::Null(_) => &["field", "column"],
        }
    }
}

impl<'de, E: DeserializeOwned> Deserialize<'de> for Condition<E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(Value::deserialize(deserializer)?, 0).map_err(D::Error::custom)
    }
}

fn read<E: DeserializeOwned>(value: Value, depth: usize) -> Result<Condition<E>, String> {
    if depth >= MAX_DEPTH {
        return Err(format!(
            "conditions are at most {MAX_DEPTH} levels deep in each other: split them into several filters"
        ));
    }
    let Value::Object(members) = value else {
        return Err(format!("a condition is an object such as {EXAMPLE}, not {}", shown(&value)));
    };
    let (name, op, members) = operation(members)?;
    if let Some(other) = members.keys().find(|member| *member != "op" && !op.members().contains(&member.as_str())) {
        let used: Vec<_> =
            op.members().iter().filter(|name| **name != "column").map(|name| format!("`{name}`")).collect();
        return Err(format!("`{name}` does not use `{}`: it has {}", cut(other), used.join(", ")));
    }
    let mut members = Members { name, members };
    Ok(match op {
        Op::And => Condition::And(members.args(depth)?),
        Op::Or => Condition::Or(members.args(depth)?),
        Op::Not => {
            let mut args = members.args(depth)?;
            match (args.pop(), args.is_empty()) {
                (Some(only), true) => Condition::Not(Box::new(only)),
                _ => return Err("`not` has one condition in `args`".to_owned()),
            }
        }
        Op::Compare(op) => Condition::Compare { op, field: members.field()?, with: members.operand()? },
        Op::In => Condition::In { field: members.field()?, values: members.values()? },
        Op::Text(op) => Condition::Text {
            op,
            field: members.field()?,
            text: members.text()?,
            ignore_case: members.flag("ignore_case")?,
        },
        Op::Null(wanted) => Condition::Null { field: members.field()?, wanted },
    })
}

const EXAMPLE: &str = r#"{"op": "eq", "field": "name", "value": "x"}"#;
const NAMES: &str = "`eq`, `ne`, `lt`, `lte`, `gt`, `gte`, `in`, `contains`, `starts_with`, `ends_with`, `is_null`, \
                     `not_null`, `and`, `or`, `not`";

/// The operation, and its members: beside `op`, or below the only member, which names it.
fn operation(mut members: Map<String, Value>) -> Result<(String, Op, Map<String, Value>), String> {
    if let Some(name) = members.get("op") {
        let name = name.as_str().ok_or_else(|| format!("`op` is one of {NAMES}, not {}", shown(name)))?;
        let op = Op::of(name).ok_or_else(|| format!("`op` is one of {NAMES}, not `{}`", cut(name)))?;
        return Ok((name.to_owned(), op, members));
    }
    let only = (members.len() == 1).then(|| members.keys().next().cloned()).flatten();
    let Some((name, op)) = only.as_ref().and_then(|name| Some((name.clone(), Op::of(name)?))) else {
        let first =
            members.iter().find(|(name, _)| !["field", "column", "value", "values", "args"].contains(&name.as_str()));
        return Err(match first {
            Some((name, value)) => {
                let meant = serde_json::json!({"op": "eq", "field": cut(name), "value": value});
                format!("a condition has an `op`, one of {NAMES}, and no `{}`: write {}", cut(name), shown(&meant))
            }
            None => format!("a condition has an `op`, one of {NAMES}, as {EXAMPLE}"),
        });
    };
    let inner = match (op, members.remove(&name).unwrap_or_default()) {
        (Op::And | Op::Or | Op::Not, args @ Value::Array(_)) => Map::from_iter([("args".to_owned(), args)]),
        (Op::Not, one @ Value::Object(_)) => Map::from_iter([("args".to_owned(), Value::Array(vec![one]))]),
        (Op::And | Op::Or | Op::Not, other) => {
            return Err(format!("`{name}` has a list of conditions, not {}", shown(&other)));
        }
        (_, Value::Object(inner)) => inner,
        (_, other) => {
            return Err(format!(
                "`{name}` has an object such as {{\"field\": \"name\", \"value\": 1}}, not {}",
                shown(&other)
            ));
        }
    };
    Ok((name, op, inner))
}

struct Members {
    /// The operation, as the caller wrote it.
    name: String,
    members: Map<String, Value>,
}

impl Members {
    fn take(&mut self, member: &str) -> Option<Value> {
        self.members.remove(member)
    }

    fn args<E: DeserializeOwned>(&mut self, depth: usize) -> Result<Vec<Condition<E>>, String> {
        match self.take("args") {
            Some(Value::Array(args)) => args
                .into_iter()
                .enumerate()
                .map(|(at, arg)| read(arg, depth + 1).map_err(|error| placed(at, error)))
                .collect(),
            Some(other) => Err(format!("`args` of `{}` is a list of conditions, not {}", self.name, shown(&other))),
            None => Err(format!("`{}` needs `args`, a list of conditions", self.name)),
        }
    }

    fn field(&mut self) -> Result<String, String> {
        match (self.take("field"), self.take("column")) {
            (Some(_), Some(_)) => Err("`field` and `column` are the same: give one of them".to_owned()),
            (Some(Value::String(name)), None) | (None, Some(Value::String(name))) => Ok(name),
            (None, None) => Err(format!("`{}` needs `field`, the name of what it compares", self.name)),
            (Some(other), _) | (_, Some(other)) => Err(format!("`field` is a name, not {}", shown(&other))),
        }
    }

    fn operand<E: DeserializeOwned>(&mut self) -> Result<Operand<E>, String> {
        match (self.take("value"), self.take("expr")) {
            (Some(value), None) => Ok(Operand::Value(value)),
            (None, Some(expr)) => serde_json::from_value(expr)
                .map(|expr| Operand::Expr(Box::new(expr)))
                .map_err(|error| format!("`expr`: {error}")),
            (None, None) => Err(format!("`{}` needs `value`; for null use `is_null` or `not_null`", self.name)),
            (Some(_), Some(_)) => Err("give either `value` or `expr`".to_owned()),
        }
    }

    fn values(&mut self) -> Result<Vec<Value>, String> {
        match (self.take("values"), self.take("value")) {
            (Some(Value::Array(values)), None) | (None, Some(Value::Array(values))) => Ok(values),
            (Some(_), Some(_)) => Err("`in` has `values` and no `value`".to_owned()),
            (None, None) => Err("`in` needs `values`, a list".to_owned()),
            (Some(other), _) | (_, Some(other)) => Err(format!("`values` of `in` is a list, not {}", shown(&other))),
        }
    }

    fn text(&mut self) -> Result<String, String> {
        match (self.take("text"), self.take("value")) {
            (Some(Value::String(text)), None) | (None, Some(Value::String(text))) => Ok(text),
            (Some(_), Some(_)) => Err(format!("`{}` has `text` and no `value`", self.name)),
            (None, None) => Err(format!("`{}` needs `text`", self.name)),
            (Some(other), _) | (_, Some(other)) => Err(format!("`text` is a string, not {}", shown(&other))),
        }
    }

    fn flag(&mut self, member: &str) -> Result<bool, String> {
        match self.take(member) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(other) => Err(format!("`{member}` is true or false, not {}", shown(&other))),
        }
    }
}

/// Says where an error is, of the few outermost levels that anybody wants to read.
fn placed(at: usize, error: String) -> String {
    if error.len() > MAX_PLACED { error } else { format!("`args` {}: {error}", at + 1) }
}

fn shown(value: &Value) -> String {
    cut(&value.to_string()).to_owned()
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_SHOWN)).unwrap_or(text)
}
