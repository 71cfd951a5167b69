//! Parts of dates, and constants that stand for dates.

use serde_json::{Value, json};

use crate::space::rows;
use crate::steps::{column, countries, filter, map, refused};

#[test]
fn dates_have_parts_and_distances() {
    let space = countries();
    let of = |op: &str| {
        let args = if op == "days_between" {
            json!([{ "op": "cast", "type": "date", "args": [{ "op": "value", "value": "2024-01-01" }] }, { "op": "column", "name": "since" }])
        } else {
            json!([{ "op": "column", "name": "since" }])
        };
        let steps = json!([{ "step": "map", "column": "v", "expr": { "op": op, "args": args } }]);
        let result = rows(&space.process("data/c.csv", steps).unwrap());
        result.as_array().unwrap().iter().map(|row| row["v"].clone()).collect::<Value>()
    };
    assert_eq!(of("year"), json!([2024, 2023, null, 2000, 1999, 2024]));
    assert_eq!(of("month"), json!([1, 12, null, 2, 12, 3]));
    assert_eq!(of("day"), json!([31, 25, null, 29, 31, 1]));
    assert_eq!(of("weekday"), json!([3, 1, null, 2, 5, 5]));
    assert_eq!(of("days_between"), json!([30, -7, null, -8707, -8767, 60]));
    let hour =
        json!([{ "step": "map", "column": "v", "expr": { "op": "hour", "args": [{ "op": "column", "name": "t" }] } }]);
    let rows_ = json!({ "rows": [{ "t": "2024-01-31T10:20:30Z" }], "steps": hour });
    assert_eq!(rows(&space.run(rows_).unwrap())[0]["v"], 10);
    let wrong = json!([{ "step": "map", "column": "v", "expr": { "op": "year", "args": [{ "op": "column", "name": "name" }] } }]);
    assert!(space.process("data/c.csv", wrong).unwrap_err().to_string().contains("cast it to date first"));
    let wrong = json!([{ "step": "map", "column": "v", "expr": { "op": "hour", "args": [{ "op": "column", "name": "since" }] } }]);
    assert!(space.process("data/c.csv", wrong).unwrap_err().to_string().contains("timestamp or datetime"));
}

#[test]
fn a_constant_text_that_is_a_date_stands_for_one() {
    let day = |value: &str| json!({ "op": "value", "value": value });
    let between = |from: Value, to: Value| map(json!({ "op": "days_between", "args": [from, to] }));
    assert_eq!(between(day("2024-01-01"), column("day")), [0, 1, 1, 2, 4].map(Value::from));
    assert_eq!(between(column("day"), day("2024-01-05T23:59:59Z")), [4, 3, 3, 2, 0].map(Value::from));
    assert_eq!(map(json!({ "op": "year", "args": [day("1999-12-31")] }))[0], 1999);
    assert_eq!(map(json!({ "op": "hour", "args": [day("1999-12-31 23:00:00")] }))[0], 23);
    assert_eq!(filter(json!({ "op": "gte", "field": "day", "expr": day("2024-01-03") })), [4, 5]);
    let north = json!({ "op": "eq", "field": "shop", "value": "north" });
    for choice in [
        json!({ "op": "if", "condition": north, "args": [column("day"), day("2030-01-01")] }),
        json!({ "op": "coalesce", "args": [column("day"), day("2030-01-01")] }),
    ] {
        let weekday = json!({ "op": "weekday", "args": [choice] });
        assert_eq!(map(weekday)[0], 1, "a column of dates and a constant are dates");
    }
    let wrong = json!({ "op": "days_between", "args": [column("day"), day("tomorrow")] });
    let told = refused(json!([{ "step": "map", "column": "out", "expr": wrong }]));
    assert!(
        told.contains("`days_between` needs a date and gets the text `tomorrow`: write a date as 2024-01-31"),
        "{told}"
    );
}
