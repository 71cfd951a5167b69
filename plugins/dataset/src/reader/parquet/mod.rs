//! Parquet: batches of every column side by side, one row group after the other.
//!
//! Only the pages that the current batch needs are in memory. Flat columns keep their types: decimals and times of day
//! become strings (exactly), nested columns JSON. Codecs: none, snappy, gzip, lz4. Refused with the name of the column:
//! zstd and brotli (the one codec is C, the other large and rare), binary columns that are not text.

mod column;
mod decode;
mod input;
mod nested;

use std::{ops::Range, sync::Arc};

use parquet::{
    file::{
        metadata::ColumnChunkMetaData,
        reader::{FileReader, RowGroupReader, SerializedFileReader},
        serialized_reader::ReadOptionsBuilder,
        statistics::Statistics,
    },
    record::reader::ReaderIter,
    schema::types::{SchemaDescPtr, SchemaDescriptor},
};

use self::{column::ColumnCursor, decode::Decode, input::Input};
use super::{
    limits::{BATCH_BYTES, BATCH_ROWS},
    options::ReadOptions,
    plan::Plan,
    stream::{RowStream, Source},
};
use crate::{
    error::{Error, Result},
    files::Opened,
    meter::Meter,
    types::{Column, Schema},
    value::{Row, Value},
};

/// What the pages of all columns that are read side by side may take together, of the guest's 64 MiB.
const MAX_PAGES_BYTES: usize = 40 << 20;
/// What a column's pages take where the footer does not count them: a page and a dictionary as writers make them.
const COLUMN_PAGES_BYTES: usize = 2 << 20;

/// Reads the footer and stands before the first row.
pub(super) fn open(opened: Opened, options: ReadOptions<'_>, meter: &Meter<'_>) -> Result<Source> {
    if options.types.is_some() {
        return Err(Error::invalid("`types` is for csv and json; parquet has types: use a `cast` in a map step"));
    }
    let Opened { file, bytes, path } = opened;
    meter.expect(bytes);
    let counted = ReadOptionsBuilder::new().with_encoding_stats_as_mask(false).build();
    let reader = SerializedFileReader::new_with_options(Input::new(file, bytes, meter.counter()), counted)
        .map_err(|error| Error::format(&path, error))?;
    let descriptor = reader.metadata().file_metadata().schema_descr_ptr();
    let roots = roots(&descriptor, &path)?;
    let columns = roots.iter().map(|root| Column { name: root.name.clone(), data_type: root.decode.data_type() });
    let file_schema = Schema::new(columns.collect())?;
    let plan = Plan::new(&file_schema, options)?;
    let rows = reader.metadata().file_metadata().num_rows();
    let rows = u64::try_from(rows).map_err(|_| Error::format(&path, "the footer states a negative number of rows"))?;
    let stream = ParquetStream { reader, descriptor, roots, plan, path, group: 0, open: None };
    stream.check()?;
    let nulls = stream.nulls();
    Ok(Source { stream: Box::new(stream), rows, nulls, null_words: None, format: None, bytes: 0 })
}

/// One column of the table: a child of the schema's root.
struct Root {
    name: String,
    /// The leaf columns of the file that it is made of.
    leaves: Range<usize>,
    decode: Decode,
}

fn roots(descriptor: &SchemaDescPtr, path: &str) -> Result<Vec<Root>> {
    let mut roots: Vec<Root> = Vec::new();
    for (at, field) in descriptor.root_schema().get_fields().iter().enumerate() {
        let begin = roots.last().map_or(0, |root| root.leaves.end);
        let count = (begin..descriptor.num_columns()).take_while(|leaf| descriptor.get_column_root_idx(*leaf) == at);
        let leaves = begin..begin + count.count();
        let leaf = (field.is_primitive() && leaves.len() == 1).then(|| descriptor.column(begin));
        let decode = match leaf.filter(|leaf| leaf.max_rep_level() == 0) {
            Some(leaf) => Decode::of(&leaf),
            None => nested::decode(descriptor, leaves.clone()),
        };
        let decode = decode.map_err(|problem| (field.name(), problem));
        let decode = decode.unwrap_or_else(|(_, problem)| Decode::Refused(problem));
        roots.push(Root { name: field.name().to_owned(), leaves, decode });
    }
    if roots.is_empty() {
        return Err(Error::format(path, "the file has no columns"));
    }
    Ok(roots)
}

