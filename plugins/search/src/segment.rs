//! The stored form of a segment: documents sorted by id, their terms, the lengths of their texts, and a column for
//! every keyword and number field. Each part is read only when a query needs it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tandem_segments::bits::Bits;
use tandem_segments::collection::DROPPED;
use tandem_segments::head::{decode, encode};
use tandem_segments::ids::{IdDirectory, IdReader, write_ids};
use tandem_segments::rows::{RowDirectory, RowReader, RowWriter};
use tandem_segments::{Error, Replacement, Result, SegmentReader, SegmentRef, SegmentWriter};

use crate::analysis::{Analyzer, words};
use crate::columns::{Column, ColumnBuilder};
use crate::document::{self, texts};
use crate::settings::{FieldKind, Settings};
use crate::terms::{Posting, TermDirectory, TermReader, TermWriter, key};

const DOCUMENTS: char = 'd';
const LENGTHS: char = 'l';
const COLUMNS: char = 'c';
/// Pages that one column may take, of one mebibyte each.
const COLUMN_PAGES: u32 = 256;

#[derive(Debug, Serialize, Deserialize)]
struct Descriptor {
    ids: IdDirectory,
    documents: RowDirectory,
    terms: TermDirectory,
    fields: Vec<FieldTotals>,
}

/// What a segment has of one field.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct FieldTotals {
    /// Documents with at least one word in it.
    pub(crate) documents: u32,
    /// Words of all of them.
    pub(crate) words: u64,
    column_bytes: u32,
}

/// A document on its way into a segment.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) id: String,
    pub(crate) fields: Map<String, Value>,
    /// The fields, as they are stored.
    pub(crate) stored: Vec<u8>,
}

/// Gathers what is written row by row.
struct Build<'w> {
    writer: SegmentWriter<'w>,
    documents: RowWriter,
    columns: Vec<ColumnBuilder>,
    lengths: Vec<Vec<u32>>,
    rows: u32,
    bytes: usize,
}

impl<'w> Build<'w> {
    fn new(settings: &Settings, writer: SegmentWriter<'w>) -> Self {
        let columns = settings.fields.iter().map(ColumnBuilder::new).collect();
        let lengths = vec![Vec::new(); settings.fields.len()];
        Self { writer, documents: RowWriter::new(DOCUMENTS), columns, lengths, rows: 0, bytes: 0 }
    }

    /// Adds the next row: its document, and how many words each field has.
    fn row(
        &mut self,
        settings: &Settings,
        fields: &Map<String, Value>,
        stored: &[u8],
        words: impl Fn(usize) -> u32,
    ) -> Result<()> {
        self.documents.push(&mut self.writer, stored)?;
        for (column, field) in self.columns.iter_mut().zip(&settings.fields) {
            column.push(fields.get(&field.name).unwrap_or(&Value::Null));
        }
        for (field, lengths) in self.lengths.iter_mut().enumerate() {
            lengths.push(words(field));
        }
        self.rows += 1;
        self.bytes += stored.len();
        Ok(())
    }

    fn finish(mut self, ids: IdDirectory, terms: TermDirectory) -> Result<SegmentRef> {
        let documents = self.documents.finish(&mut self.writer)?;
        let mut fields = Vec::with_capacity(self.lengths.len());
        for ((number, lengths), column) in (0u32..).zip(&self.lengths).zip(self.columns) {
            let mut totals = FieldTotals {
                documents: lengths.iter().map(|words| u32::from(*words > 0)).sum(),
                words: lengths.iter().map(|words| u64::from(*words)).sum(),
                column_bytes: 0,
            };
            if totals.documents > 0 {
                self.writer.put(LENGTHS, number, encode(lengths)?)?;
            }
            if let Some(column) = column.finish() {
                let bytes = encode(&column)?;
                totals.column_bytes = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                self.writer.put_blob(COLUMNS, number * COLUMN_PAGES, &bytes)?;
            }
            fields.push(totals);
        }
        let id = self.writer.finish(&Descriptor { ids, documents, terms, fields })?;
        let weight = Settings::weigh(self.rows as usize, self.bytes);
        Ok(SegmentRef { id, rows: self.rows, weight, dead: Bits::new() })
    }
}

/// Writes documents, which must be sorted by id and different, as a segment.
pub(crate) fn write(settings: &Settings, drafts: &[Draft], mut writer: SegmentWriter<'_>) -> Result<SegmentRef> {
    let ids = write_ids(&mut writer, drafts.iter().map(|draft| draft.id.as_str()))?;
    let mut build = Build::new(settings, writer);
    let analyzers: Vec<Analyzer> = settings.fields.iter().map(|field| Analyzer::new(field.language)).collect();
    let mut terms: BTreeMap<Vec<u8>, Vec<Posting>> = BTreeMap::new();
    for (row, draft) in (0..).zip(drafts) {
        let mut counts = vec![0u32; settings.fields.len()];
        for (number, ((field, analyzer), count)) in settings.fields.iter().zip(&analyzers).zip(&mut counts).enumerate()
        {
            let value = draft.fields.get(&field.name).filter(|_| field.kind == FieldKind::Text);
            for word in value.into_iter().flat_map(texts).flat_map(words) {
                *count += 1;
                let postings = terms.entry(key(number, &analyzer.term(word.text))).or_default();
                match postings.last_mut() {
                    Some(last) if last.document == row => last.count += 1,
                    _ => postings.push(Posting { document: row, count: 1 }),
                }
            }
        }
        build.row(settings, &draft.fields, &draft.stored, |field| counts.get(field).copied().unwrap_or(0))?;
    }
    let mut directory = TermWriter::new();
    for (term, postings) in &terms {
        directory.push(&mut build.writer, term, postings)?;
    }
    let directory = directory.finish(&mut build.writer)?;
    build.finish(ids, directory)
}

