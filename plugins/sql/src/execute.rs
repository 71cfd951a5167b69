//! Changes of SQLite files.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    rc::Rc,
};

use graphitesql::{Connection, exec::eval::Params, sql::ast::Statement};
use serde_json::{Map, Value as Json};
use tandem_granted_folders::{Folders, Location, NewFile};
use tandem_sdk::prelude::*;

use crate::{
    bind::{self, Given},
    clock::Clock,
    disk::{Disk, MAIN},
    fault::{Fault, Result},
    header,
    limits::{MAX_CHANGED_BYTES, MAX_STATEMENTS},
    render, source,
    statement::{self, Checked},
    wording,
};

/// Bytes of a page of a new file, as SQLite has it.
const PAGE_BYTES: u32 = 4_096;
/// Where the header says how a file is written: 1 for a journal, 2 for a log.
const FORMAT_AT: u64 = 18;
/// Rows that RETURNING gives back, of each statement.
const MAX_RETURNED: usize = 100;

/// One statement of a transaction.
#[data]
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// The statement, as `INSERT INTO users (name) VALUES (?)`.
    pub sql: String,
    /// Values of its `?`, in order.
    #[serde(default)]
    pub params: Vec<Json>,
    /// Values of its `:name` parameters.
    #[serde(default)]
    pub named_params: Map<String, Json>,
}

/// What a statement did.
#[output]
#[derive(Debug)]
pub(crate) struct Done {
    /// The word that it begins with.
    pub statement: String,
    /// Rows that it inserted, updated or deleted.
    pub rows_changed: u64,
    /// The rows of RETURNING, the first 100; absent without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returned: Option<Vec<Map<String, Json>>>,
}

/// What a transaction did.
#[output]
#[derive(Debug)]
pub(crate) struct Executed {
    /// The file.
    pub database: String,
    /// Whether the file was made.
    pub created: bool,
    /// What each statement did.
    pub statements: Vec<Done>,
    /// Rows that were changed by all of them.
    pub rows_changed: u64,
    /// Bytes of the file now.
    pub bytes: u64,
}

/// A transaction.
pub(crate) struct Request<'a> {
    pub(crate) database: &'a str,
    pub(crate) statements: Vec<Change>,
    pub(crate) create: bool,
    pub(crate) foreign_keys: bool,
    pub(crate) timeout_ms: u32,
}

/// Runs it: all of its statements, or none.
pub(crate) fn run(ctx: &Ctx, request: Request<'_>) -> Result<Executed> {
    let changes = check(&request.statements)?;
    let location = Folders::granted().locate("database", request.database)?;
    let clock = Rc::new(Clock::new(request.timeout_ms));
    let created = request.create && fs::symlink_metadata(&location.at).is_err();
    let logged = if created { false } else { look(&location)? };
    let copy = copy(&location, created)?;
    let partial = copy.partial().at.clone();
    if !created {
        set_format(&location.path, &copy, 1)?;
    }
    let statements = {
        let disk = Disk::new(&partial, &clock);
        let opened =
            if created { Connection::create_vfs(&disk, MAIN, PAGE_BYTES) } else { Connection::open_vfs(&disk, MAIN) };
        let mut db = opened.map_err(|error| wording::explain(error, &clock, &[], &[]))?;
        transact(ctx, &mut db, &changes, request.foreign_keys, &clock)?
    };
    if logged {
        set_format(&location.path, &copy, 2)?;
    }
    let bytes = copy.commit()?;
    let rows_changed = statements.iter().map(|done| done.rows_changed).sum();
    Ok(Executed { database: location.path, created, statements, rows_changed, bytes })
}

fn check(statements: &[Change]) -> Result<Vec<(Checked, Params)>> {
    if statements.is_empty() || statements.len() > MAX_STATEMENTS {
        return Err(Fault::Argument(format!("`statements` has 1 to {MAX_STATEMENTS} statements")));
    }
    let one = |(index, change): (usize, &Change)| {
        let argument = format!("statements[{index}].sql");
        let checked = statement::check(&argument, &change.sql)?;
        statement::only_change(&argument, &checked)?;
        let given = Given { params: change.params.clone(), named: change.named_params.clone() };
        let params = bind::bind(&checked.params, &given).map_err(|fault| at(index, fault))?;
        Ok((checked, params))
    };
    statements.iter().enumerate().map(one).collect()
}

