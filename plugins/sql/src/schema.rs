//! Tables, columns, keys and indexes.

use graphitesql::{Value, schema::ObjectType};
use tandem_sdk::prelude::*;

use crate::{
    fault::{Fault, Result},
    limits::MAX_DESCRIBED,
    near,
    source::{Data, Source},
    wording::quoted,
};

/// A column.
#[output]
#[derive(Debug)]
pub(crate) struct Column {
    /// Its name.
    pub name: String,
    /// Its type as declared; empty where there is none.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether NULL is refused; absent where it is not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub not_null: bool,
    /// Its place in the primary key, from 1; absent where it is not part of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_key: Option<i64>,
    /// Its default as SQL, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

/// An index.
#[output]
#[derive(Debug)]
pub(crate) struct Index {
    /// Its name.
    pub name: String,
    /// Its columns, in order; an expression is an empty name.
    pub columns: Vec<String>,
    /// Whether its values are different from each other.
    pub unique: bool,
}

/// A reference to another table.
#[output]
#[derive(Debug)]
pub(crate) struct ForeignKey {
    /// The column.
    pub column: String,
    /// The table that it refers to.
    pub table: String,
    /// The column there; absent for its primary key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// A table or view.
#[output]
#[derive(Debug)]
pub(crate) struct Table {
    /// Its name.
    pub name: String,
    /// Whether it is a view; absent for tables.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub view: bool,
    /// The file that it is, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Its rows; absent for views.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<i64>,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its indexes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<Index>,
    /// Its references to other tables.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub foreign_keys: Vec<ForeignKey>,
}

/// What is there to query.
#[output]
#[derive(Debug)]
pub(crate) struct Schema {
    /// The tables and views.
    pub tables: Vec<Table>,
    /// How many there are.
    pub total_tables: u64,
}

/// Describes all tables, or one.
pub(crate) fn run(ctx: &Ctx, data: Data, only: Option<&str>) -> Result<Schema> {
    let source = data.open(ctx)?;
    let mut names = source.names();
    if let Some(only) = only {
        names = vec![find(&source, only)?];
    }
    let total_tables = names.len() as u64;
    let mut tables = Vec::new();
    for name in names.into_iter().take(MAX_DESCRIBED) {
        if ctx.cancelled() {
            return Err(Fault::Cancelled);
        }
        tables.push(describe(&source, name)?);
    }
    Ok(Schema { tables, total_tables })
}

/// The table or view of this name, whatever its case.
pub(crate) fn find(source: &Source, name: &str) -> Result<String> {
    let names = source.names();
    let found = names.iter().find(|known| known.eq_ignore_ascii_case(name));
    let missing =
        || Fault::NotFound(format!("`table`: there is no table `{name}`{}", near::hint("tables", name, &names)));
    found.cloned().ok_or_else(missing)
}

fn describe(source: &Source, name: String) -> Result<Table> {
    let table = quoted(&name);
    let columns = source.ask(&format!("PRAGMA table_info({table})"))?.into_iter().map(column).collect();
    let view = is_view(source, &name);
    let path = source.files.iter().find(|file| file.name == name).map(|file| file.path.clone());
    if view {
        return Ok(Table { name, view, path, rows: None, columns, indexes: Vec::new(), foreign_keys: Vec::new() });
    }
    let rows = source.ask(&format!("SELECT count(*) FROM {table}"))?;
    let rows = rows.first().and_then(|row| integer(row, 0));
    let mut indexes = Vec::new();
    for row in source.ask(&format!("PRAGMA index_list({table})"))? {
        let index = text(&row, 1);
        let parts = source.ask(&format!("PRAGMA index_info({})", quoted(&index)))?;
        let columns = parts.iter().map(|part| text(part, 2)).collect();
        indexes.push(Index { name: index, columns, unique: integer(&row, 2) == Some(1) });
    }
    let foreign_keys =
        source.ask(&format!("PRAGMA foreign_key_list({table})"))?.iter().map(|row| foreign(row)).collect();
    Ok(Table { name, view, path, rows, columns, indexes, foreign_keys })
}

fn is_view(source: &Source, name: &str) -> bool {
    source.db.schema().objects().iter().any(|object| object.obj_type == ObjectType::View && object.name == name)
}

fn column(row: Vec<Value>) -> Column {
    let default = Some(text(&row, 4)).filter(|default| !default.is_empty());
    let primary_key = integer(&row, 5).filter(|place| *place > 0);
    Column { name: text(&row, 1), kind: text(&row, 2), not_null: integer(&row, 3) == Some(1), primary_key, default }
}

fn foreign(row: &[Value]) -> ForeignKey {
    let to = Some(text(row, 4)).filter(|to| !to.is_empty());
    ForeignKey { column: text(row, 3), table: text(row, 2), to }
}

fn integer(row: &[Value], at: usize) -> Option<i64> {
    match row.get(at) {
        Some(Value::Integer(number)) => Some(*number),
        _ => None,
    }
}

fn text(row: &[Value], at: usize) -> String {
    match row.get(at) {
        Some(Value::Text(text)) => text.to_str_lossy().into_owned(),
        _ => String::new(),
    }
}
