//! The stored form of a segment: rows sorted by id, as pages of vectors, of metadata and of ids, and for a sealed
//! one of an HNSW collection the graph with its codes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tandem_segments::filter::Filter;
use tandem_segments::ids::{IdDirectory, IdReader, write_ids};
use tandem_segments::rows::{RowDirectory, RowReader, RowWriter};
use tandem_segments::{Error, Result, SegmentReader, SegmentRef, SegmentWriter, bits::Bits, policy};

use crate::graph::Graph;
use crate::settings::Settings;

const VECTORS: char = 'v';
const METADATA: char = 'm';
const CODES: char = 'c';
const GRAPH: char = 'g';
/// Pages of vectors that are read in full, one after the other.
const SCAN_PAGE_BYTES: usize = 512 << 10;
/// Pages of vectors of which a graph search reads a few, for a row or two of each.
const PICK_PAGE_BYTES: usize = 16 << 10;

#[derive(Debug, Serialize, Deserialize)]
struct Descriptor {
    rows: u32,
    rows_per_page: u32,
    ids: IdDirectory,
    metadata: RowDirectory,
    graph: Option<GraphSizes>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct GraphSizes {
    graph: u32,
    codes: u32,
}

/// Rows on their way into a segment.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    rows: Vec<Row>,
    numbers: usize,
    metadata_bytes: usize,
}

#[derive(Debug)]
struct Row {
    id: String,
    vector: Vec<f32>,
    /// A JSON object; empty for none.
    metadata: Vec<u8>,
}

impl Rows {
    pub(crate) fn push(&mut self, id: String, vector: Vec<f32>, metadata: Vec<u8>) {
        self.numbers += vector.len();
        self.metadata_bytes += metadata.len();
        self.rows.push(Row { id, vector, metadata });
    }

    /// Sorts by id. Answers an id that is there twice, if there is one.
    pub(crate) fn sort(&mut self) -> Option<&str> {
        self.rows.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        self.rows.array_windows().find(|[a, b]| a.id == b.id).map(|[a, _]| a.id.as_str())
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().map(|row| row.id.as_str())
    }

    /// Writes the rows, which must be sorted.
    pub(crate) fn write(self, settings: &Settings, mut writer: SegmentWriter<'_>) -> Result<SegmentRef> {
        let rows = u32::try_from(self.rows.len()).map_err(|_| Error::invalid("too many items"))?;
        let weight = settings.weigh(self.rows.len(), self.metadata_bytes);
        let indexed = settings.hnsw.filter(|_| weight >= policy::SEALED);

        let ids = write_ids(&mut writer, self.ids())?;
        let mut metadata = RowWriter::new(METADATA);
        let mut vectors = Vec::with_capacity(self.numbers);
        for row in self.rows {
            metadata.push(&mut writer, &row.metadata)?;
            vectors.extend(row.vector);
        }
        let metadata = metadata.finish(&mut writer)?;

        let page_bytes = if indexed.is_some() { PICK_PAGE_BYTES } else { SCAN_PAGE_BYTES };
        let rows_per_page = (page_bytes / settings.vector_bytes()).max(1);
        for (page, numbers) in (0..).zip(vectors.chunks(rows_per_page * settings.dimensions as usize)) {
            writer.put(VECTORS, page, numbers.iter().flat_map(|number| number.to_le_bytes()).collect())?;
        }

        let graph = match indexed {
            None => None,
            Some(hnsw) => {
                let graph = Graph::build(settings.metric, hnsw, settings.dimensions as usize, &vectors)?;
                drop(vectors);
                let (graph, codes) = graph.encode()?;
                writer.put_blob(GRAPH, 0, &graph)?;
                writer.put_blob(CODES, 0, &codes)?;
                Some(GraphSizes { graph: length(&graph), codes: length(&codes) })
            }
        };
        let rows_per_page = rows_per_page as u32;
        let id = writer.finish(&Descriptor { rows, rows_per_page, ids, metadata, graph })?;
        Ok(SegmentRef { id, rows, weight, dead: Bits::new() })
    }
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// A segment that is being read. Pages of single rows are kept, those of a scan are not.
#[derive(Debug)]
pub(crate) struct Segment<'a> {
    reader: SegmentReader<'a>,
    descriptor: Descriptor,
    vector_bytes: usize,
}

impl<'a> Segment<'a> {
    pub(crate) fn open(reader: &SegmentReader<'a>, settings: &Settings) -> Result<Self> {
        let descriptor: Descriptor = reader.descriptor()?;
        Ok(Self { reader: reader.clone(), descriptor, vector_bytes: settings.vector_bytes() })
    }

