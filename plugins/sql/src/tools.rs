//! The tools, as the host sees them.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use tandem_sdk::prelude::*;

use crate::{
    bind::Given,
    execute::{self, Change, Executed},
    explain::{self, Plan},
    fault::refusal,
    profile::{self, Profile},
    query::{self, Form, Rows},
    schema::{self, Schema},
    source::Data,
};

/// The category.
#[derive(Debug)]
pub struct Sql;

#[tools]
impl Sql {
    /// Runs one SQL SELECT (joins, WITH, window functions; dialect of SQLite) over CSV, TSV, JSON Lines and JSON files used as tables, or
    /// over a SQLite database file, and returns the rows or writes them to a file. Reads only; to change a database use `sql_execute`.
    #[tool(title = "Query files and databases with SQL")]
    fn sql_query(
        ctx: &Ctx,
        /// The SELECT, as `SELECT region, sum(amount) FROM sales GROUP BY region`. Values go into `params`.
        sql: &str,
        /// Files that are used as tables: the name of each table and its path, as `{"sales": "data/sales.csv"}`.
        tables: Option<BTreeMap<String, String>>,
        /// A SQLite file instead, as `data/shop.db`.
        database: Option<String>,
        /// Values of the parameters `?`, in order, as `["Rome", 10]`.
        #[arg(default)]
        params: Vec<Json>,
        /// Values of the parameters `:name`, as `{"city": "Rome"}`.
        named_params: Option<Map<String, Json>>,
        /// Rows that are returned.
        #[arg(default = 100, min = 1, max = 10_000)]
        limit: u32,
        /// `json` for arrays of values, `markdown` for a table that people read.
        #[arg(default)]
        format: Form,
        /// A file to write all rows to instead of returning them, in a folder granted for writing: `data/result.csv` or
        /// `data/result.jsonl`.
        output: Option<String>,
        /// Whether an `output` that is there is replaced.
        #[arg(default)]
        overwrite: bool,
        /// Milliseconds after which reading files and pages stops; sorting and joining in memory end at the limits of the sandbox.
        #[arg(default = 10_000, min = 10, max = 30_000)]
        timeout_ms: u32,
    ) -> Result<Rows> {
        let data = Data { tables, database, timeout_ms };
        let given = Given { params, named: named_params.unwrap_or_default() };
        let request = query::Request { sql: sql.to_owned(), data, given, limit, form: format, output, overwrite };
        query::run(ctx, request).map_err(refusal)
    }

    /// Describes tables before a query: columns with types, keys, indexes, foreign keys and row counts of a SQLite database file, or of
    /// CSV, JSON Lines and JSON files.
    #[tool(read_only, idempotent, title = "Schema of a database or of files")]
    fn sql_schema(
        ctx: &Ctx,
        /// Files that are used as tables, as `{"sales": "data/sales.csv"}`.
        tables: Option<BTreeMap<String, String>>,
        /// A SQLite file instead, as `data/shop.db`.
        database: Option<String>,
        /// Only this table or view, as `users`.
        table: Option<String>,
        /// Milliseconds after which reading files and pages stops; sorting and joining in memory end at the limits of the sandbox.
        #[arg(default = 10_000, min = 10, max = 30_000)]
        timeout_ms: u32,
    ) -> Result<Schema> {
        let data = Data { tables, database, timeout_ms };
        schema::run(ctx, data, table.as_deref()).map_err(refusal)
    }

    /// Profiles the columns of a table: types, nulls, distinct values, least and greatest value, mean, and a histogram of numbers or
    /// the most frequent values.
    #[tool(read_only, idempotent, title = "Profile a table")]
    fn sql_profile(
        ctx: &Ctx,
        /// Files that are used as tables, as `{"sales": "data/sales.csv"}`.
        tables: Option<BTreeMap<String, String>>,
        /// A SQLite file instead, as `data/shop.db`.
        database: Option<String>,
        /// The table; may be left out where there is only one.
        table: Option<String>,
        /// Only these columns.
        #[arg(default)]
        columns: Vec<String>,
        /// How many of the most frequent values are returned.
        #[arg(default = 5, min = 1, max = 50)]
        top: u32,
        /// Milliseconds after which reading files and pages stops; sorting and joining in memory end at the limits of the sandbox.
        #[arg(default = 10_000, min = 10, max = 30_000)]
        timeout_ms: u32,
    ) -> Result<Profile> {
        let data = Data { tables, database, timeout_ms };
        profile::run(ctx, profile::Request { data, table, columns, top }).map_err(refusal)
    }

    /// Explains how a SELECT would be run (the query plan) without running it: which tables are read in full and which indexes are used.
    #[tool(read_only, idempotent, title = "Explain a query plan")]
    fn sql_explain(
        ctx: &Ctx,
        /// The SELECT, without EXPLAIN.
        sql: &str,
        /// Files that are used as tables, as `{"sales": "data/sales.csv"}`.
        tables: Option<BTreeMap<String, String>>,
        /// A SQLite file instead, as `data/shop.db`.
        database: Option<String>,
        /// Values of the parameters `?`, in order.
        #[arg(default)]
        params: Vec<Json>,
        /// Values of the parameters `:name`.
        named_params: Option<Map<String, Json>>,
        /// Milliseconds after which reading files and pages stops; sorting and joining in memory end at the limits of the sandbox.
        #[arg(default = 10_000, min = 10, max = 30_000)]
        timeout_ms: u32,
    ) -> Result<Plan> {
        let data = Data { tables, database, timeout_ms };
        let given = Given { params, named: named_params.unwrap_or_default() };
        explain::run(ctx, sql, data, &given).map_err(refusal)
    }

    /// Changes a SQLite database file: runs INSERT, UPDATE, DELETE, CREATE, ALTER and DROP statements as one transaction, all or
    /// nothing, and returns how many rows changed. To read use `sql_query`.
    #[tool(destructive, title = "Change a SQLite database")]
    fn sql_execute(
        ctx: &Ctx,
        /// The SQLite file in a folder granted for writing, as `data/shop.db`.
        database: &str,
        /// The statements, in order, as `[{"sql": "INSERT INTO users (name) VALUES (?)", "params": ["Ada"]}]`; from 1 to 1000.
        statements: Vec<Change>,
        /// Whether the file is made if it is not there.
        #[arg(default)]
        create: bool,
        /// Whether foreign keys are enforced.
        #[arg(default = true)]
        foreign_keys: bool,
        /// Milliseconds after which the transaction is given up.
        #[arg(default = 10_000, min = 10, max = 30_000)]
        timeout_ms: u32,
    ) -> Result<Executed> {
        let request = execute::Request { database, statements, create, foreign_keys, timeout_ms };
        execute::run(ctx, request).map_err(refusal)
    }
}

tandem_sdk::export!(Sql);
