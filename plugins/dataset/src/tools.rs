//! The tools, as the host sees them.

use tandem_sdk::prelude::*;

use crate::{
    call::{Call, Description, FileSchema, Loaded, Output, Process, Processed, Saved},
    files::{Files, Listing},
    format::Format,
    meter::Watch,
    page::Integers,
    reader::{self, Dialect, ExactRow, ReadOptions, Types},
    schema,
    steps::Table,
    writer::CsvOutput,
};

/// The dataset category.
#[derive(Debug)]
pub struct Dataset;

#[tools]
impl Dataset {
    /// Reads a page of a tabular file (csv, tsv, json, jsonl, parquet): its columns with types and null counts, the number of
    /// rows, and the rows from `offset` on, such as the first three. Files of any size work.
    #[tool(read_only, idempotent, title = "Read (load) a data set")]
    fn dataset_load(
        ctx: &Ctx,
        /// The file in a granted folder, as `data/cities.csv`.
        path: &str,
        /// Its format; by its extension or content if not given.
        format: Option<Format>,
        /// Types of columns, instead of what their values look like (not for parquet).
        types: Option<Types>,
        /// How a csv or tsv file is written, where it is not as usual: without header, with `;`, in latin1, with `NA`.
        csv: Option<Dialect>,
        /// Only these columns, in this order.
        columns: Option<Vec<String>>,
        /// The first row of the page, from 0.
        offset: Option<u64>,
        /// Rows of the page; 100 if not given. A page ends at 1 MiB in any case.
        #[arg(min = 0, max = 10_000)]
        limit: Option<u32>,
        /// Integers beyond ±(2^53 - 1): `strings` of digits, which every client keeps exactly, or `numbers`. Numbers for
        /// parquet if not given, strings otherwise.
        integers: Option<Integers>,
    ) -> Result<Loaded> {
        let options =
            ReadOptions { format, types: types.as_ref(), csv: csv.as_ref(), columns: columns.as_deref(), needed: None };
        run(ctx, |call| call.load(path, options, offset, limit, integers))
    }

    /// Lists the files of a folder (directory) with sizes and formats; without `path`, the folders that are granted.
    #[tool(read_only, idempotent, title = "List data files")]
    fn dataset_list(
        ctx: &Ctx,
        /// The folder, as `data`.
        path: Option<String>,
    ) -> Result<Listing> {
        run(ctx, |call| call.list(path.as_deref()))
    }

    /// Shows the columns of a table (a tabular file) with their types, and how many rows it has; of a folder, its files. The
    /// cheapest look at a file.
    #[tool(read_only, idempotent, title = "Schema of a data set")]
    fn dataset_schema(
        ctx: &Ctx,
        /// The file in a granted folder, as `data/cities.csv`.
        path: &str,
        /// Its format; by its extension or content if not given.
        format: Option<Format>,
        /// How a csv or tsv file is written, where it is not as usual: without header, with `;`, in latin1, with `NA`.
        csv: Option<Dialect>,
    ) -> Result<FileSchema> {
        run(ctx, |call| call.schema(path, ReadOptions { format, csv: csv.as_ref(), ..ReadOptions::default() }))
    }

    /// Computes statistics of every column of a tabular file: values, nulls, least, greatest and mean;
    /// median and standard deviation are aggregates of `dataset_process`.
    #[tool(read_only, idempotent, title = "Describe a data set")]
    fn dataset_describe(
        ctx: &Ctx,
        /// The file in a granted folder, as `data/cities.csv`.
        path: &str,
        /// Its format; by its extension or content if not given.
        format: Option<Format>,
        /// Types of columns, instead of what their values look like (not for parquet).
        types: Option<Types>,
        /// How a csv or tsv file is written, where it is not as usual: without header, with `;`, in latin1, with `NA`.
        csv: Option<Dialect>,
        /// Only these columns, in this order.
        columns: Option<Vec<String>>,
    ) -> Result<Description> {
        let options =
            ReadOptions { format, types: types.as_ref(), csv: csv.as_ref(), columns: columns.as_deref(), needed: None };
        run(ctx, |call| call.describe(path, options))
    }

