//! What a model reads of conditions: one object, in which nested ones are objects. A schema that refers to itself is refused by
//! some model APIs; what is nested is checked when it is read.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::json;

use crate::Condition;

/// The schema of conditions; `expr` is that of what they may compare with besides values.
pub fn condition_schema(expr: Option<Schema>) -> Schema {
    let mut schema = json_schema!({
        "type": "object",
        "description": "As {\"op\": \"gte\", \"field\": \"area\", \"value\": 5}, or {\"op\": \"or\", \"args\": [condition, condition]}.",
        "properties": {
            "op": {
                "type": "string",
                "enum": [
                    "eq", "ne", "lt", "lte", "gt", "gte", "in", "contains", "starts_with", "ends_with", "is_null",
                    "not_null", "and", "or", "not", "le", "ge", "exists"
                ],
                "description": "`eq` to `gte`: `field` against `value`. `in`: one of `values`. `contains`, `starts_with`, `ends_with`: `text`. \
                                `and`, `or`, `not`: of `args`. `le`, `ge`, `exists` are other names of `lte`, `gte`, `not_null`."
            },
            "field": { "type": "string", "description": "What is tested; `column` is another name of this member." },
            "value": { "description": "A string, number or boolean; dates as strings." },
            "values": { "type": "array", "items": {}, "description": "Strings, numbers or booleans." },
            "text": { "type": "string", "description": "A part of text." },
            "ignore_case": { "type": "boolean", "description": "Whether upper and lower case of text are alike." },
            "args": { "type": "array", "items": { "type": "object" }, "description": "Conditions like this one; one for `not`." }
        }
    });
    if let (Some(mut expr), Some(properties)) = (expr, schema.get_mut("properties").and_then(|it| it.as_object_mut())) {
        expr.insert("description".to_owned(), json!("What `field` is compared with, instead of `value`. What is tested is always a column: add a computed one by a `map` step first."));
        properties.insert("expr".to_owned(), expr.into());
    }
    schema
}

impl<E: JsonSchema> JsonSchema for Condition<E> {
    fn schema_name() -> Cow<'static, str> {
        "Condition".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        condition_schema(Some(generator.subschema_for::<E>()))
    }
}
