//! Files as tables of a database in memory.

use std::{cell::RefCell, fs::File, io::Read, rc::Rc};

use graphitesql::{
    Connection, Value,
    vtab::{IndexPlan, VTabCursor, VTabModule, VTabRow, VTabSchema},
};
use tandem_granted_folders::{Folders, Location, open};
use tandem_sdk::prelude::Ctx;

use crate::{
    clock::Clock,
    csv_rows,
    fault::{Fault, Result},
    json_rows,
    limits::{BATCH_ROWS, MAX_CELLS, MAX_FILE_BYTES},
    rows::{Column, Rows},
    wording::{explain, quoted},
};

/// A file that is a table.
#[derive(Debug, Clone)]
pub(crate) struct FileTable {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) rows: u64,
    pub(crate) columns: Vec<String>,
}

/// The rows that the next scan of the module takes.
struct Feed {
    rows: Option<Box<dyn Rows>>,
    columns: Vec<Column>,
}

/// A virtual table through which rows get into a real one: each scan takes the next rows of the file.
struct Module {
    feed: Rc<RefCell<Feed>>,
    clock: Rc<Clock>,
}

struct Cursor {
    feed: Rc<RefCell<Feed>>,
    clock: Rc<Clock>,
    left: u64,
}

struct Row(Vec<Value>);

impl VTabRow for Row {
    fn column(&self, index: usize) -> Value {
        self.0.get(index).cloned().unwrap_or(Value::Null)
    }

    fn rowid(&self) -> i64 {
        0
    }
}

impl VTabCursor for Cursor {
    type Row = Row;

    fn next(&mut self) -> graphitesql::Result<Option<Row>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        self.clock.step()?;
        let mut feed = self.feed.borrow_mut();
        let Some(rows) = &mut feed.rows else { return Ok(None) };
        let row = rows.next_row().map_err(|fault| self.clock.stop(fault))?;
        Ok(row.map(Row))
    }
}

impl VTabModule for Module {
    type Cursor = Cursor;

    fn connect(&self, _: &[&str]) -> graphitesql::Result<VTabSchema> {
        let feed = self.feed.borrow();
        Ok(VTabSchema::new(feed.columns.iter().map(|column| column.name.clone())))
    }

    fn open(&self, _: &[&str], _: &IndexPlan) -> graphitesql::Result<Cursor> {
        Ok(Cursor { feed: Rc::clone(&self.feed), clock: Rc::clone(&self.clock), left: BATCH_ROWS })
    }
}

/// Name and path of each table, as the call has them.
pub(crate) type Named<'a> = &'a [(String, String)];

/// Loads each file into a table of `db`.
pub(crate) fn load(ctx: &Ctx, db: &mut Connection, named: Named<'_>, clock: &Rc<Clock>) -> Result<Vec<FileTable>> {
    let folders = Folders::granted();
    let mut cells = 0;
    let mut loaded = Vec::new();
    for (index, (name, path)) in named.iter().enumerate() {
        let location = folders.locate("tables", path)?;
        let (columns, count, rows) = read(&location)?;
        cells += count.saturating_mul(columns.len() as u64);
        if cells > MAX_CELLS {
            return Err(Fault::Limit(format!(
                "`{path}`: the files have more than {MAX_CELLS} values together, the bound of a query; `dataset_process` reads larger files"
            )));
        }
        let names = columns.iter().map(|column| column.name.clone()).collect();
        let feed = Rc::new(RefCell::new(Feed { rows: Some(rows), columns }));
        let module = Module { feed: Rc::clone(&feed), clock: Rc::clone(clock) };
        fill(ctx, db, index, name, count, module).map_err(|error| explain(error, clock, &[], &[]))?;
        loaded.push(FileTable { name: name.clone(), path: location.path, rows: count, columns: names });
    }
    Ok(loaded)
}

fn fill(
    ctx: &Ctx,
    db: &mut Connection,
    index: usize,
    name: &str,
    count: u64,
    module: Module,
) -> graphitesql::Result<()> {
    let clock = Rc::clone(&module.clock);
    let feed = quoted(&format!("tandem feed {index}"));
    let module_name = format!("tandem_feed_{index}");
    let columns = module.feed.borrow().columns.clone();
    let table = quoted(name);
    let defined: Vec<_> =
        columns.iter().map(|column| format!("{} {}", quoted(&column.name), column.kind.sql())).collect();
    db.register_module(&module_name, module)?;
    db.execute(&format!("CREATE VIRTUAL TABLE {feed} USING {module_name}()"))?;
    db.execute(&format!("CREATE TABLE {table} ({})", defined.join(", ")))?;
    db.execute("BEGIN")?;
    let mut done = 0;
    while done < count {
        if ctx.cancelled() {
            return Err(clock.stop(Fault::Cancelled));
        }
        clock.check()?;
        db.execute(&format!("INSERT INTO {table} SELECT * FROM {feed}"))?;
        done += BATCH_ROWS;
        ctx.progress(done.min(count) as f64, Some(count as f64), format!("rows of {name}"));
    }
    db.execute("COMMIT")?;
    db.execute(&format!("DROP TABLE {feed}"))?;
    Ok(())
}

fn read(location: &Location) -> Result<(Vec<Column>, u64, Box<dyn Rows>)> {
    let (mut file, bytes) = open("tables", location)?;
    let path = &location.path;
    if bytes > MAX_FILE_BYTES {
        return Err(Fault::Limit(format!(
            "`{path}` has {bytes} bytes; a file that is a table has {MAX_FILE_BYTES} at most; `dataset_process` reads larger ones"
        )));
    }
    let name = path.to_lowercase();
    if name.ends_with(".jsonl") || name.ends_with(".ndjson") {
        return json_rows::open_lines(location, &file);
    }
    if name.ends_with(".json") {
        return json_rows::open_array(location, &file);
    }
    refuse_others(path, &mut file)?;
    let (columns, count, rows) = csv_rows::open(location, &file)?;
    Ok((columns, count, Box::new(rows)))
}

/// Files of other kinds get a message that tells what reads them.
fn refuse_others(path: &str, file: &mut File) -> Result<()> {
    let mut head = [0; 16];
    let read = file.read(&mut head).map_err(|error| Fault::io(path, error))?;
    let head = head.get(..read).unwrap_or_default();
    if head.starts_with(b"SQLite format 3") {
        return Err(Fault::Argument(format!("`tables`: `{path}` is a SQLite file: give it as `database`")));
    }
    if head.starts_with(b"PAR1") {
        return Err(Fault::Argument(format!(
            "`tables`: `{path}` is Parquet: convert it to CSV with `dataset_convert` first"
        )));
    }
    if head.contains(&0) {
        return Err(Fault::Argument(format!("`tables`: `{path}` is not text: CSV, TSV, JSON and JSON Lines are read")));
    }
    Ok(())
}
