//! Runs a query: matches to rows, grouped, sorted and cut.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tandem_sdk::prelude::*;

use super::eval::{Bindings, FUNCTIONS, eval, order};
use super::matcher::Matcher;
use super::parser::parse;
use super::syntax::{AGGREGATES, Expression, Query};
use crate::graph::{Graph, nearest};
use crate::limits::{MAX_ANSWER_BYTES, MAX_HELD_BYTES, MAX_MATCHES};
use crate::model::{Properties, Rows};

/// Where a sort key comes from.
enum SortKey<'q> {
    Column(usize),
    Expression(&'q Expression),
}

/// Runs a query and gives at most `limit` rows.
pub(crate) fn run(ctx: &Ctx, graph: &Graph, text: &str, parameters: &Properties, limit: usize) -> Result<Rows> {
    let query = parse(text, parameters)?;
    check_names(&query)?;
    let grouped = query.items.iter().any(|item| item.expression.aggregates());
    let keys = sort_keys(&query, grouped || query.distinct)?;
    let wanted = query.limit.unwrap_or(usize::MAX).min(limit.saturating_add(1));
    let enough =
        if keys.is_empty() && !grouped && !query.distinct { query.skip.saturating_add(wanted) } else { usize::MAX };
    let mut matched: Vec<(Vec<Value>, Vec<Value>)> = Vec::new();
    let mut bytes = 0;
    if enough > 0 {
        Matcher::new(ctx, graph, &query).run(&mut |bindings| {
            let row = query.items.iter().map(|item| column(&item.expression, bindings)).collect::<Result<Vec<_>>>()?;
            let sort = keys.iter().map(|(key, _)| match key {
                SortKey::Column(_) => Ok(Value::Null),
                SortKey::Expression(expression) => eval(expression, bindings),
            });
            let sort = sort.collect::<Result<Vec<_>>>()?;
            bytes += row.iter().chain(&sort).map(|value| value.to_string().len()).sum::<usize>();
            matched.push((row, sort));
            if matched.len() > MAX_MATCHES || bytes > MAX_HELD_BYTES {
                return Err(Error::invalid_arguments(format!(
                    "`query` has more than {MAX_MATCHES} matches or {MAX_HELD_BYTES} bytes of them; narrow it by `WHERE`, types or names"
                )));
            }
            Ok(matched.len() < enough)
        })?;
    }
    if grouped {
        matched = group(&query, matched)?;
    }
    if query.distinct {
        let mut seen = BTreeSet::new();
        matched.retain(|(row, _)| seen.insert(json!(row).to_string()));
    }
    sort(&mut matched, &keys);
    let rows = matched.into_iter().map(|(row, _)| row).skip(query.skip).take(wanted);
    Ok(cut(query.items.iter().map(|item| item.name.clone()).collect(), rows, limit))
}

fn cut(columns: Vec<String>, rows: impl Iterator<Item = Vec<Value>>, limit: usize) -> Rows {
    let mut answer = Rows { columns, rows: Vec::new(), truncated: false };
    let mut bytes = 0;
    for row in rows {
        bytes += json!(row).to_string().len();
        if answer.rows.len() >= limit || (bytes > MAX_ANSWER_BYTES && !answer.rows.is_empty()) {
            answer.truncated = true;
            break;
        }
        answer.rows.push(row);
    }
    answer
}

/// The value of a column in one match; for an aggregate, what it is to take.
fn column(expression: &Expression, bindings: &Bindings<'_, '_>) -> Result<Value> {
    match expression {
        Expression::Call(name, _, arguments) if AGGREGATES.contains(&name.as_str()) => match arguments.first() {
            None => Ok(Value::Bool(true)),
            Some(argument) => eval(argument, bindings),
        },
        other => eval(other, bindings),
    }
}

/// Refuses variables that no pattern has, and functions that do not exist.
fn check_names(query: &Query) -> Result<()> {
    let mut known = BTreeSet::new();
    for pattern in &query.patterns {
        known.insert(pattern.first.variable.as_str());
        known.extend(pattern.rest.iter().flat_map(|(hop, node)| [hop.variable.as_str(), node.variable.as_str()]));
    }
    let columns: BTreeSet<&str> = query.items.iter().map(|item| item.name.as_str()).collect();
    let mut wrong = None;
    let mut check = |expression: &Expression, may_name_columns: bool, may_aggregate: bool| {
        let mut inner = 0;
        expression.visit(&mut |e| {
            inner += 1;
            match e {
                Expression::Variable(name)
                    if !(known.contains(name.as_str()) || may_name_columns && columns.contains(name.as_str())) =>
                {
                    let near = nearest(name, known.iter().copied().filter(|name| !name.starts_with(' ')));
                    let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                    wrong = Some(format!("no pattern has a variable `{name}`{near}"));
                }
                Expression::Call(name, ..) if AGGREGATES.contains(&name.as_str()) && (!may_aggregate || inner > 1) => {
                    wrong = Some(format!("`{name}` must be a column of `RETURN` by itself"));
                }
                Expression::Call(name, ..) if ![&FUNCTIONS[..], &AGGREGATES[..]].concat().contains(&name.as_str()) => {
                    wrong = Some(format!(
                        "no function `{name}`; functions: {}, {}",
                        FUNCTIONS.join(", "),
                        AGGREGATES.join(", ")
                    ));
                }
                _ => {}
            }
        });
    };
    let nodes =
        query.patterns.iter().flat_map(|p| std::iter::once(&p.first).chain(p.rest.iter().map(|(_, node)| node)));
    let hops = query.patterns.iter().flat_map(|p| p.rest.iter().map(|(hop, _)| &hop.properties));
    for (_, value) in nodes.map(|node| &node.properties).chain(hops).flatten() {
        check(value, false, false);
    }
    query.condition.iter().for_each(|condition| check(condition, false, false));
    query.items.iter().for_each(|item| check(&item.expression, false, true));
    query.order.iter().for_each(|(expression, _)| check(expression, true, true));
    wrong.map_or(Ok(()), |text| Err(Error::invalid_arguments(format!("`query`: {text}"))))
}

