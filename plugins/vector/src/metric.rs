//! Distances between vectors, exact and on codes.
//!
//! Less is nearer for every metric, so that a search needs no case for any: the cosine distance is `1 - cos`, the
//! dot product counts negated, and L2 is the squared Euclidean distance until a client gets to see it.

use tandem_sdk::prelude::*;

/// How far two vectors are from each other.
#[data]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    /// The angle between them; the score is its cosine.
    Cosine,
    /// Their dot product, which is the score.
    Dot,
    /// The Euclidean distance `d`; the score is `1 / (1 + d)`.
    L2,
}

/// A vector's length squared below this is taken for zero: its direction would be noise.
const ZERO: f32 = 1e-24;
/// Lanes of a sum. Floating-point sums are not reordered by the compiler, so independent ones let it use SIMD.
const LANES: usize = 8;
type Lanes = [f32; LANES];

impl Metric {
    /// The distance of a stored row, as its bytes, from the query.
    pub(crate) fn distance(self, query: &Query<'_>, row: &[u8]) -> f32 {
        match self {
            Self::Cosine => {
                let (dot, square) = dot_and_square(query.vector, row);
                1.0 - dot * query.inverse_length / square.sqrt()
            }
            Self::Dot => -dot_and_square(query.vector, row).0,
            Self::L2 => squared_distance(query.vector, row),
        }
    }

    /// What a client reads for a distance: the score, and the distance where the metric has one.
    pub(crate) fn score(self, distance: f32) -> (f32, Option<f32>) {
        match self {
            Self::Cosine => (1.0 - distance, Some(distance)),
            Self::Dot => (-distance, None),
            Self::L2 => {
                let distance = distance.max(0.0).sqrt();
                (1.0 / (1.0 + distance), Some(distance))
            }
        }
    }
}

/// A query with what every comparison needs of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<'q> {
    pub(crate) vector: &'q [f32],
    inverse_length: f32,
}

impl<'q> Query<'q> {
    pub(crate) fn new(vector: &'q [f32]) -> Self {
        Self { vector, inverse_length: square(vector).sqrt().recip() }
    }
}

fn square(vector: &[f32]) -> f32 {
    vector.iter().map(|x| x * x).sum()
}

/// Whether a vector has no direction.
pub(crate) fn is_zero(vector: &[f32]) -> bool {
    square(vector) < ZERO
}

fn number(bytes: &[u8; 4]) -> f32 {
    f32::from_le_bytes(*bytes)
}

/// Sums `terms` of every number of the query with its partner in the row.
#[inline(always)]
fn sums<const N: usize>(query: &[f32], row: &[u8], terms: impl Fn(f32, f32) -> [f32; N]) -> [f32; N] {
    let numbers = row.as_chunks::<4>().0;
    let (query, query_rest) = query.as_chunks::<LANES>();
    let (row, row_rest) = numbers.as_chunks::<LANES>();
    let mut lanes: [Lanes; N] = [[0.0; LANES]; N];
    for (a, b) in query.iter().zip(row) {
        for (lane, (x, y)) in a.iter().zip(b).enumerate() {
            for (sum, term) in lanes.iter_mut().zip(terms(*x, number(y))) {
                if let Some(sum) = sum.get_mut(lane) {
                    *sum += term;
                }
            }
        }
    }
    let mut totals = lanes.map(|lanes| lanes.iter().sum::<f32>());
    for (x, y) in query_rest.iter().zip(row_rest) {
        for (total, term) in totals.iter_mut().zip(terms(*x, number(y))) {
            *total += term;
        }
    }
    totals
}

#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
fn dot_and_square(query: &[f32], row: &[u8]) -> (f32, f32) {
    let [dot, square] = sums(query, row, |x, y| [x * y, y * y]);
    (dot, square)
}

#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
fn squared_distance(query: &[f32], row: &[u8]) -> f32 {
    let [sum] = sums(query, row, |x, y| [(x - y) * (x - y)]);
    sum
}

/// The dot product of two rows of codes.
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
pub(crate) fn dot_codes(a: &[i8], b: &[i8]) -> i32 {
    let mut sum = 0;
    // A plain loop: an iterator's closure would need inlining to be compiled with SIMD.
    for (x, y) in a.iter().zip(b) {
        sum += i32::from(*x) * i32::from(*y);
    }
    sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(row: &[f32]) -> Vec<u8> {
        row.iter().flat_map(|x| x.to_le_bytes()).collect()
    }

    fn pair() -> impl Strategy<Value = (Vec<f32>, Vec<f32>)> {
        (1usize..40).prop_flat_map(|n| {
            let vector = || prop::collection::vec(-10.0f32..10.0, n);
            (vector(), vector())
        })
    }

    proptest! {
        #[test]
        fn distances_agree_with_their_definition((a, b) in pair()) {
            prop_assume!(!is_zero(&a) && !is_zero(&b));
            let dot: f64 = a.iter().zip(&b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
            let length = |v: &[f32]| v.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
            let l2: f64 = a.iter().zip(&b).map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2)).sum();
            let is = |metric: Metric, expected: f64| {
                let distance = f64::from(metric.distance(&Query::new(&a), &bytes(&b)));
                (distance - expected).abs() <= 1e-3 * expected.abs().max(1.0)
            };
            prop_assert!(is(Metric::Cosine, 1.0 - dot / length(&a) / length(&b)));
            prop_assert!(is(Metric::Dot, -dot));
            prop_assert!(is(Metric::L2, l2));
        }
    }

    #[test]
    fn scores_grow_as_vectors_get_nearer() {
        for (metric, near, far) in [(Metric::Cosine, 0.1, 0.9), (Metric::Dot, -5.0, 2.0), (Metric::L2, 1.0, 9.0)] {
            assert!(metric.score(near).0 > metric.score(far).0, "{metric:?}");
        }
        assert_eq!(Metric::L2.score(9.0), (0.25, Some(3.0)));
    }
}
