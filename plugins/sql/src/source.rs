//! What a call asks: files as tables, or a SQLite file.

use std::{collections::BTreeMap, rc::Rc};

use graphitesql::{Connection, Value, exec::eval::Params};
use tandem_granted_folders::Folders;
use tandem_sdk::prelude::Ctx;

use crate::{
    clock::Clock,
    disk::{Disk, MAIN},
    fault::{Fault, Result},
    header, joins,
    limits::{MAX_DATABASE_BYTES, MAX_TABLES},
    load::{self, FileTable},
    wording::{self, quoted},
};

/// The arguments that name the data.
#[derive(Debug)]
pub(crate) struct Data {
    pub(crate) tables: Option<BTreeMap<String, String>>,
    pub(crate) database: Option<String>,
    pub(crate) timeout_ms: u32,
}

/// Data that is open.
pub(crate) struct Source {
    pub(crate) db: Connection,
    pub(crate) clock: Rc<Clock>,
    pub(crate) files: Vec<FileTable>,
}

/// Rows that the engine returned.
pub(crate) type Answer = graphitesql::QueryResult;

impl Data {
    /// Opens it for reading.
    pub(crate) fn open(self, ctx: &Ctx) -> Result<Source> {
        let clock = Rc::new(Clock::new(self.timeout_ms));
        match (self.tables, self.database) {
            (Some(tables), None) if !tables.is_empty() => open_files(ctx, tables, clock),
            (None, Some(path)) => open_database(&path, clock),
            (Some(_), Some(_)) => Err(Fault::Argument(
                "give `tables` or `database`, not both: load the files into a SQLite file with `sql_execute` to join them".into(),
            )),
            _ => Err(Fault::Argument(
                "give `tables`, as {\"sales\": \"data/sales.csv\"}, or `database`, as \"data/shop.db\"".into(),
            )),
        }
    }
}

fn open_files(ctx: &Ctx, tables: BTreeMap<String, String>, clock: Rc<Clock>) -> Result<Source> {
    if tables.len() > MAX_TABLES {
        return Err(Fault::Limit(format!("`tables` names {} files; {MAX_TABLES} is the bound", tables.len())));
    }
    let named: Vec<_> = tables.into_iter().collect();
    for (name, _) in &named {
        check_name(name)?;
    }
    let mut db = Connection::open_memory().map_err(|error| wording::explain(error, &clock, &[], &[]))?;
    let files = load::load(ctx, &mut db, &named, &clock)?;
    Ok(Source { db, clock, files })
}

fn check_name(name: &str) -> Result<()> {
    let long = name.chars().count() > 64;
    if name.is_empty() || long || name.to_lowercase().starts_with("sqlite_") || name.contains(char::is_control) {
        return Err(Fault::Argument(format!(
            "`tables`: `{name}` cannot name a table: a name has 1 to 64 characters and does not begin with `sqlite_`"
        )));
    }
    Ok(())
}

fn open_database(path: &str, clock: Rc<Clock>) -> Result<Source> {
    let location = Folders::granted().locate("database", path)?;
    header::check(&location, MAX_DATABASE_BYTES)?;
    let disk = Disk::new(&location.at, &clock);
    let db = Connection::open_readonly_vfs(&disk, MAIN).map_err(|error| wording::explain(error, &clock, &[], &[]))?;
    Ok(Source { db, clock, files: Vec::new() })
}

impl Source {
    /// Makes what the joins of a statement need.
    pub(crate) fn prepare(&mut self, sql: &str) -> Result<()> {
        if self.files.is_empty() {
            return Ok(());
        }
        joins::index(&mut self.db, &self.files, sql).map_err(|error| self.explain(error))
    }

    /// Runs one SELECT of a caller.
    pub(crate) fn query(&self, sql: &str, params: &Params) -> Result<Answer> {
        self.db.set_use_vdbe(!joins::has_join(&self.db, sql));
        self.db.query_params(sql, params).map_err(|error| self.explain(error))
    }

    /// Runs a statement of ours.
    pub(crate) fn ask(&self, sql: &str) -> Result<Vec<Vec<Value>>> {
        Ok(self.query(sql, &Params::default())?.rows)
    }

    /// The tables and views, in the order in which they were made.
    pub(crate) fn names(&self) -> Vec<String> {
        names(&self.db)
    }

    /// The columns of a table or view.
    pub(crate) fn columns(&self, table: &str) -> Vec<String> {
        columns(&self.db, table)
    }

    fn explain(&self, error: graphitesql::Error) -> Fault {
        let tables = self.names();
        let columns: Vec<_> = tables.iter().flat_map(|table| self.columns(table)).collect();
        wording::explain(error, &self.clock, &tables, &columns)
    }
}

/// The tables and views of a database.
pub(crate) fn names(db: &Connection) -> Vec<String> {
    use graphitesql::schema::ObjectType;
    let kept = |object: &&graphitesql::schema::SchemaObject| {
        matches!(object.obj_type, ObjectType::Table | ObjectType::View) && !object.name.starts_with("sqlite_")
    };
    db.schema().objects().iter().filter(kept).map(|object| object.name.clone()).collect()
}

/// The columns of a table or view; none where it cannot be read.
pub(crate) fn columns(db: &Connection, table: &str) -> Vec<String> {
    let Ok(found) = db.query(&format!("PRAGMA table_info({})", quoted(table))) else { return Vec::new() };
    let name = |row: Vec<Value>| match row.into_iter().nth(1) {
        Some(Value::Text(name)) => Some(name.to_str_lossy().into_owned()),
        _ => None,
    };
    found.rows.into_iter().filter_map(name).collect()
}