fn sort_keys(query: &Query, only_columns: bool) -> Result<Vec<(SortKey<'_>, bool)>> {
    let keys = query.order.iter().map(|(expression, descending)| {
        let same = |item: &super::syntax::Item| {
            matches!(expression, Expression::Variable(name) if *name == item.name)
                || format!("{expression:?}") == format!("{:?}", item.expression)
        };
        match query.items.iter().position(same) {
            Some(column) => Ok((SortKey::Column(column), *descending)),
            None if only_columns => Err(Error::invalid_arguments(
                "`query`: with `DISTINCT` or aggregates, `ORDER BY` takes columns of `RETURN` only",
            )),
            None => Ok((SortKey::Expression(expression), *descending)),
        }
    });
    keys.collect()
}

fn sort(rows: &mut [(Vec<Value>, Vec<Value>)], keys: &[(SortKey<'_>, bool)]) {
    let value = |row: &(Vec<Value>, Vec<Value>), at: usize| match keys.get(at) {
        Some((SortKey::Column(column), _)) => row.0.get(*column).cloned().unwrap_or_default(),
        _ => row.1.get(at).cloned().unwrap_or_default(),
    };
    if keys.is_empty() {
        return;
    }
    rows.sort_by(|a, b| {
        let orders = keys.iter().enumerate().map(|(at, (_, descending))| {
            let order = order(&value(a, at), &value(b, at));
            if *descending { order.reverse() } else { order }
        });
        orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    });
}

/// One row for each group of matches whose plain columns are the same.
fn group(query: &Query, matches: Vec<(Vec<Value>, Vec<Value>)>) -> Result<Vec<(Vec<Value>, Vec<Value>)>> {
    let is_plain: Vec<bool> = query.items.iter().map(|item| !item.expression.aggregates()).collect();
    let mut groups: BTreeMap<String, Vec<Vec<Value>>> = BTreeMap::new();
    if is_plain.iter().all(|plain| !plain) {
        // Aggregates alone have one row, of no match too.
        groups.insert("[]".to_owned(), Vec::new());
    }
    for (row, _) in matches {
        let key: Vec<&Value> = row.iter().zip(&is_plain).filter(|(_, plain)| **plain).map(|(value, _)| value).collect();
        groups.entry(json!(key).to_string()).or_default().push(row);
    }
    let rows = groups.into_values().map(|rows| {
        let row = query.items.iter().enumerate().map(|(at, item)| {
            let mut values = rows.iter().filter_map(|row| row.get(at));
            match &item.expression {
                Expression::Call(name, distinct, _) if AGGREGATES.contains(&name.as_str()) => {
                    aggregate(name, *distinct, values.filter(|value| !value.is_null()).collect())
                }
                _ => Ok(values.next().cloned().unwrap_or_default()),
            }
        });
        Ok((row.collect::<Result<Vec<_>>>()?, Vec::new()))
    });
    rows.collect()
}

fn aggregate(name: &str, distinct: bool, mut values: Vec<&Value>) -> Result<Value> {
    if distinct {
        let mut seen = BTreeSet::new();
        values.retain(|value| seen.insert(value.to_string()));
    }
    let number = |value: &&Value| {
        value
            .as_f64()
            .ok_or_else(|| Error::invalid_arguments(format!("`query`: `{name}` takes numbers, found {value:.80}")))
    };
    Ok(match name {
        "count" => json!(values.len()),
        "collect" => values.into_iter().cloned().collect(),
        "min" => values.into_iter().min_by(|a, b| order(a, b)).cloned().unwrap_or_default(),
        "max" => values.into_iter().max_by(|a, b| order(a, b)).cloned().unwrap_or_default(),
        _ => {
            let integers: Option<Vec<i64>> = values.iter().map(|value| value.as_i64()).collect();
            let whole = integers.and_then(|all| all.into_iter().try_fold(0i64, i64::checked_add));
            let total = values.iter().map(number).sum::<Result<f64>>()?;
            match (name, whole) {
                ("sum", Some(whole)) => json!(whole),
                ("sum", None) => json!(total),
                _ if values.is_empty() => Value::Null,
                _ => json!(total / values.len() as f64),
            }
        }
    })
}
