//! The HNSW graph of one sealed segment, and the codes that it is walked on.
//!
//! A vector's code is a byte for each number and one scale: a quarter of the vector. The graph is built and walked
//! on codes, so a search reads a quarter of what an exact one does; the caller ranks what it finds by the vectors.
//! Levels and the order of insertion come from fixed seeds: the same rows give the same graph.

use hnsw_stable::{Hnsw, HnswConfig, NodeId, Qi8, Qi8Ref, VectorStore, VectorStoreMut};
use tandem_segments::{Error, Result};

use crate::metric::{Metric, dot_codes};
use crate::settings::Hnsw as Parameters;

const SEED: u64 = 0x7461_6e64_656d;

/// The distance of codes.
#[derive(Clone, Copy, Debug)]
struct CodeMetric(Metric);

impl hnsw_stable::Metric for CodeMetric {
    type Family = Qi8;

    fn distance<'a, 'b>(&self, a: Qi8Ref<'a>, b: Qi8Ref<'b>) -> f32 {
        let dot = |a: Qi8Ref<'_>, b: Qi8Ref<'_>| dot_codes(a.data, b.data) as f32 * a.scale * b.scale;
        match self.0 {
            // The vectors were made unit vectors before they were coded.
            Metric::Cosine => 1.0 - dot(a, b),
            Metric::Dot => -dot(a, b),
            Metric::L2 => dot(a, a) + dot(b, b) - 2.0 * dot(a, b),
        }
    }
}

/// The codes of a segment's rows, in the order of the graph's nodes.
#[derive(Debug)]
pub(crate) struct Codes {
    dimensions: usize,
    scales: Vec<f32>,
    numbers: Vec<i8>,
}

impl Codes {
    fn with_capacity(dimensions: usize, rows: usize) -> Self {
        Self { dimensions, scales: Vec::with_capacity(rows), numbers: Vec::with_capacity(rows * dimensions) }
    }

    fn push(&mut self, metric: Metric, vector: &[f32]) {
        let length = match metric {
            Metric::Cosine => vector.iter().map(|x| x * x).sum::<f32>().sqrt(),
            Metric::Dot | Metric::L2 => 1.0,
        };
        let largest = vector.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
        let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
        // The cast saturates, and rounding never leaves the range anyway.
        self.numbers.extend(vector.iter().map(|x| (x / scale).round() as i8));
        self.scales.push(scale / length);
    }

    fn row(&self, row: usize) -> Option<Qi8Ref<'_>> {
        let start = row * self.dimensions;
        let data = self.numbers.get(start..start + self.dimensions)?;
        Some(Qi8Ref { data, scale: *self.scales.get(row)?, zero_point: 0 })
    }

    fn encode(self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.scales.iter().flat_map(|scale| scale.to_le_bytes()).collect();
        bytes.extend(self.numbers.iter().map(|number| number.cast_unsigned()));
        bytes
    }

    fn decode(dimensions: usize, rows: usize, bytes: &[u8]) -> Result<Self> {
        let (scales, numbers) =
            bytes.split_at_checked(rows * 4).ok_or_else(|| Error::corrupt("codes are cut short"))?;
        let scales = scales.as_chunks::<4>().0.iter().map(|scale| f32::from_le_bytes(*scale)).collect();
        Ok(Self { dimensions, scales, numbers: numbers.iter().map(|number| number.cast_signed()).collect() })
    }
}

impl VectorStore for Codes {
    type Family = Qi8;
    type Vector<'a> = Qi8Ref<'a>;

    fn dim(&self) -> usize {
        self.dimensions
    }

    fn vector(&self, id: NodeId) -> Option<Qi8Ref<'_>> {
        self.row(id.as_usize())
    }
}

impl VectorStoreMut for Codes {
    fn set(&self, _: NodeId, _: Qi8Ref<'_>) -> hnsw_stable::Result<()> {
        // The codes are complete before the graph is built, in the order in which it takes them.
        Ok(())
    }
}

/// A graph with the codes that it is walked on.
pub(crate) struct Graph {
    hnsw: Hnsw<u32, CodeMetric>,
    codes: Codes,
    metric: Metric,
}

impl Graph {
    /// Builds the graph of `rows` vectors, which stand one after the other.
    pub(crate) fn build(metric: Metric, parameters: Parameters, dimensions: usize, vectors: &[f32]) -> Result<Self> {
        let rows = vectors.len() / dimensions.max(1);
        let mut order: Vec<u32> = (0..rows as u32).collect();
        // Rows come sorted by id, which may well sort them by likeness; a graph grown that way is a poor one.
        order.sort_by_key(|row| scramble(*row));
        let mut codes = Codes::with_capacity(dimensions, rows);
        for row in &order {
            let start = *row as usize * dimensions;
            codes.push(metric, vectors.get(start..start + dimensions).unwrap_or_default());
        }
        let config = HnswConfig::new(dimensions, rows)
            .m(parameters.m as usize)
            .ef_construction(parameters.ef_construction as usize)
            .seed(SEED)
            .label_operation_locks(1);
        let hnsw = Hnsw::new(CodeMetric(metric), config);
        for (node, row) in order.iter().enumerate() {
            let code = codes.row(node).ok_or_else(|| Error::corrupt("a code is missing"))?;
            hnsw.insert(&codes, *row, code).map_err(broken)?;
        }
        Ok(Self { hnsw, codes, metric })
    }

    /// The graph and the codes, as they are stored.
    pub(crate) fn encode(self) -> Result<(Vec<u8>, Vec<u8>)> {
        let mut graph = Vec::new();
        self.hnsw.save_to(&mut graph).map_err(broken)?;
        Ok((graph, self.codes.encode()))
    }

    /// What [`Graph::encode`] made.
    pub(crate) fn decode(metric: Metric, dimensions: usize, graph: &[u8], codes: &[u8]) -> Result<Self> {
        let hnsw = Hnsw::load_from(CodeMetric(metric), &mut &*graph).map_err(broken)?;
        let codes = Codes::decode(dimensions, hnsw.len(), codes)?;
        Ok(Self { hnsw, codes, metric })
    }

    /// The nearest `count` rows that are allowed, with their distances on codes, by looking at `ef` candidates.
    pub(crate) fn search(
        &self,
        query: &[f32],
        count: usize,
        ef: usize,
        allowed: &dyn Fn(u32) -> bool,
    ) -> Result<Vec<(u32, f32)>> {
        let mut coded = Codes::with_capacity(self.codes.dimensions, 1);
        coded.push(self.metric, query);
        let query = coded.row(0).ok_or_else(|| Error::corrupt("a code is missing"))?;
        self.hnsw.set_ef_search(ef);
        let hits = self.hnsw.search(&self.codes, query, count, Some(&|row: &u32| allowed(*row))).map_err(broken)?;
        Ok(hits.into_iter().map(|hit| (hit.key, hit.distance)).collect())
    }
}

fn broken(error: hnsw_stable::Error) -> Error {
    Error::corrupt(format!("the graph: {error}"))
}

/// A fixed shuffle: the finaliser of MurmurHash3, a bijection of 32-bit numbers.
fn scramble(row: u32) -> u32 {
    let mut hash = row;
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}
