//! What the tools do, without what binds them to a host.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    describe::{self, ColumnStatistics},
    error::{Error, Result},
    files::{Entry, Files, Listing},
    format::Format,
    meter::{Budget, Meter, Watch},
    page::{Integers, Page, Pager},
    reader::{self, Dialect, ExactRow, ReadOptions, RowStream, Source, Types},
    steps::{self, Step, Table},
    types::{DataType, Schema},
    writer::{self, CsvOutput, Destination},
};

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ColumnInfo {
    /// Its name.
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub data_type: DataType,
    /// How many rows are null in it, where reading told it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nulls: Option<u64>,
    /// How many of them are words in the file, such as `NA`; give `csv.nulls` to say which words mean null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub null_words: Option<u64>,
}

/// A row: the value of each column by its name.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct PageRow(pub Box<RawValue>);

impl JsonSchema for PageRow {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PageRow".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "object" })
    }
}

/// A page of a file.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Loaded {
    /// The file's format.
    pub format: Option<Format>,
    /// The columns, in order.
    pub columns: Vec<ColumnInfo>,
    /// How many rows the file has.
    pub total_rows: u64,
    /// The rows of the page.
    pub rows: Vec<PageRow>,
    /// Whether there are rows after the page.
    pub truncated: bool,
    /// The `offset` of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_offset: Option<u64>,
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Saved {
    /// The file.
    pub path: String,
    /// Its format.
    pub format: Format,
    /// Its rows.
    pub rows: u64,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its columns, in order.
    pub columns: Vec<ColumnInfo>,
}

/// What steps made.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Processed {
    /// The columns, in order.
    pub columns: Vec<ColumnInfo>,
    /// How many rows there are in all.
    pub total_rows: u64,
    /// The rows of the page; none when they went to a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<PageRow>>,
    /// Whether there are rows after the page.
    pub truncated: bool,
    /// The `offset` of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_offset: Option<u64>,
    /// The file that the rows went to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Saved>,
}

/// What a file is.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct FileSchema {
    /// The file's format.
    pub format: Option<Format>,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
    /// Its columns, in order.
    pub columns: Vec<ColumnInfo>,
    /// What is in it, where the path is a folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<Entry>>,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Description {
    /// The file's format.
    pub format: Option<Format>,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
    /// Its columns, in order.
    pub columns: Vec<ColumnDescription>,
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ColumnDescription {
    /// Its name.
    pub name: String,
    /// The type of its values.
    #[serde(rename = "type")]
    pub data_type: DataType,
    /// Rows where it has a value.
    pub count: u64,
    /// Rows where it is null.
    pub nulls: u64,
    /// Its least value; none for json columns. Text is cut at 200 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<serde_json::Value>,
    /// Its greatest value; none for json columns. Text is cut at 200 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<serde_json::Value>,
    /// The mean of its numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// Rows where it is true, of a bool column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trues: Option<u64>,
}

/// Where the rows of a process go.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// The file, in a granted folder.
    pub path: String,
    /// Its format; by its extension if not given.
    #[serde(default)]
    pub format: Option<Format>,
    /// Whether to replace a file that is there.
    #[serde(default)]
    pub overwrite: bool,
    /// How a csv or tsv file is written.
    #[serde(default)]
    pub csv: Option<CsvOutput>,
}

/// What a process is to do.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// The file in a granted folder, as `data/cities.csv`; give either this or `rows`.
    pub path: Option<String>,
    /// The rows.
    pub rows: Option<Vec<ExactRow>>,
    /// Its format; by its extension or content if not given.
    pub format: Option<Format>,
    /// Types of columns by name (not for parquet).
    pub types: Option<Types>,
    /// How a csv or tsv file is written, where it is not as usual.
    pub csv: Option<Dialect>,
    /// What is done, in order; at most 32 steps.
    pub steps: Vec<Step>,
    /// A file for the result, instead of a page of rows.
    pub output: Option<Output>,
    /// The first row of the page, from 0.
    pub offset: Option<u64>,
    /// Rows of the page, which ends at 1 MiB; 100 if not given.
    #[schemars(range(max = 10_000))]
    pub limit: Option<u32>,
}

/// One call: the files that it may use and the meter that runs along.
#[derive(Debug)]
pub struct Call<'a> {
    files: &'a Files,
    meter: Meter<'a>,
}

impl<'a> Call<'a> {
    /// A call that reports to `watch`.
    pub fn new(files: &'a Files, watch: &'a dyn Watch) -> Self {
        Self { files, meter: Meter::new(watch) }
    }

    /// Reads a page of a file. Without `integers` those of Parquet are numbers, as its schema says, others strings.
    pub fn load(
        &self,
        path: &str,
        options: ReadOptions<'_>,
        offset: Option<u64>,
        limit: Option<u32>,
        integers: Option<Integers>,
    ) -> Result<Loaded> {
        let mut source = reader::open(self.files, path, options, &self.meter)?;
        let nulls = match source.nulls.take() {
            Some(nulls) => nulls,
            // The footer does not tell: one pass counts, another reads the page.
            None => {
                let (statistics, _) = describe::describe(source.stream.as_mut(), &self.meter)?;
                source = reader::open(self.files, path, options, &self.meter)?;
                statistics.iter().map(|column| column.nulls).collect()
            }
        };
        let columns = columns(source.stream.schema(), Some(&nulls), source.null_words.as_deref());
        let typed = source.format == Some(Format::Parquet);
        let integers = integers.unwrap_or(if typed { Integers::Numbers } else { Integers::Strings });
        let pager = Pager::new(source.stream.schema(), offset, limit)?.with(integers);
        let Page { rows, total, truncated, next_offset } =
            pager.read(source.stream.as_mut(), Some(source.rows), &self.meter)?;
        let rows = rows.into_iter().map(PageRow).collect();
        Ok(Loaded { format: source.format, columns, total_rows: total, rows, truncated, next_offset })
    }