/// Refuses codecs that cannot be read, and places that no file has.
fn check_chunk(chunk: &ColumnChunkMetaData) -> Result<(), String> {
    if let Some(codec) = input::refused(chunk.compression()) {
        return Err(format!("it is compressed with {codec}: write the file with snappy, gzip, lz4 or none"));
    }
    let first = chunk.dictionary_page_offset().unwrap_or(0);
    if [first, chunk.data_page_offset(), chunk.compressed_size(), chunk.uncompressed_size()].iter().any(|at| *at < 0) {
        return Err("the footer states a negative place or size".to_owned());
    }
    Ok(())
}

/// About how much memory reading a column chunk takes: a page and a dictionary of average size.
fn pages_bytes(chunk: &ColumnChunkMetaData) -> usize {
    let bytes = usize::try_from(chunk.uncompressed_size()).unwrap_or(0);
    let pages =
        chunk.page_encoding_stats().map(|counts| counts.iter().map(|count| i64::from(count.count)).sum::<i64>());
    match pages.and_then(|pages| usize::try_from(pages).ok()).filter(|pages| *pages > 0) {
        Some(pages) => bytes.min(2 * (bytes / pages)),
        None => bytes.min(COLUMN_PAGES_BYTES),
    }
}

struct ParquetStream {
    reader: SerializedFileReader<Input>,
    descriptor: SchemaDescPtr,
    roots: Vec<Root>,
    plan: Plan,
    path: String,
    /// The row group to open next.
    group: usize,
    open: Option<Group>,
}

/// A row group that is being read.
struct Group {
    left: usize,
    batch: usize,
    flat: Vec<ColumnCursor>,
    nested: Option<Nested>,
}

struct Nested {
    rows: ReaderIter,
    /// Where each nested column goes, in the order in which they are read.
    places: Vec<usize>,
}

impl ParquetStream {
    fn wanted(&self) -> impl Iterator<Item = (&Root, usize)> {
        self.roots.iter().zip(&self.plan.places).filter_map(|(root, place)| place.map(|place| (root, place)))
    }

    fn bad_column(&self, column: &str, problem: &str) -> Error {
        let remedy = "leave the column out with `columns`";
        Error::format(&self.path, format!("column `{column}`: {problem}; {remedy}"))
    }

    /// Refuses what cannot be read before any row is.
    fn check(&self) -> Result<()> {
        for (root, _) in self.wanted() {
            if let Decode::Refused(problem) = &root.decode {
                return Err(self.bad_column(&root.name, problem));
            }
        }
        for group in self.reader.metadata().row_groups() {
            let mut pages = 0_usize;
            for (root, _) in self.wanted() {
                for chunk in group.columns().get(root.leaves.clone()).unwrap_or_default() {
                    check_chunk(chunk).map_err(|problem| self.bad_column(&root.name, &problem))?;
                    pages = pages.saturating_add(pages_bytes(chunk));
                }
            }
            if pages > MAX_PAGES_BYTES {
                let (taken, bound) = (pages >> 20, MAX_PAGES_BYTES >> 20);
                return Err(Error::Bound(format!(
                    "{}: reading these columns side by side takes about {taken} MiB, over the bound of {bound} MiB: \
                     name fewer columns",
                    self.path
                )));
            }
        }
        Ok(())
    }

    /// The nulls of each column, where the footer tells them all.
    fn nulls(&self) -> Option<Vec<u64>> {
        let mut nulls = vec![0_u64; self.plan.schema.len()];
        for (root, place) in self.wanted() {
            let leaf = root.decode.is_flat().then_some(root.leaves.start)?;
            for group in self.reader.metadata().row_groups() {
                let count = group.columns().get(leaf)?.statistics().and_then(Statistics::null_count_opt)?;
                *nulls.get_mut(place)? += count;
            }
        }
        Some(nulls)
    }

