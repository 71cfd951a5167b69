//! Statistics of the columns of a table.

use graphitesql::Value;
use serde_json::Value as Json;
use tandem_sdk::prelude::*;

use crate::{
    fault::{Fault, Result},
    limits::{MAX_PROFILE_ROWS, MAX_PROFILED},
    near, render,
    schema::find,
    source::{Data, Source},
    wording::quoted,
};

/// Bars of a histogram.
const BARS: i64 = 10;

/// A value and how often it is there.
#[output]
#[derive(Debug)]
pub(crate) struct Frequent {
    /// The value.
    pub value: Json,
    /// In how many rows.
    pub count: i64,
}

/// A bar of a histogram.
#[output]
#[derive(Debug)]
pub(crate) struct Bar {
    /// The least number of the bar.
    pub from: f64,
    /// The number below which it ends; the last bar has it too.
    pub to: f64,
    /// Rows with a number in between.
    pub count: i64,
}

/// A column.
#[output]
#[derive(Debug)]
pub(crate) struct Column {
    /// Its name.
    pub name: String,
    /// The types of its values, most rows first: integer, real, text, blob.
    pub types: Vec<String>,
    /// Rows in which it is NULL.
    pub nulls: i64,
    /// How many different values it has.
    pub distinct: i64,
    /// The least value.
    pub min: Json,
    /// The greatest value.
    pub max: Json,
    /// The mean of its numbers; absent where there is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// Its numbers in bars of the same width; absent where there is text or only one value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub histogram: Vec<Bar>,
    /// The most frequent values; absent where a histogram is there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub most_frequent: Vec<Frequent>,
}

/// The columns of a table.
#[output]
#[derive(Debug)]
pub(crate) struct Profile {
    /// The table.
    pub table: String,
    /// Its rows.
    pub rows: i64,
    /// Its columns.
    pub columns: Vec<Column>,
}

/// Which table, and what of it.
pub(crate) struct Request {
    pub(crate) data: Data,
    pub(crate) table: Option<String>,
    pub(crate) columns: Vec<String>,
    pub(crate) top: u32,
}

/// Reads it once for each column.
pub(crate) fn run(ctx: &Ctx, request: Request) -> Result<Profile> {
    let source = request.data.open(ctx)?;
    let names = source.names();
    let table = match (request.table, names.as_slice()) {
        (Some(table), _) => find(&source, &table)?,
        (None, [only]) => only.clone(),
        (None, _) => {
            let hint = near::hint("tables", "", &names);
            return Err(Fault::Argument(format!("`table`: say which one{hint}")));
        }
    };
    let wanted = wanted(&source, &table, request.columns)?;
    let rows = number(&source, &format!("SELECT count(*) FROM {}", quoted(&table)))?;
    if u64::try_from(rows).unwrap_or(0) > MAX_PROFILE_ROWS {
        return Err(Fault::Limit(format!("`{table}` has {rows} rows; {MAX_PROFILE_ROWS} are profiled at most")));
    }
    let mut columns = Vec::new();
    let total = wanted.len();
    for (done, name) in wanted.into_iter().enumerate() {
        if ctx.cancelled() {
            return Err(Fault::Cancelled);
        }
        ctx.progress(done as f64, Some(total as f64), &name);
        columns.push(profile(&source, &table, name, request.top)?);
    }
    Ok(Profile { table, rows, columns })
}

fn wanted(source: &Source, table: &str, asked: Vec<String>) -> Result<Vec<String>> {
    let all = source.columns(table);
    let mut wanted = Vec::new();
    for name in &asked {
        let Some(found) = all.iter().find(|known| known.eq_ignore_ascii_case(name)) else {
            let hint = near::hint("columns", name, &all);
            return Err(Fault::NotFound(format!("`columns`: `{table}` has no column `{name}`{hint}")));
        };
        wanted.push(found.clone());
    }
    let wanted = if asked.is_empty() { all } else { wanted };
    if wanted.len() > MAX_PROFILED {
        return Err(Fault::Limit(format!(
            "`{table}` has {} columns; {MAX_PROFILED} are profiled in a call: name some in `columns`",
            wanted.len()
        )));
    }
    Ok(wanted)
}

