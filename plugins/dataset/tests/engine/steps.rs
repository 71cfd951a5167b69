//! Steps: what each makes of a small table whose result is known.

use crate::space::{Space, rows, types};
use serde_json::{Value, json};
use tandem_plugin_dataset::Error;

const SALES: &str = "id,shop,item,price,count,day\n\
    1,north,apple,0.5,10,2024-01-01\n\
    2,south,pear,0.75,4,2024-01-02\n\
    3,north,pear,0.8,,2024-01-02\n\
    4,,apple,0.55,7,2024-01-03\n\
    5,south,apple,0.45,20,2024-01-05\n";

fn run(steps: Value) -> Value {
    rows(&Space::with("sales.csv", SALES).process("data/sales.csv", steps).unwrap())
}

fn ids(steps: Value) -> Vec<i64> {
    let rows = run(steps);
    rows.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

pub(crate) fn filter(condition: Value) -> Vec<i64> {
    ids(json!([{ "step": "filter", "where": condition }]))
}

pub(crate) fn map(expr: Value) -> Vec<Value> {
    let rows = run(json!([{ "step": "map", "column": "out", "expr": expr }, { "step": "select", "columns": ["out"] }]));
    rows.as_array().unwrap().iter().map(|row| row["out"].clone()).collect()
}

pub(crate) fn refused(steps: Value) -> String {
    let error = Space::with("sales.csv", SALES).process("data/sales.csv", steps).unwrap_err();
    assert!(matches!(error, Error::Invalid(_)), "{error:?}");
    error.to_string()
}

pub(crate) fn column(name: &str) -> Value {
    json!({ "op": "column", "name": name })
}

#[test]
fn comparisons_follow_the_column_types() {
    assert_eq!(filter(json!({ "op": "gt", "column": "price", "value": 0.5 })), [2, 3, 4]);
    assert_eq!(filter(json!({ "op": "le", "column": "count", "value": 7.5 })), [2, 4], "null is not less");
    assert_eq!(filter(json!({ "op": "ge", "column": "day", "value": "2024-01-03" })), [4, 5]);
    assert_eq!(filter(json!({ "op": "ne", "column": "shop", "value": "north" })), [2, 5], "null is not unequal");
    assert_eq!(filter(json!({ "op": "in", "column": "id", "values": [1, 5.0, 9] })), [1, 5]);
    assert_eq!(filter(json!({ "op": "is_null", "column": "shop" })), [4]);
    assert_eq!(filter(json!({ "op": "contains", "column": "item", "text": "PP", "ignore_case": true })), [1, 4, 5]);
    assert_eq!(
        filter(
            json!({ "op": "lt", "column": "price", "expr": { "op": "div", "args": [column("count"), { "op": "value", "value": 10 }] } })
        ),
        [1, 4, 5]
    );
}

#[test]
fn and_or_not_with_unknowns_as_in_sql() {
    let north = json!({ "op": "eq", "column": "shop", "value": "north" });
    let cheap = json!({ "op": "lt", "column": "price", "value": 0.6 });
    assert_eq!(filter(json!({ "op": "and", "args": [north, cheap] })), [1]);
    assert_eq!(filter(json!({ "op": "or", "args": [north, cheap] })), [1, 3, 4, 5]);
    assert_eq!(filter(json!({ "op": "not", "args": [north] })), [2, 5], "row 4 is unknown, not false");
    assert_eq!(filter(json!({ "op": "and", "args": [] })), [1, 2, 3, 4, 5]);
}

#[test]
fn expressions_compute() {
    assert_eq!(
        map(json!({ "op": "mul", "args": [column("price"), column("count")] })),
        [json!(5.0), json!(3.0), json!(null), json!(0.55 * 7.0), json!(9.0)]
    );
    assert_eq!(
        map(json!({ "op": "sub", "args": [column("id"), { "op": "value", "value": 3 }] })),
        [-2, -1, 0, 1, 2].map(Value::from)
    );
    assert_eq!(
        map(
            json!({ "op": "div", "args": [column("id"), { "op": "sub", "args": [column("id"), { "op": "value", "value": 2 }] }] })
        ),
        [json!(-1.0), json!(null), json!(3.0), json!(2.0), json!(5.0 / 3.0)]
    );
    assert_eq!(
        map(json!({ "op": "round", "args": [column("price")], "digits": 1 })),
        [0.5, 0.8, 0.8, 0.6, 0.5].map(Value::from)
    );
    assert_eq!(
        map(
            json!({ "op": "concat", "args": [{ "op": "upper", "args": [column("item")] }, { "op": "value", "value": "-" }, column("id")] })
        )[1],
        "PEAR-2"
    );
    assert_eq!(map(json!({ "op": "substring", "args": [column("item")], "start": 1, "count": 2 }))[0], "pp");
    assert_eq!(
        map(json!({ "op": "coalesce", "args": [column("count"), { "op": "value", "value": 0.5 }] })),
        [10.0, 4.0, 0.5, 7.0, 20.0].map(Value::from)
    );
    assert_eq!(map(json!({ "op": "cast", "type": "string", "args": [column("day")] }))[0], "2024-01-01");
    let choice = json!({ "op": "if", "condition": { "op": "gt", "column": "count", "value": 5 }, "args": [{ "op": "value", "value": "many" }, { "op": "value", "value": "few" }] });
    assert_eq!(map(choice), ["many", "few", "few", "many", "many"].map(Value::from));
}

#[test]
fn a_wrong_expression_is_told_before_a_row_is_read() {
    let map = |expr: Value| refused(json!([{ "step": "map", "column": "out", "expr": expr }]));
    let filter = |condition: Value| refused(json!([{ "step": "filter", "where": condition }]));
    assert!(
        map(json!({ "op": "add", "args": [column("item"), column("id")] }))
            .contains("`add` needs numbers and gets string")
    );
    assert!(map(json!({ "op": "lower", "args": [column("price")] })).contains("cast it to string"));
    assert!(map(json!({ "op": "column" })).contains("`column` needs `name`"));
    assert!(map(json!({ "op": "neg", "args": [column("id")], "digits": 2 })).contains("does not use `digits`"));
    assert!(
        filter(json!({ "op": "eq", "column": "prize", "value": 1 })).contains("the columns are id, shop, item, price")
    );
    assert!(filter(json!({ "op": "eq", "column": "price", "value": "0.5" })).contains("`price` holds float64"));
    assert!(filter(json!({ "op": "eq", "column": "shop", "value": null })).contains("is_null"));
    assert!(filter(json!({ "op": "gt", "column": "day", "value": "Tuesday" })).contains("is no date"));
    let cast = map(json!({ "op": "cast", "type": "int64", "args": [column("item")] }));
    assert!(cast.contains("`apple` cannot be cast to int64") && cast.contains("or_null"), "{cast}");
}

#[test]
fn too_deep_a_tree_is_refused() {
    let mut condition = json!({ "op": "is_null", "column": "shop" });
    for _ in 0..40 {
        condition = json!({ "op": "not", "args": [condition] });
    }
    let step = json!({ "step": "filter", "where": condition });
    let error = serde_json::from_value::<tandem_plugin_dataset::steps::Step>(step).unwrap_err().to_string();
    assert!(error.contains("32 levels") && error.len() < 600, "{error}");
    let mut expr = json!({ "op": "column", "name": "id" });
    for _ in 0..40 {
        expr = json!({ "op": "neg", "args": [expr] });
    }
    let space = Space::with("sales.csv", SALES);
    let error = space.process("data/sales.csv", json!([{ "step": "map", "column": "x", "expr": expr }])).unwrap_err();
    assert!(matches!(&error, Error::Bound(message) if message.contains("32 levels")), "{error}");
}

#[test]
fn columns_are_selected_dropped_and_renamed() {
    assert_eq!(
        run(json!([{ "step": "select", "columns": ["item", "id"] }, { "step": "limit", "count": 1 }])),
        json!([{ "item": "apple", "id": 1 }])
    );
    let steps = json!([
        { "step": "drop", "columns": ["shop", "price", "day"] },
        { "step": "rename", "columns": { "count": "pieces" } },
        { "step": "limit", "count": 1, "offset": 4 },
    ]);
    assert_eq!(run(steps), json!([{ "id": 5, "item": "apple", "pieces": 20 }]));
    assert!(
        refused(json!([{ "step": "rename", "columns": { "id": "shop" } }])).contains("two columns are named `shop`")
    );
}

#[test]
fn sorting_is_stable_and_places_nulls() {
    assert_eq!(ids(json!([{ "step": "sort", "by": [{ "column": "count" }] }])), [2, 4, 1, 5, 3]);
    assert_eq!(
        ids(json!([{ "step": "sort", "by": [{ "column": "count", "descending": true, "nulls": "first" }] }])),
        [3, 5, 1, 4, 2]
    );
    assert_eq!(
        ids(json!([{ "step": "sort", "by": [{ "column": "item" }, { "column": "price", "descending": true }] }])),
        [4, 1, 5, 3, 2]
    );
    assert_eq!(
        ids(json!([{ "step": "sort", "by": [{ "column": "item", "descending": true }] }])),
        [2, 3, 1, 4, 5],
        "equal rows keep their order"
    );
}

#[test]
fn the_best_rows_of_many_are_found_without_holding_all() {
    let space = Space::new();
    // 7919 is prime, so the numbers come in a scattered order and each once.
    let lines: String = (0_u64..200_000).map(|n| format!("{},{}\n", n * 7919 % 200_000, "x".repeat(200))).collect();
    space.put("many.csv", format!("n,pad\n{lines}"));
    let sort = json!({ "step": "sort", "by": [{ "column": "n", "descending": true }] });
    let steps = json!([sort, { "step": "limit", "count": 3, "offset": 1 }, { "step": "select", "columns": ["n"] }]);
    let best = space.process("data/many.csv", steps).unwrap();
    assert_eq!(rows(&best), json!([{ "n": 199_998 }, { "n": 199_997 }, { "n": 199_996 }]));
    let error = space.process("data/many.csv", json!([sort])).unwrap_err();
    assert!(
        matches!(&error, Error::Bound(message) if message.contains("`sort`") && message.contains("24 MiB")),
        "{error}"
    );
}

#[test]
fn groups_come_in_order_of_appearance() {
    let aggregates = json!([
        { "function": "count" },
        { "function": "count", "column": "count", "as": "counted" },
        { "function": "sum", "column": "count" },
        { "function": "mean", "column": "price" },
        { "function": "min", "column": "day" },
        { "function": "max", "column": "item" },
        { "function": "distinct", "column": "item" },
        { "function": "median", "column": "price" },
    ]);
    let grouped = run(json!([{ "step": "group", "by": ["shop"], "aggregates": aggregates }]));
    assert_eq!(
        grouped,
        json!([
            { "shop": "north", "count": 2, "counted": 1, "sum_count": 10, "mean_price": 0.65, "min_day": "2024-01-01", "max_item": "pear", "distinct_item": 2, "median_price": 0.65 },
            { "shop": "south", "count": 2, "counted": 2, "sum_count": 24, "mean_price": 0.6, "min_day": "2024-01-02", "max_item": "pear", "distinct_item": 2, "median_price": 0.6 },
            { "shop": null, "count": 1, "counted": 1, "sum_count": 7, "mean_price": 0.55, "min_day": "2024-01-03", "max_item": "apple", "distinct_item": 1, "median_price": 0.55 },
        ])
    );
}

#[test]
fn the_standard_deviation_is_that_of_a_sample() {
    let numbers =
        json!([{ "n": 1e9 + 4.0 }, { "n": 1e9 + 7.0 }, { "n": null }, { "n": 1e9 + 13.0 }, { "n": 1e9 + 16.0 }]);
    let steps = json!([{ "step": "group", "aggregates": [{ "function": "stddev", "column": "n" }] }]);
    let deviation = |of: Value| {
        let answer = Space::new().run(json!({ "rows": of, "steps": steps })).unwrap();
        rows(&answer)[0]["stddev_n"].clone()
    };
    let found = deviation(numbers).as_f64().unwrap();
    assert!((found - 30_f64.sqrt()).abs() < 1e-9, "{found}");
    assert!(deviation(json!([{ "n": 1 }])).is_null());
}

#[test]
fn aggregates_of_everything_and_of_nothing() {
    let aggregates = json!([{ "function": "count" }, { "function": "sum", "column": "count" }, { "function": "mean", "column": "count" }]);
    assert_eq!(
        run(json!([{ "step": "group", "aggregates": aggregates }])),
        json!([{ "count": 5, "sum_count": 41, "mean_count": 10.25 }])
    );
    let none = json!({ "step": "filter", "where": { "op": "gt", "column": "id", "value": 100 } });
    assert_eq!(
        run(json!([none, { "step": "group", "aggregates": aggregates }])),
        json!([{ "count": 0, "sum_count": null, "mean_count": null }])
    );
    assert!(
        refused(json!([{ "step": "group", "aggregates": [{ "function": "sum", "column": "item" }] }]))
            .contains("`sum` does not fit `item`")
    );
}

#[test]
fn sums_are_exact_or_refused() {
    let space = Space::with("big.csv", "n,f\n9007199254740993,0.1\n9007199254740992,0.2\n1,1e16\n0,-1e16\n");
    let sum = |column: &str| json!([{ "step": "group", "aggregates": [{ "function": "sum", "column": column, "as": "sum" }] }]);
    assert_eq!(rows(&space.process("data/big.csv", sum("n")).unwrap())[0]["sum"], json!("18014398509481986"));
    let float = rows(&space.process("data/big.csv", sum("f")).unwrap())[0]["sum"].as_f64().unwrap();
    assert!((float - 0.3).abs() < 1e-15, "{float}: large terms that cancel must not take small ones along");
    space.put("over.csv", "n\n9223372036854775807\n1\n");
    assert!(space.process("data/over.csv", sum("n")).unwrap_err().to_string().contains("beyond 64-bit"));
}

#[test]
fn joins_match_keys_of_either_number_type() {
    let space = Space::with("sales.csv", SALES);
    space.put("shops.jsonl", "{\"name\":\"north\",\"city\":\"Oslo\",\"id\":7}\n{\"name\":\"north\",\"city\":\"Bergen\",\"id\":8}\n{\"name\":null,\"city\":\"nowhere\",\"id\":9}\n");
    let join = |how: &str| {
        json!([
            { "step": "join", "with": { "path": "data/shops.jsonl" }, "on": [{ "left": "shop", "right": "name" }], "how": how },
            { "step": "select", "columns": ["id", "city", "id_right"] },
        ])
    };
    assert_eq!(
        rows(&space.process("data/sales.csv", join("inner")).unwrap()),
        json!([
            { "id": 1, "city": "Oslo", "id_right": 7 },
            { "id": 1, "city": "Bergen", "id_right": 8 },
            { "id": 3, "city": "Oslo", "id_right": 7 },
            { "id": 3, "city": "Bergen", "id_right": 8 },
        ])
    );
    let left = rows(&space.process("data/sales.csv", join("left")).unwrap());
    assert_eq!(left.as_array().unwrap().len(), 7);
    assert_eq!(left[5], json!({ "id": 4, "city": null, "id_right": null }), "null equals nothing");
    let inline = json!([{ "step": "join", "with": { "rows": [{ "id": 2.0, "note": "seen" }] }, "on": [{ "left": "id" }] }, { "step": "select", "columns": ["note", "id"] }]);
    assert_eq!(rows(&space.process("data/sales.csv", inline).unwrap()), json!([{ "note": "seen", "id": 2 }]));
    let wrong =
        json!([{ "step": "join", "with": { "path": "data/shops.jsonl" }, "on": [{ "left": "shop", "right": "id" }] }]);
    assert!(space.process("data/sales.csv", wrong).unwrap_err().to_string().contains("holds string"));
}

#[test]
fn one_row_may_match_more_rows_than_a_batch_holds() {
    let space = Space::with("left.csv", "k\na\nb\n");
    let right: String = (0..3_000).map(|n| format!("{},{n}\n", if n % 3 == 0 { "b" } else { "a" })).collect();
    space.put("right.csv", format!("k,n\n{right}"));
    let join = json!({ "step": "join", "with": { "path": "data/right.csv" }, "on": [{ "left": "k" }] });
    let group = json!({ "step": "group", "by": ["k"], "aggregates": [{ "function": "count" }, { "function": "distinct", "column": "n" }] });
    assert_eq!(
        rows(&space.process("data/left.csv", json!([join, group])).unwrap()),
        json!([
            { "k": "a", "count": 2_000, "distinct_n": 2_000 },
            { "k": "b", "count": 1_000, "distinct_n": 1_000 },
        ])
    );
}

#[test]
fn distinct_keeps_the_first_row() {
    assert_eq!(ids(json!([{ "step": "distinct", "columns": ["item"] }])), [1, 2]);
    assert_eq!(ids(json!([{ "step": "distinct" }])), [1, 2, 3, 4, 5]);
}

#[test]
fn results_go_to_files_with_their_types() {
    let space = Space::with("sales.csv", SALES);
    let steps = json!([{ "step": "group", "by": ["day"], "aggregates": [{ "function": "sum", "column": "count", "as": "pieces" }] }]);
    let output = json!({ "path": "data/days.parquet" });
    let result = space.run(json!({ "path": "data/sales.csv", "steps": steps, "output": output })).unwrap();
    assert!(result.rows.is_none());
    assert_eq!(result.output.unwrap().rows, 4);
    let loaded = space.load("data/days.parquet").unwrap();
    assert_eq!(types(&loaded), ["day: date", "pieces: int64"]);
    assert_eq!(rows(&loaded)[1], json!({ "day": "2024-01-02", "pieces": 4 }));
}

#[test]
fn inline_rows_keep_the_order_of_their_keys() {
    let space = Space::new();
    let process = r#"{"rows":[{"z":1,"a":"2024-01-01"},{"z":null,"b":true}],"steps":[]}"#;
    let result = space.call().process(serde_json::from_str(process).unwrap()).unwrap();
    assert_eq!(types(&result), ["z: int64", "a: date", "b: bool"]);
    assert_eq!(result.rows.unwrap()[1].0.get(), r#"{"z":null,"a":null,"b":true}"#);
}

#[test]
fn a_wrong_step_is_named() {
    assert!(
        refused(json!([{ "step": "distinct" }, { "step": "select", "columns": ["nope"] }])).starts_with("step 2: ")
    );
    let unknown =
        serde_json::from_value::<Vec<tandem_plugin_dataset::steps::Step>>(json!([{ "step": "pivot" }])).unwrap_err();
    assert!(unknown.to_string().contains("unknown variant `pivot`, expected one of `filter`"), "{unknown}");
}

pub(crate) fn countries() -> Space {
    Space::with(
        "c.csv",
        "name,continent,people,since\nA,x,5,2024-01-31\nB,y,9,2023-12-25\nC,x,7,\nD,x,,2000-02-29\nE,y,9,1999-12-31\nF,x,6,2024-03-01\n",
    )
}

#[test]
fn top_keeps_the_best_rows_of_each_group() {
    let space = countries();
    let top = |step: Value| {
        let result = space.process("data/c.csv", json!([step, { "step": "drop", "columns": ["since"] }])).unwrap();
        rows(&result).as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(top(json!({ "step": "top", "by": "people", "per": ["continent"], "n": 2 })), ["C", "F", "B", "E"]);
    assert_eq!(top(json!({ "step": "top", "by": "people", "n": 1 })), ["B"], "equal ones keep their order");
    assert_eq!(
        top(json!({ "step": "top", "by": "people", "per": ["continent"], "n": 1, "ascending": true })),
        ["A", "B"]
    );
    let ranked = json!([{ "step": "top", "by": "people", "per": ["continent"], "n": 9, "rank": "place" }, { "step": "select", "columns": ["name", "place"] }]);
    let ranked = rows(&space.process("data/c.csv", ranked).unwrap());
    assert_eq!(ranked[3], json!({ "name": "B", "place": 1 }));
    assert_eq!(ranked.as_array().unwrap().len(), 5, "null is no rank");
    for (step, part) in [
        (json!({ "step": "top", "by": "peple", "n": 1 }), "no column `peple`"),
        (json!({ "step": "top", "by": "people", "n": 0 }), "goes from 1"),
        (json!({ "step": "top", "by": "people", "n": 1, "rank": "name" }), "two columns are named `name`"),
    ] {
        let error = space.process("data/c.csv", json!([step])).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let many: String = (0..50_000).map(|i| format!("{},{}\n", i % 3, i)).collect();
    space.put("m.csv", format!("g,n\n{many}"));
    let best = rows(&space.process("data/m.csv", json!([{ "step": "top", "by": "n", "per": ["g"], "n": 2 }])).unwrap());
    assert_eq!(best[0], json!({ "g": 0, "n": 49_998 }));
    assert_eq!(best.as_array().unwrap().len(), 6);
}