    /// Writes rows, or a copy of a file, to a file. The file appears when it is complete; an existing one is kept unless
    /// `overwrite` is set.
    #[tool(destructive, title = "Save a data set", meta = json!({ "tandem/exact-numbers": ["rows"] }))]
    fn dataset_save(
        ctx: &Ctx,
        /// The file to write, in a granted folder, as `data/result.parquet`.
        path: String,
        /// The rows; give either these or `source`.
        rows: Option<Vec<ExactRow>>,
        /// A file in a granted folder whose rows are written.
        source: Option<String>,
        /// The format to write; by the extension of `path` if not given.
        format: Option<Format>,
        /// Types of columns, instead of what their values look like (not for parquet).
        types: Option<Types>,
        /// How a csv or tsv file is written, where it is not as usual: with `;`, without header, with `NA` for null.
        csv: Option<CsvOutput>,
        /// Whether to replace a file that is there.
        #[arg(default)]
        overwrite: bool,
    ) -> Result<Saved> {
        if rows.is_some() == source.is_some() {
            return Err(Error::invalid_arguments("give either `rows` or `source`"));
        }
        let table = Table { path: source, rows: rows.map(reader::inline), format: None, types, csv: None };
        run(ctx, |call| call.save(table, Output { path, format, overwrite, csv }))
    }

    /// Queries a table without SQL: filters, computes, sorts, groups with sum, mean (average), median, standard deviation
    /// and count, takes the top rows per group, joins, selects and renames columns: runs `steps` on a file or on given
    /// rows, one after the other, and answers a page of the result, or writes all of it to `output`.
    ///
    /// Example of `steps`, the mean population of large countries by continent:
    /// `[{"step": "filter", "where": {"op": "gt", "field": "area_km2", "value": 100000}},
    /// {"step": "group", "by": ["continent"], "aggregates": [{"function": "mean", "column": "population", "as": "mean"}]},
    /// {"step": "sort", "by": [{"column": "mean", "descending": true}]}]`
    #[tool(
        destructive,
        title = "Process a data set",
        input_schema = schema::arguments::<Process>(),
        meta = json!({ "tandem/exact-numbers": ["rows"] })
    )]
    fn dataset_process(ctx: &Ctx, arguments: Process) -> Result<Processed> {
        run(ctx, |call| call.process(arguments))
    }

    /// Converts a tabular file into another format (csv, tsv, json, jsonl, parquet). Types are kept: integers exactly,
    /// dates as dates. Files of any size work.
    #[tool(destructive, title = "Convert a data set")]
    fn dataset_convert(
        ctx: &Ctx,
        /// The file to read, in a granted folder, as `data/cities.csv`.
        from: String,
        /// The file to write, in a granted folder, as `data/cities.parquet`.
        to: String,
        /// The format to read; by the extension or content of `from` if not given.
        from_format: Option<Format>,
        /// The format to write; by the extension of `to` if not given.
        to_format: Option<Format>,
        /// Types of columns, instead of what their values look like (not for parquet).
        types: Option<Types>,
        /// How the file to read is written, where it is not as usual: without header, with `;`, in latin1, with `NA`.
        csv: Option<Dialect>,
        /// How a csv or tsv file is written; if not given, with a header, commas (tabs in tsv) and empty cells for null. It is always
        /// UTF-8.
        to_csv: Option<CsvOutput>,
        /// Whether to replace a file that is there.
        #[arg(default)]
        overwrite: bool,
    ) -> Result<Saved> {
        let table = Table { path: Some(from), rows: None, format: from_format, types, csv };
        run(ctx, |call| call.save(table, Output { path: to, format: to_format, overwrite, csv: to_csv }))
    }
}

/// Runs a call on the folders that the operator granted.
fn run<T>(ctx: &Ctx, work: impl FnOnce(&Call<'_>) -> crate::Result<T>) -> Result<T> {
    let (files, watch) = (granted_files(), Watched(ctx));
    work(&Call::new(&files, &watch)).map_err(refusal)
}

/// The folders that the sandbox was given; they stand at the root of its file system.
#[cfg(target_arch = "wasm32")]
fn granted_files() -> Files {
    let preopened = wasip2::filesystem::preopens::get_directories();
    Files::new("/", preopened.into_iter().map(|(_, name)| name.trim_start_matches('/').to_owned()))
}

/// Outside of a sandbox nothing is granted.
#[cfg(not(target_arch = "wasm32"))]
fn granted_files() -> Files {
    Files::new("/", [])
}

struct Watched<'a>(&'a Ctx);

impl Watch for Watched<'_> {
    fn cancelled(&self) -> bool {
        self.0.cancelled()
    }

    fn progress(&self, done: u64, total: u64) {
        self.0.progress(done as f64, Some(total as f64), "bytes read");
    }
}

/// The kind of error that a client sees.
fn refusal(error: crate::Error) -> Error {
    match error {
        crate::Error::Invalid(message) => Error::invalid_arguments(message),
        crate::Error::NotFound(message) => Error::not_found(message),
        crate::Error::Denied(message) => Error::denied(message),
        crate::Error::Cancelled => Error::Cancelled,
        crate::Error::Full(message) => Error::unavailable(message),
        other => Error::failed(other.to_string()),
    }
}
