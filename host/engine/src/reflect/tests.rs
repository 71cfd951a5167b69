//! Every value of every type comes back from its JSON, and its JSON fits its type's schema.

use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};
use wasmtime::component::Val;

use super::{
    read::{MAX_VALUES, Reader},
    schema::{Way, object, parameters, schema},
    shape::{Int, Member, Shape},
    write::{self, Stop},
};

const NAMES: [&str; 5] = ["a", "b-c", "d2", "e-URL", "f"];

fn members<T>(shapes: Vec<T>) -> Vec<Member<T>> {
    NAMES.iter().zip(shapes).map(|(name, shape)| Member { name: (*name).into(), docs: None, shape }).collect()
}

fn int() -> impl Strategy<Value = Int> {
    use Int::*;
    prop::sample::select(vec![S8, U8, S16, U16, S32, U32, S64, U64])
}

fn shape() -> impl Strategy<Value = Shape> {
    let leaf = prop_oneof![
        int().prop_map(Shape::Int),
        prop::sample::select(vec![Shape::Bool, Shape::Float32, Shape::Float64, Shape::Char, Shape::Text, Shape::Bytes]),
        (1..5_usize).prop_map(|n| Shape::Enum { docs: None, cases: members(vec![(); n]) }),
        (1..5_usize).prop_map(|n| Shape::Flags { docs: None, flags: members(vec![(); n]) }),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            // `list<u8>` is another shape.
            boxed().prop_filter("bytes", |inner| **inner != Shape::Int(Int::U8)).prop_map(Shape::List),
            boxed().prop_map(Shape::Option),
            vec(inner.clone(), 1..4).prop_map(Shape::Tuple),
            vec(inner.clone(), 1..5).prop_map(|shapes| Shape::Record { docs: None, fields: members(shapes) }),
            vec(prop::option::of(inner.clone()), 1..5)
                .prop_map(|shapes| Shape::Variant { docs: None, cases: members(shapes) }),
            (prop::option::of(boxed()), prop::option::of(boxed())).prop_map(|(ok, err)| Shape::Result(ok, err)),
        ]
    })
}

fn integer(int: Int) -> BoxedStrategy<Val> {
    match int {
        Int::S8 => any::<i8>().prop_map(Val::S8).boxed(),
        Int::U8 => any::<u8>().prop_map(Val::U8).boxed(),
        Int::S16 => any::<i16>().prop_map(Val::S16).boxed(),
        Int::U16 => any::<u16>().prop_map(Val::U16).boxed(),
        Int::S32 => any::<i32>().prop_map(Val::S32).boxed(),
        Int::U32 => any::<u32>().prop_map(Val::U32).boxed(),
        Int::S64 => prop_oneof![any::<i64>(), -9i64..9, Just(i64::MIN), Just(1 << 53)].prop_map(Val::S64).boxed(),
        Int::U64 => prop_oneof![any::<u64>(), 0u64..9, Just(u64::MAX), Just(1 << 53)].prop_map(Val::U64).boxed(),
    }
}

fn payload(shape: Option<&Shape>) -> BoxedStrategy<Option<Box<Val>>> {
    shape.map_or_else(|| Just(None).boxed(), |shape| value(shape).prop_map(|value| Some(Box::new(value))).boxed())
}

/// All of them at once, in their order.
fn each(values: impl Iterator<Item = BoxedStrategy<Val>>) -> BoxedStrategy<Vec<Val>> {
    values.fold(Just(Vec::new()).boxed(), |before, next| {
        (before, next)
            .prop_map(|(mut before, next)| {
                before.push(next);
                before
            })
            .boxed()
    })
}