fn profile(source: &Source, table: &str, name: String, top: u32) -> Result<Column> {
    let (from, column) = (quoted(table), quoted(&name));
    let sql = format!("SELECT typeof({column}), count(*) FROM {from} GROUP BY 1 ORDER BY 2 DESC, 1");
    let mut types = Vec::new();
    let mut nulls = 0;
    for row in source.ask(&sql)? {
        match (row.first(), row.get(1)) {
            (Some(Value::Text(kind)), Some(Value::Integer(count))) if kind.to_str_lossy() == "null" => nulls = *count,
            (Some(Value::Text(kind)), _) => types.push(kind.to_str_lossy().into_owned()),
            _ => {}
        }
    }
    let numeric = !types.is_empty() && types.iter().all(|kind| kind == "integer" || kind == "real");
    let sql = format!("SELECT count(DISTINCT {column}), min({column}), max({column}), avg({column}) FROM {from}");
    let row = source.ask(&sql)?.pop().unwrap_or_default();
    let mut values = row.into_iter();
    let distinct = match values.next() {
        Some(Value::Integer(distinct)) => distinct,
        _ => 0,
    };
    let (min, max, mean) = (values.next(), values.next(), values.next());
    let bounds = (real(min.as_ref()), real(max.as_ref()));
    let histogram = match bounds {
        (Some(low), Some(high)) if numeric && low < high => bars(source, &from, &column, low, high)?,
        _ => Vec::new(),
    };
    let most_frequent = if histogram.is_empty() { frequent(source, &from, &column, top)? } else { Vec::new() };
    let json = |value: Option<Value>| value.map_or(Json::Null, render::json);
    let mean = real(mean.as_ref()).filter(|_| numeric);
    Ok(Column { name, types, nulls, distinct, min: json(min), max: json(max), mean, histogram, most_frequent })
}

fn bars(source: &Source, from: &str, column: &str, low: f64, high: f64) -> Result<Vec<Bar>> {
    let width = (high - low) / BARS as f64;
    if !width.is_finite() || width <= 0.0 {
        return Ok(Vec::new());
    }
    // The greatest value belongs to the last bar.
    let sql = format!(
        "SELECT min(CAST(({column} - ({low:?})) / {width:?} AS INTEGER), {}), count(*) FROM {from} WHERE {column} IS NOT NULL GROUP BY 1",
        BARS - 1
    );
    let mut bars: Vec<Bar> = (0..BARS)
        .map(|bar| Bar { from: low + width * bar as f64, to: low + width * (bar + 1) as f64, count: 0 })
        .collect();
    if let Some(last) = bars.last_mut() {
        last.to = high;
    }
    for row in source.ask(&sql)? {
        if let [Value::Integer(bar), Value::Integer(count)] = row.as_slice()
            && let Some(found) = usize::try_from(*bar).ok().and_then(|bar| bars.get_mut(bar))
        {
            found.count += count;
        }
    }
    Ok(bars)
}

fn frequent(source: &Source, from: &str, column: &str, top: u32) -> Result<Vec<Frequent>> {
    let sql = format!(
        "SELECT {column}, count(*) FROM {from} WHERE {column} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {top}"
    );
    let pair = |row: Vec<Value>| {
        let mut values = row.into_iter();
        match (values.next(), values.next()) {
            (Some(value), Some(Value::Integer(count))) => Some(Frequent { value: render::json(value), count }),
            _ => None,
        }
    };
    Ok(source.ask(&sql)?.into_iter().filter_map(pair).collect())
}

fn number(source: &Source, sql: &str) -> Result<i64> {
    match source.ask(sql)?.first().and_then(|row| row.first()) {
        Some(Value::Integer(number)) => Ok(*number),
        _ => Ok(0),
    }
}

fn real(value: Option<&Value>) -> Option<f64> {
    match value {
        Some(Value::Integer(number)) => Some(*number as f64),
        Some(Value::Real(number)) => Some(*number),
        _ => None,
    }
}
