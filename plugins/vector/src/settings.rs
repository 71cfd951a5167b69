//! What a collection is made with, and the bounds of everything.

use serde::{Deserialize, Serialize};
use tandem_segments::{Error, Result};

use crate::metric::Metric;

/// The widest embeddings in use have 4096 numbers.
pub const MAX_DIMENSIONS: u32 = 4096;
/// One call's items fit a guest's memory as JSON and as vectors.
pub const MAX_ITEMS_PER_CALL: usize = 1000;
/// Numbers of all vectors of one call: 2 MiB, and some 10 MiB as JSON.
pub const MAX_NUMBERS_PER_CALL: usize = 512 << 10;
/// Metadata is for filtering and showing; long texts belong elsewhere.
pub const MAX_METADATA_BYTES: usize = 8 << 10;
/// The marks of dead rows are in the head, which every change rewrites.
pub const MAX_ITEMS: u64 = 200_000;
/// An exact search reads every vector: this much takes well under a second.
pub const MAX_VECTOR_BYTES: u64 = 256 << 20;
/// Squares of larger numbers, summed over [`MAX_DIMENSIONS`], could leave the range of 32-bit floats.
pub const MAX_MAGNITUDE: f32 = 1e15;
/// More matches than anyone reads; it bounds the answer.
pub const MAX_MATCHES: u32 = 200;
/// Candidates of a graph search, at least: finds over 95 of 100 among ten thousand.
pub const DEFAULT_EF: u32 = 128;
/// Where a graph search is no faster than an exact one.
pub const MAX_EF: u32 = 1000;
/// Numbers of the vectors in one answer: under 2 MiB of JSON.
pub const MAX_NUMBERS_PER_ANSWER: usize = 150_000;

/// A segment is sealed when it is this large: one at a time fits a guest's memory with room to build its graph.
const FULL_BYTES: u64 = 8 << 20;
/// The longest list of rows that is worth one graph.
const FULL_ROWS: u64 = 8192;
/// Rows times what one insertion costs: some two seconds of building in the sandbox, well within a call's CPU budget.
const FULL_WORK: u64 = 4_000_000_000;

/// What a collection is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) dimensions: u32,
    pub(crate) metric: Metric,
    /// None: every search compares all vectors.
    pub(crate) hnsw: Option<Hnsw>,
}

/// How a graph is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hnsw {
    /// Links of a node.
    pub(crate) m: u32,
    /// Candidates that an insertion looks at.
    pub(crate) ef_construction: u32,
}

impl Settings {
    /// Refuses settings beyond the bounds.
    pub(crate) fn check(&self) -> Result<()> {
        let within = |name: &str, value: u32, low: u32, high: u32| {
            let fits = (low..=high).contains(&value);
            fits.then_some(()).ok_or_else(|| Error::invalid(format!("`{name}` is {value}; use {low} to {high}")))
        };
        within("dimensions", self.dimensions, 1, MAX_DIMENSIONS)?;
        if let Some(hnsw) = self.hnsw {
            within("m", hnsw.m, 4, 64)?;
            within("ef_construction", hnsw.ef_construction, 16, 400)?;
        }
        Ok(())
    }

    /// Bytes of one vector.
    pub(crate) fn vector_bytes(&self) -> usize {
        self.dimensions as usize * 4
    }

    /// What a segment with these rows weighs.
    pub(crate) fn weigh(&self, rows: usize, metadata_bytes: usize) -> u32 {
        let rows = rows as u64;
        let full_rows = match self.hnsw {
            None => FULL_ROWS,
            Some(hnsw) => {
                let insertion = u64::from(hnsw.m) * u64::from(hnsw.ef_construction) * (u64::from(self.dimensions) + 64);
                (FULL_WORK / insertion).clamp(256, FULL_ROWS)
            }
        };
        tandem_segments::policy::weigh(&[
            (rows, full_rows),
            (rows * self.vector_bytes() as u64, FULL_BYTES),
            (metadata_bytes as u64, FULL_BYTES),
        ])
    }
}