    pub(crate) fn rows(&self) -> u32 {
        self.descriptor.rows
    }

    pub(crate) fn ids(&self) -> IdReader<'_> {
        IdReader::new(&self.reader, &self.descriptor.ids)
    }

    pub(crate) fn metadata(&self) -> RowReader<'_> {
        RowReader::new(&self.reader, METADATA, &self.descriptor.metadata)
    }

    pub(crate) fn vectors(&self) -> VectorReader<'_> {
        VectorReader { segment: self, pages: Vec::new() }
    }

    /// The graph, if the segment has one.
    pub(crate) fn graph(&self, settings: &Settings) -> Result<Option<Graph>> {
        let Some(sizes) = self.descriptor.graph else { return Ok(None) };
        let graph = self.reader.blob(GRAPH, 0, sizes.graph as usize)?;
        let codes = self.reader.blob(CODES, 0, sizes.codes as usize)?;
        Graph::decode(settings.metric, settings.dimensions as usize, &graph, &codes).map(Some)
    }

    pub(crate) fn has_graph(&self) -> bool {
        self.descriptor.graph.is_some()
    }

    /// Calls `visit` with every row among `wanted` and the bytes of its vector, in order.
    pub(crate) fn scan(&self, wanted: &Bits, mut visit: impl FnMut(u32, &[u8])) -> Result<()> {
        let per_page = self.descriptor.rows_per_page.max(1);
        for page in 0..self.descriptor.rows.div_ceil(per_page) {
            let rows = page * per_page..((page + 1) * per_page).min(self.descriptor.rows);
            if !rows.clone().any(|row| wanted.contains(row)) {
                continue;
            }
            let bytes = self.reader.get(VECTORS, page)?;
            for (row, vector) in rows.zip(bytes.chunks_exact(self.vector_bytes)) {
                if wanted.contains(row) {
                    visit(row, vector);
                }
            }
        }
        Ok(())
    }

    /// The rows among `live` whose metadata fits the filter.
    pub(crate) fn matching(&self, live: &Bits, filter: &Filter) -> Result<Bits> {
        let mut rows = Bits::new();
        let mut metadata = self.metadata();
        for page in 0..metadata.pages() {
            metadata.forget();
            let (first, texts) = metadata.page_rows(page)?;
            for (row, text) in (first..).zip(texts) {
                if live.contains(row) && filter.matches(&parse_metadata(text)?.unwrap_or_default()) {
                    rows.insert(row);
                }
            }
        }
        Ok(rows)
    }
}

/// The metadata of a row; none when it was added without.
pub(crate) fn parse_metadata(text: &[u8]) -> Result<Option<Map<String, Value>>> {
    if text.is_empty() {
        return Ok(None);
    }
    let parsed = serde_json::from_slice(text);
    parsed.map(Some).map_err(|error| Error::corrupt(format!("metadata: {error}")))
}

/// Reads vectors of single rows; a page is read once.
#[derive(Debug)]
pub(crate) struct VectorReader<'a> {
    segment: &'a Segment<'a>,
    pages: Vec<(u32, Vec<u8>)>,
}

impl VectorReader<'_> {
    pub(crate) fn row(&mut self, row: u32) -> Result<&[u8]> {
        let per_page = self.segment.descriptor.rows_per_page.max(1);
        let number = row / per_page;
        let at = match self.pages.iter().position(|(page, _)| *page == number) {
            Some(at) => at,
            None => {
                self.pages.push((number, self.segment.reader.get(VECTORS, number)?));
                self.pages.len() - 1
            }
        };
        let start = (row % per_page) as usize * self.segment.vector_bytes;
        let bytes = self.pages.get(at).and_then(|(_, page)| page.get(start..start + self.segment.vector_bytes));
        bytes.ok_or_else(|| Error::corrupt("a vector is missing"))
    }

    pub(crate) fn numbers(&mut self, row: u32) -> Result<Vec<f32>> {
        Ok(self.row(row)?.as_chunks::<4>().0.iter().map(|number| f32::from_le_bytes(*number)).collect())
    }

    /// Forgets pages, so that a walk over all rows holds a few at a time.
    pub(crate) fn forget_before(&mut self, row: u32) {
        let number = row / self.segment.descriptor.rows_per_page.max(1);
        self.pages.retain(|(page, _)| *page >= number);
    }
}
