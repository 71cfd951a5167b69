//! The stored form of a segment: documents sorted by id, their terms, the lengths of their texts, and a column for
//! every keyword and number field. Each part is read only when a query needs it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tandem_segments::bits::Bits;
use tandem_segments::collection::DROPPED;
use tandem_segments::head::{decode, encode};
use tandem_segments::ids::{IdDirectory, IdReader, write_ids};
use tandem_segments::rows::{RowDirectory, RowReader, RowWriter};
use tandem_segments::{Error, Replacement, Result, SegmentReader, SegmentRef, SegmentWriter};

use crate::analysis::{Analyzer, Kind, words};
use crate::columns::{Column, ColumnBuilder};
use crate::document::{self, texts};
use crate::settings::{Field, Settings};
use crate::terms::{Posting, TermCursor, TermDirectory, TermReader, TermWriter, key, word_key};

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

/// That a document has a term: one entry of an index that is being made.
#[derive(Clone, Copy)]
struct Entry {
    /// Where the term is among the terms of all entries.
    start: u32,
    length: u32,
    posting: Posting,
}

/// The terms of documents that are being indexed. Flat lists keep a call whose every word is new within a guest's
/// memory, where a map of lists would not.
#[derive(Default)]
struct Inverted {
    terms: Vec<u8>,
    entries: Vec<Entry>,
}

impl Inverted {
    /// Adds the words of one field of the next document. Answers how many they are.
    fn add(&mut self, row: u32, field: usize, analyzer: Analyzer, value: &Value) -> u32 {
        let (mut keys, mut count) = (Vec::new(), 0);
        for word in texts(value).flat_map(words) {
            let plain = analyzer.plain(word.text);
            if analyzer.stems() {
                keys.push(word_key(field, &plain));
            }
            keys.push(key(field, &analyzer.stem(plain)));
            count += usize::from(word.kind == Kind::Word);
        }
        keys.sort_unstable();
        for same in keys.chunk_by(|a, b| a == b) {
            let Some(key) = same.first() else { continue };
            let posting = Posting { document: row, count: length(same.len()) };
            self.entries.push(Entry { start: length(self.terms.len()), length: length(key.len()), posting });
            self.terms.extend_from_slice(key);
        }
        length(count)
    }

    fn write(mut self, writer: &mut SegmentWriter<'_>) -> Result<TermDirectory> {
        let terms = self.terms;
        let term = |entry: &Entry| terms.get(entry.start as usize..).and_then(|rest| rest.get(..entry.length as usize));
        self.entries.sort_unstable_by(|a, b| term(a).cmp(&term(b)).then_with(|| a.posting.cmp(&b.posting)));
        let mut directory = TermWriter::new();
        let mut postings = Vec::new();
        for same in self.entries.chunk_by(|a, b| term(a) == term(b)) {
            postings.clear();
            postings.extend(same.iter().map(|entry| entry.posting));
            directory.push(writer, same.first().and_then(term).unwrap_or_default(), &postings)?;
        }
        directory.finish(writer)
    }
}

fn length(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Writes documents, which must be sorted by id and different, as a segment.
pub(crate) fn write(settings: &Settings, drafts: &[Draft], mut writer: SegmentWriter<'_>) -> Result<SegmentRef> {
    let ids = write_ids(&mut writer, drafts.iter().map(|draft| draft.id.as_str()))?;
    let mut build = Build::new(settings, writer);
    let texts: Vec<(usize, &Field, Analyzer)> = (0..)
        .zip(&settings.fields)
        .filter(|(_, field)| field.kind.is_text())
        .map(|(number, field)| (number, field, Analyzer::new(field)))
        .collect();
    let mut inverted = Inverted::default();
    for (row, draft) in (0..).zip(drafts) {
        let mut counts = vec![0u32; settings.fields.len()];
        for (number, field, analyzer) in &texts {
            if let (Some(value), Some(count)) = (draft.fields.get(&field.name), counts.get_mut(*number)) {
                *count = inverted.add(row, *number, *analyzer, value);
            }
        }
        build.row(settings, &draft.fields, &draft.stored, |field| counts.get(field).copied().unwrap_or(0))?;
    }
    let directory = inverted.write(&mut build.writer)?;
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
    let mut cursors: Vec<TermCursor<'_>> = Vec::with_capacity(sources.len());
    for (_, segment) in sources {
        cursors.push(TermCursor::new(segment.terms())?);
    }
    let mut merged = TermWriter::new();
    let mut postings = Vec::new();
    while let Some(term) = cursors.iter().filter_map(TermCursor::term).min().map(<[u8]>::to_vec) {
        postings.clear();
        for (cursor, map) in cursors.iter_mut().zip(maps).filter(|(cursor, _)| cursor.term() == Some(&term)) {
            cursor.take()?.each(|posting| {
                let new = map.get(posting.document as usize).copied().filter(|new| *new != DROPPED);
                postings.extend(new.map(|document| Posting { document, ..posting }));
            })?;
        }
        postings.sort_unstable();
        if !postings.is_empty() {
            merged.push(writer, &term, &postings)?;
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