/// Whether the file is written through a log.
fn look(location: &Location) -> Result<bool> {
    let header = header::check(location, MAX_CHANGED_BYTES)?;
    if header::has_log(location) {
        let path = &location.path;
        return Err(Fault::Failed(format!(
            "`{path}` has changes in its log (`{path}-wal`), or another program has it open: close that program first"
        )));
    }
    Ok(header.wal)
}

/// A file beside the database, with what is in it.
fn copy(location: &Location, created: bool) -> Result<NewFile> {
    let mut copy = NewFile::create("database", location, !created)?;
    if !created {
        let failed = |error| Fault::io(&location.path, error);
        let mut from = File::open(&location.at).map_err(failed)?.take(MAX_CHANGED_BYTES);
        io::copy(&mut from, &mut copy).map_err(failed)?;
        copy.flush().map_err(failed)?;
    }
    Ok(copy)
}

/// The engine changes the copy without a log, which would stay beside it.
fn set_format(path: &str, copy: &NewFile, format: u8) -> Result<()> {
    let failed = |error| Fault::io(path, error);
    let mut file = OpenOptions::new().write(true).open(&copy.partial().at).map_err(failed)?;
    file.seek(SeekFrom::Start(FORMAT_AT)).map_err(failed)?;
    file.write_all(&[format, format]).map_err(failed)
}

fn transact(
    ctx: &Ctx,
    db: &mut Connection,
    changes: &[(Checked, Params)],
    foreign_keys: bool,
    clock: &Rc<Clock>,
) -> Result<Vec<Done>> {
    let explain = |db: &Connection, error| {
        let tables = source::names(db);
        let columns: Vec<_> = tables.iter().flat_map(|table| source::columns(db, table)).collect();
        wording::explain(error, clock, &tables, &columns)
    };
    if foreign_keys {
        db.execute("PRAGMA foreign_keys = ON").map_err(|error| explain(db, error))?;
    }
    db.execute("BEGIN").map_err(|error| explain(db, error))?;
    let mut statements = Vec::new();
    for (index, (checked, params)) in changes.iter().enumerate() {
        if ctx.cancelled() {
            return Err(Fault::Cancelled);
        }
        let done = clock.check().and_then(|()| one(db, checked, params));
        statements.push(done.map_err(|error| at(index, explain(db, error)))?);
        ctx.progress((index + 1) as f64, Some(changes.len() as f64), "statements");
    }
    db.execute("COMMIT").map_err(|error| explain(db, error))?;
    Ok(statements)
}

fn one(db: &mut Connection, checked: &Checked, params: &Params) -> graphitesql::Result<Done> {
    let verb = statement::verb(&checked.statement);
    let returning = match &checked.statement {
        Statement::Insert(insert) => &insert.returning,
        Statement::Update(update) => &update.returning,
        Statement::Delete(delete) => &delete.returning,
        _ => {
            db.execute_params(&checked.text, params)?;
            return Ok(Done { statement: verb.to_owned(), rows_changed: 0, returned: None });
        }
    };
    if returning.is_empty() {
        let rows = db.execute_params(&checked.text, params)?;
        return Ok(Done { statement: verb.to_owned(), rows_changed: rows as u64, returned: None });
    }
    let answer = db.execute_returning(&checked.text, params)?;
    let rows_changed = answer.rows.len() as u64;
    let columns = answer.columns;
    let object =
        |row: Vec<graphitesql::Value>| columns.iter().cloned().zip(row.into_iter().map(render::json)).collect();
    let returned = answer.rows.into_iter().take(MAX_RETURNED).map(object).collect();
    Ok(Done { statement: verb.to_owned(), rows_changed, returned: Some(returned) })
}

/// Says which statement a fault is of.
fn at(index: usize, fault: Fault) -> Fault {
    let say = |text: String| match text.strip_prefix("`sql`: ") {
        Some(text) => format!("`statements[{index}].sql`: {text}; nothing was changed"),
        None => format!("`statements[{index}]`: {text}; nothing was changed"),
    };
    match fault {
        Fault::Argument(text) => Fault::Argument(say(text)),
        Fault::NotFound(text) => Fault::NotFound(say(text)),
        Fault::Limit(text) => Fault::Limit(say(text)),
        Fault::Failed(text) => Fault::Failed(say(text)),
        other => other,
    }
}