fn value(shape: &Shape) -> BoxedStrategy<Val> {
    match shape.clone() {
        Shape::Bool => any::<bool>().prop_map(Val::Bool).boxed(),
        Shape::Int(int) => integer(int),
        Shape::Float32 => prop::num::f32::ANY.prop_map(Val::Float32).boxed(),
        Shape::Float64 => prop::num::f64::ANY.prop_map(Val::Float64).boxed(),
        Shape::Char => any::<char>().prop_map(Val::Char).boxed(),
        Shape::Text => any::<String>().prop_map(Val::String).boxed(),
        Shape::Bytes => vec(any::<u8>().prop_map(Val::U8), 0..20).prop_map(Val::List).boxed(),
        Shape::List(element) => vec(value(&element), 0..4).prop_map(Val::List).boxed(),
        Shape::Tuple(parts) => each(parts.iter().map(value)).prop_map(Val::Tuple).boxed(),
        Shape::Record { fields, .. } => {
            let values = each(fields.iter().map(|field| value(&field.shape)));
            let named =
                move |values| fields.iter().map(|field| field.name.to_string()).zip::<Vec<Val>>(values).collect();
            values.prop_map(move |values| Val::Record(named(values))).boxed()
        }
        Shape::Variant { cases, .. } => (0..cases.len())
            .prop_flat_map(move |index| {
                let name = cases[index].name.to_string();
                payload(cases[index].shape.as_ref()).prop_map(move |value| Val::Variant(name.clone(), value))
            })
            .boxed(),
        Shape::Enum { cases, .. } => {
            (0..cases.len()).prop_map(move |index| Val::Enum(cases[index].name.to_string())).boxed()
        }
        Shape::Flags { flags, .. } => {
            let names: Vec<String> = flags.iter().map(|flag| flag.name.to_string()).collect();
            prop::sample::subsequence(names.clone(), 0..=names.len()).prop_map(Val::Flags).boxed()
        }
        Shape::Option(some) => prop_oneof![Just(None).boxed(), payload(Some(&some))].prop_map(Val::Option).boxed(),
        Shape::Result(ok, err) => {
            prop_oneof![payload(ok.as_deref()).prop_map(Ok), payload(err.as_deref()).prop_map(Err)]
                .prop_map(Val::Result)
                .boxed()
        }
    }
}

fn text(shape: &Shape, value: &Val) -> String {
    write::json(shape, value, None, 1 << 20).expect("it is short and of its type")
}

fn fits(schema: &Value, json: &Value) -> bool {
    jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(schema).expect("a schema").is_valid(json)
}

proptest! {
    #[test]
    fn a_value_comes_back_and_fits_its_schema((shape, value) in shape().prop_flat_map(|shape| {
        let values = value(&shape);
        (Just(shape), values)
    })) {
        let text = text(&shape, &value);
        let json: Value = serde_json::from_str(&text).expect("it is JSON");
        prop_assert!(fits(&schema(&shape, Way::Out), &json), "{text} does not fit {}", schema(&shape, Way::Out));
        let back = Reader::new().value(&shape, &json);
        let back = back.map_err(|misfit| TestCaseError::fail(format!("{text}: {misfit}")))?;
        // As text: NaN is not equal to itself.
        prop_assert_eq!(format!("{back:?}"), format!("{value:?}"));
        prop_assert_eq!(self::text(&shape, &back), text);
    }

    #[test]
    fn what_fits_the_input_schema_is_read((shape, value) in shape().prop_flat_map(|shape| {
        let values = value(&shape);
        (Just(shape), values)
    })) {
        let json: Value = serde_json::from_str(&text(&shape, &value)).expect("it is JSON");
        // All that comes out may go in, but the floats that JSON has no number for.
        let odd = json.to_string().contains("Infinity") || json.to_string().contains("NaN");
        prop_assert!(odd || fits(&schema(&shape, Way::In), &json), "{json} does not fit {}", schema(&shape, Way::In));
    }

    #[test]
    fn whatever_is_given_is_read_or_refused_but_never_more(shape in shape(), (_, other) in shape().prop_flat_map(|shape| {
        let values = value(&shape);
        (Just(shape.clone()), values.prop_map(move |value| serde_json::from_str::<Value>(&text(&shape, &value)).unwrap()))
    })) {
        if let Ok(read) = Reader::new().value(&shape, &other) {
            prop_assert!(write::json(&shape, &read, None, 1 << 20).is_ok(), "{other} was read as {read:?}");
        }
    }

    #[test]
    fn text_is_never_longer_than_its_limit(text in any::<String>(), max in 0..40_u64) {
        match write::json(&Shape::Text, &Val::String(text), None, max) {
            Ok(json) => prop_assert!(json.len() as u64 <= max),
            Err(stop) => prop_assert!(matches!(stop, Stop::TooLong)),
        }
    }
}