/// Writes the live rows of some segments as a new one. Terms are carried over, not analysed again.
pub(crate) fn merge(
    settings: &Settings,
    sources: &[(&SegmentRef, Segment<'_>)],
    mut writer: SegmentWriter<'_>,
) -> Result<Replacement> {
    let mut places: Vec<(String, usize, u32)> = Vec::new();
    for (at, (listed, segment)) in sources.iter().enumerate() {
        segment.ids().scan(None, |row, id| {
            if !listed.dead.contains(row) {
                places.push((id.to_owned(), at, row));
            }
            Ok(true)
        })?;
    }
    places.sort_unstable();
    let mut maps: Vec<Vec<u32>> = sources.iter().map(|(listed, _)| vec![DROPPED; listed.rows as usize]).collect();
    if places.is_empty() {
        return Ok(Replacement { segment: None, rows: maps });
    }

    let ids = write_ids(&mut writer, places.iter().map(|(id, ..)| id.as_str()))?;
    let mut build = Build::new(settings, writer);
    let mut documents: Vec<RowReader<'_>> = sources.iter().map(|(_, segment)| segment.documents()).collect();
    let lengths = sources.iter().map(|(_, segment)| segment.all_lengths()).collect::<Result<Vec<_>>>()?;
    for (new, (_, at, row)) in (0..).zip(&places) {
        if let Some(slot) = maps.get_mut(*at).and_then(|map| map.get_mut(*row as usize)) {
            *slot = new;
        }
        let stored = documents.get_mut(*at).ok_or_else(missing)?.row(*row)?;
        build.row(settings, &document::decode(stored)?, stored, |field| {
            let lengths = lengths.get(*at).and_then(|fields| fields.get(field));
            lengths.and_then(|lengths| lengths.get(*row as usize)).copied().unwrap_or(0)
        })?;
    }
    drop((documents, lengths, places));
    let terms = merge_terms(&mut build.writer, sources, &maps)?;
    Ok(Replacement { segment: Some(build.finish(ids, terms)?), rows: maps })
}

fn merge_terms(
    writer: &mut SegmentWriter<'_>,
    sources: &[(&SegmentRef, Segment<'_>)],
    maps: &[Vec<u32>],
) -> Result<TermDirectory> {
    let mut readers: Vec<TermReader<'_>> = sources.iter().map(|(_, segment)| segment.terms()).collect();
    let mut terms: Vec<(Vec<u8>, usize, u64)> = Vec::new();
    for (at, reader) in readers.iter_mut().enumerate() {
        reader.each(|term, offset| terms.push((term.to_vec(), at, offset)))?;
    }
    terms.sort_unstable();
    let mut merged = TermWriter::new();
    let mut postings = Vec::new();
    for same in terms.chunk_by(|a, b| a.0 == b.0) {
        postings.clear();
        for (_, at, offset) in same {
            let (reader, map) = readers.get_mut(*at).zip(maps.get(*at)).ok_or_else(missing)?;
            reader.forget_before(*offset);
            reader.postings(*offset)?.each(|posting| {
                let new = map.get(posting.document as usize).copied().filter(|new| *new != DROPPED);
                postings.extend(new.map(|document| Posting { document, ..posting }));
            })?;
        }
        postings.sort_unstable();
        if let (Some((term, ..)), false) = (same.first(), postings.is_empty()) {
            merged.push(writer, term, &postings)?;
        }
    }
    merged.finish(writer)
}

fn missing() -> Error {
    Error::corrupt("a source of a merge is missing")
}

/// A segment that is being read.
#[derive(Debug)]
pub(crate) struct Segment<'a> {
    reader: SegmentReader<'a>,
    descriptor: Descriptor,
}

impl<'a> Segment<'a> {
    pub(crate) fn open(reader: &SegmentReader<'a>) -> Result<Self> {
        Ok(Self { descriptor: reader.descriptor()?, reader: reader.clone() })
    }

    pub(crate) fn ids(&self) -> IdReader<'_> {
        IdReader::new(&self.reader, &self.descriptor.ids)
    }

    pub(crate) fn documents(&self) -> RowReader<'_> {
        RowReader::new(&self.reader, DOCUMENTS, &self.descriptor.documents)
    }

    pub(crate) fn terms(&self) -> TermReader<'_> {
        TermReader::new(&self.reader, &self.descriptor.terms)
    }

    pub(crate) fn totals(&self, field: usize) -> FieldTotals {
        self.descriptor.fields.get(field).copied().unwrap_or_default()
    }

    /// How many words each row has in a field.
    pub(crate) fn lengths(&self, field: usize) -> Result<Vec<u32>> {
        if self.totals(field).documents == 0 {
            return Ok(Vec::new());
        }
        decode(&self.reader.get(LENGTHS, u32::try_from(field).unwrap_or(u32::MAX))?)
    }

    fn all_lengths(&self) -> Result<Vec<Vec<u32>>> {
        (0..self.descriptor.fields.len()).map(|field| self.lengths(field)).collect()
    }

    /// The column of a keyword or number field.
    pub(crate) fn column(&self, field: usize) -> Result<Column> {
        let first = u32::try_from(field).unwrap_or(u32::MAX).saturating_mul(COLUMN_PAGES);
        decode(&self.reader.blob(COLUMNS, first, self.totals(field).column_bytes as usize)?)
    }
}
