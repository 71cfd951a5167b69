//! What an HNSW collection finds, against what an exact one finds.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failure fails the test")]

use std::collections::BTreeSet;
use std::time::Instant;

use tandem_plugin_vector::Vector;
use tandem_sdk::prelude::*;
use tandem_sdk::testing;

const DIMENSIONS: usize = 48;
const ITEMS: usize = 10_000;
const QUERIES: usize = 100;
const K: usize = 10;

/// Numbers that are the same on every run.
struct Numbers(u64);

impl Numbers {
    /// Evenly between -1 and 1.
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    fn vector(&mut self) -> Vec<f32> {
        (0..DIMENSIONS).map(|_| self.next()).collect()
    }

    fn near(&mut self, centre: &[f32]) -> Vec<f32> {
        centre.iter().map(|x| x + 0.1 * self.next()).collect()
    }
}

fn call(tool: &str, arguments: Value) -> Value {
    testing::call::<Vector>(tool, &arguments).unwrap().value()
}

fn ids(collection: &str, vector: &[f32]) -> (BTreeSet<String>, bool) {
    let found = call("vector_search", json!({ "collection": collection, "vector": vector, "k": K }));
    let ids = found["matches"].as_array().unwrap().iter().map(|hit| hit["id"].as_str().unwrap().to_owned());
    (ids.collect(), found["exact"].as_bool().unwrap())
}

#[test]
fn hnsw_finds_nearly_all_that_an_exact_search_finds() {
    let mut numbers = Numbers(1);
    let centres: Vec<Vec<f32>> = (0..50).map(|_| numbers.vector()).collect();
    // Half evenly spread, half in clusters, with the ids sorted by cluster.
    let vectors: Vec<Vec<f32>> = (0..ITEMS)
        .map(|n| if n % 2 == 0 { numbers.vector() } else { numbers.near(&centres[n * centres.len() / ITEMS]) })
        .collect();
    let queries: Vec<Vec<f32>> =
        (0..QUERIES).map(|n| if n % 2 == 0 { numbers.vector() } else { numbers.near(&centres[n / 2]) }).collect();

    for metric in ["cosine", "l2", "dot"] {
        let started = Instant::now();
        for index in ["exact", "hnsw"] {
            let name = format!("{metric}-{index}");
            let create = json!({ "collection": name, "dimensions": DIMENSIONS, "metric": metric, "index": index });
            call("vector_create", create);
            for (batch, vectors) in vectors.chunks(1000).enumerate() {
                let item =
                    |(n, vector): (usize, &Vec<f32>)| json!({ "id": format!("{batch}-{n:04}"), "vector": vector });
                let items: Vec<Value> = vectors.iter().enumerate().map(item).collect();
                call("vector_add", json!({ "collection": name, "items": items }));
            }
        }
        let added = started.elapsed();
        let mut found = 0;
        for query in &queries {
            let (right, exact) = ids(&format!("{metric}-exact"), query);
            let (graph, walked) = ids(&format!("{metric}-hnsw"), query);
            assert!(exact && !walked, "the one compares all, the other walks a graph");
            assert_eq!(graph, ids(&format!("{metric}-hnsw"), query).0, "the same question has the same answer");
            found += right.intersection(&graph).count();
        }
        let recall = found as f64 / (QUERIES * K) as f64;
        println!("{metric}: recall at {K} over {ITEMS} items is {recall:.4}; added in {added:.1?}");
        assert!(recall >= 0.95, "{metric}: recall {recall}");
    }
}