    /// Lists a folder, or the granted folders.
    pub fn list(&self, path: Option<&str>) -> Result<Listing> {
        self.files.list(path)
    }

    /// Tells the columns and the number of rows of a file, or what is in a folder.
    pub fn schema(&self, path: &str, options: ReadOptions<'_>) -> Result<FileSchema> {
        if self.files.is_folder(path) {
            let files = Some(self.files.list(Some(path))?.entries);
            return Ok(FileSchema { format: None, bytes: 0, rows: 0, columns: Vec::new(), files });
        }
        let source = reader::open(self.files, path, options, &self.meter)?;
        let columns = columns(source.stream.schema(), source.nulls.as_deref(), source.null_words.as_deref());
        Ok(FileSchema { format: source.format, bytes: source.bytes, rows: source.rows, columns, files: None })
    }

    /// Computes statistics of every column of a file.
    pub fn describe(&self, path: &str, options: ReadOptions<'_>) -> Result<Description> {
        let mut source = reader::open(self.files, path, options, &self.meter)?;
        let (statistics, rows) = describe::describe(source.stream.as_mut(), &self.meter)?;
        let columns = source.stream.schema().columns().iter().zip(statistics);
        let columns =
            columns.map(|(column, statistics)| describe_column(&column.name, column.data_type, rows, statistics));
        Ok(Description { format: source.format, bytes: source.bytes, rows, columns: columns.collect() })
    }

    /// Writes a table to a file.
    pub fn save(&self, table: Table, output: Output) -> Result<Saved> {
        let mut source = table.open(self.files, &self.meter)?;
        self.write(source.stream.as_mut(), output)
    }

    /// Runs steps on a table, and writes the result or answers a page of it.
    pub fn process(&self, process: Process) -> Result<Processed> {
        let Process { path, rows, format, types, csv, steps, output, offset, limit } = process;
        if output.is_some() && (offset.is_some() || limit.is_some()) {
            return Err(Error::invalid("`offset` and `limit` are for a page; with `output` use a `limit` step"));
        }
        let table = Table { path, rows: rows.map(reader::inline), format, types, csv };
        let needed = steps::needed(&steps);
        let source: Source = table.open_needed(needed.as_ref(), self.files, &self.meter)?;
        let context = steps::Context { files: self.files, meter: &self.meter, budget: Budget::default() };
        let mut stream = steps::apply(source.stream, steps, &context)?;
        if let Some(output) = output {
            let saved = self.write(stream.as_mut(), output)?;
            return Ok(Processed {
                columns: saved.columns.clone(),
                total_rows: saved.rows,
                rows: None,
                truncated: false,
                next_offset: None,
                output: Some(saved),
            });
        }
        let columns = columns(stream.schema(), None, None);
        let page = Pager::new(stream.schema(), offset, limit)?.read(stream.as_mut(), None, &self.meter)?;
        Ok(Processed {
            columns,
            total_rows: page.total,
            rows: Some(page.rows.into_iter().map(PageRow).collect()),
            truncated: page.truncated,
            next_offset: page.next_offset,
            output: None,
        })
    }

    fn write(&self, stream: &mut dyn RowStream, output: Output) -> Result<Saved> {
        let format = Format::to_write(&output.path, output.format)?;
        let destination = Destination { path: output.path, format, overwrite: output.overwrite, csv: output.csv };
        let written = writer::write_all(stream, self.files, &destination, &self.meter)?;
        Ok(Saved {
            path: destination.path,
            format,
            rows: written.rows,
            bytes: written.bytes,
            columns: columns(stream.schema(), None, None),
        })
    }
}

fn columns(schema: &Schema, nulls: Option<&[u64]>, words: Option<&[u64]>) -> Vec<ColumnInfo> {
    let count = |counts: Option<&[u64]>, at: usize| counts.and_then(|counts| counts.get(at).copied());
    let info = |(at, column): (usize, &crate::types::Column)| ColumnInfo {
        name: column.name.clone(),
        data_type: column.data_type,
        nulls: count(nulls, at),
        null_words: count(words, at).filter(|words| *words > 0),
    };
    schema.columns().iter().enumerate().map(info).collect()
}

fn describe_column(name: &str, data_type: DataType, rows: u64, statistics: ColumnStatistics) -> ColumnDescription {
    ColumnDescription {
        name: name.to_owned(),
        data_type,
        count: rows - statistics.nulls,
        nulls: statistics.nulls,
        min: statistics.min.as_ref().map(describe::shown),
        max: statistics.max.as_ref().map(describe::shown),
        mean: statistics.mean.value(),
        trues: (data_type == DataType::Bool).then_some(statistics.trues),
    }
}