fn read(shape: &Shape, json: &Value) -> Result<Val, String> {
    Reader::new().value(shape, json).map_err(|misfit| misfit.to_string())
}

#[test]
fn wide_integers_are_exact_in_both_forms() {
    let wide = Shape::Int(Int::U64);
    assert_eq!(text(&wide, &Val::U64(9_007_199_254_740_991)), "9007199254740991");
    assert_eq!(text(&wide, &Val::U64(9_007_199_254_740_992)), "\"9007199254740992\"");
    assert_eq!(read(&wide, &json!("18446744073709551615")), Ok(Val::U64(u64::MAX)));
    assert_eq!(read(&wide, &json!("7")), Ok(Val::U64(7)));
    assert_eq!(read(&wide, &json!(7.0)), Ok(Val::U64(7)));
    let range = "an integer from 0 to 18446744073709551615 is wanted";
    for wrong in [json!(-1), json!("18446744073709551616"), json!("x"), json!(1.5), json!(1e300)] {
        assert_eq!(read(&wide, &wrong), Err(range.to_owned()), "{wrong}");
    }
    let schema = schema(&wide, Way::In);
    for wrong in [json!(-1), json!(9_007_199_254_740_992_u64), json!("-1"), json!("1 "), json!(1.5)] {
        assert!(!fits(&schema, &wrong), "{wrong}");
    }
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let inner = Shape::Record { docs: None, fields: members(vec![Shape::Bool, Shape::List(Box::new(Shape::Char))]) };
    let outer = Shape::Tuple(vec![Shape::Text, inner]);
    for (json, message) in [
        (json!(["x", {"a": true, "b-c": ["y", "yz"]}]), "/1/b-c/1: one character is wanted"),
        (json!(["x", {"b-c": []}]), "/1/a: it is missing"),
        (json!(["x", {"a": true, "b-c": [], "n/o": 1}]), "/1/n~1o: there is no such member"),
        (json!(["x"]), "2 elements are wanted, not 1"),
        (json!({}), "an array is wanted, not an object"),
    ] {
        assert_eq!(read(&outer, &json), Err(message.to_owned()), "{json}");
    }
    assert_eq!(read(&Shape::Float32, &json!(1e39)), Err("the number is too large for f32".to_owned()));
}

#[test]
fn an_option_in_an_option_keeps_its_two_emptinesses_apart() {
    let twice = Shape::Option(Box::new(Shape::Option(Box::new(Shape::Bool))));
    let some_none = Val::Option(Some(Box::new(Val::Option(None))));
    assert_eq!((text(&twice, &Val::Option(None)), text(&twice, &some_none)), ("null".into(), "{\"some\":null}".into()));
    let fields = members(vec![Shape::Option(Box::new(Shape::Bool)), Shape::Text]);
    let schema = object(&fields, None, Way::In);
    assert_eq!(schema["required"], json!(["b-c"]));
    for given in [json!({"b-c": ""}), json!({"a": null, "b-c": ""})] {
        assert!(fits(&schema, &given));
        let read = Reader::new().members(&fields, &given).expect("it fits");
        assert_eq!(read[0].1, Val::Option(None));
    }
    let parameters = parameters(&fields);
    assert_eq!(parameters["properties"]["a"], json!({ "type": "boolean" }), "a plain type");
    assert_eq!(parameters["required"], json!(["b-c"]));
}

#[test]
fn arguments_take_no_more_of_the_host_than_one_crossing_may() {
    let list = Shape::List(Box::new(Shape::Bool));
    let full = vec![Value::Bool(true); MAX_VALUES - 1];
    assert!(read(&list, &full.clone().into()).is_ok());
    let over: Vec<Value> = full.into_iter().chain([Value::Bool(true)]).collect();
    assert!(read(&list, &over.into()).is_err_and(|why| why.contains("values")));
    let long = "A".repeat(MAX_VALUES / 3 * 4 + 4);
    assert!(read(&Shape::Bytes, &long.into()).is_err_and(|why| why.contains("values")));
}