    /// Opens the next row group that has rows.
    fn open_group(&mut self) -> Result<bool> {
        while self.group < self.reader.num_row_groups() {
            let at = self.group;
            self.group += 1;
            let opened = self.try_open(at).map_err(|error| Error::format(&self.path, error))?;
            if opened.left > 0 {
                self.open = Some(opened);
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn try_open(&self, at: usize) -> parquet::errors::Result<Group> {
        let group = self.reader.get_row_group(at)?;
        let (mut flat, mut nested) = (Vec::new(), Vec::new());
        for (root, place) in self.wanted() {
            if root.decode.is_flat() {
                let leaf = self.descriptor.column(root.leaves.start);
                let reader = group.get_column_reader(root.leaves.start)?;
                flat.push(ColumnCursor::new(
                    root.name.clone(),
                    reader,
                    leaf.max_def_level(),
                    root.decode.clone(),
                    place,
                ));
            } else {
                nested.push((root, place));
            }
        }
        let left = usize::try_from(group.metadata().num_rows())?;
        let bytes = usize::try_from(group.metadata().total_byte_size())?;
        let average = bytes.checked_div(left).unwrap_or(0).max(1);
        Ok(Group {
            left,
            batch: (BATCH_BYTES / average).clamp(1, BATCH_ROWS),
            flat,
            nested: self.open_nested(&nested, group.as_ref())?,
        })
    }

    fn open_nested(
        &self,
        wanted: &[(&Root, usize)],
        group: &dyn RowGroupReader,
    ) -> parquet::errors::Result<Option<Nested>> {
        if wanted.is_empty() {
            return Ok(None);
        }
        let root = self.descriptor.root_schema();
        let fields = root.get_fields().iter().filter(|field| wanted.iter().any(|(root, _)| root.name == field.name()));
        let projection = parquet::schema::types::Type::group_type_builder(root.name())
            .with_fields(fields.cloned().collect())
            .build()?;
        let descriptor = Arc::new(SchemaDescriptor::new(Arc::new(projection)));
        let rows = nested::rows(descriptor, group)?;
        Ok(Some(Nested { rows, places: wanted.iter().map(|(_, place)| *place).collect() }))
    }
}

impl Nested {
    fn fill(&mut self, rows: &mut [Row], path: &str) -> Result<()> {
        for row in rows {
            let record = self.rows.next().ok_or_else(|| Error::format(path, "a column ends before the others"))?;
            let record = record.map_err(|error| Error::format(path, error))?;
            for ((name, field), place) in record.into_columns().into_iter().zip(&self.places) {
                let value =
                    nested::value(&field).map_err(|problem| Error::format(path, format!("`{name}`: {problem}")))?;
                if let Some(slot) = row.get_mut(*place) {
                    *slot = value;
                }
            }
        }
        Ok(())
    }
}

impl RowStream for ParquetStream {
    fn schema(&self) -> &Schema {
        &self.plan.schema
    }

    fn next(&mut self, meter: &Meter<'_>) -> Result<Option<Vec<Row>>> {
        meter.tick()?;
        if self.open.is_none() && !self.open_group()? {
            return Ok(None);
        }
        let Some(group) = self.open.as_mut() else { return Ok(None) };
        let count = group.left.min(group.batch);
        let mut rows: Vec<Row> = vec![vec![Value::Null; self.plan.schema.len()]; count];
        for column in &mut group.flat {
            column.fill(&mut rows).map_err(|problem| Error::format(&self.path, problem))?;
        }
        if let Some(nested) = &mut group.nested {
            nested.fill(&mut rows, &self.path)?;
        }
        group.left -= count;
        if group.left == 0 {
            self.open = None;
        }
        Ok(Some(rows))
    }
}
