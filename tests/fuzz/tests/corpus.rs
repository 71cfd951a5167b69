//! Each property on its corpus, and on copies of it that are changed in the ways of a fuzzer.
//!
//! The changes are drawn from a fixed seed, so that a failure is the same on every machine; it names the property, the file
//! and the change. `make fuzz` looks further, guided by coverage; what it finds belongs into `corpus/`.

use std::{
    collections::BTreeSet,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use rand::{Rng as _, RngExt as _, SeedableRng as _, rngs::StdRng};
use tandem_fuzz::PROPERTIES;

/// Changed copies of each file.
const CHANGED: u64 = 400;
/// Changes of one copy, at most.
const CHANGES: u32 = 6;
/// What often leads a reader into its rarer branches.
const TOKENS: [&[u8]; 16] = [
    b"\0",
    b"\xff\xff\xff\xff",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\\",
    b"=",
    b".",
    b"*",
    b"${env:X}",
    b"null",
    b"-1",
    b"1e400",
    b"\n",
];

#[test]
fn every_property_has_a_corpus_and_a_fuzz_target() {
    let named: BTreeSet<String> = PROPERTIES.iter().map(|(name, _)| (*name).to_owned()).collect();
    let directories = files(&corpus()).iter().map(|path| stem(path)).collect::<BTreeSet<_>>();
    let targets = files(&root().join("../../fuzz/fuzz_targets")).iter().map(|path| stem(path)).collect();
    assert_eq!((&directories, &targets), (&named, &named));
}

macro_rules! properties {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            holds(stringify!($name));
        })*

        #[test]
        fn every_property_is_run() {
            let run: Vec<&str> = vec![$(stringify!($name)),*];
            assert_eq!(run, PROPERTIES.map(|(name, _)| name));
        }
    };
}

properties!(manifest package config patterns frames messages records swarm_keys workflows);

fn holds(name: &str) {
    let (_, property) = PROPERTIES.into_iter().find(|(known, _)| *known == name).expect("a property");
    let files = files(&corpus().join(name));
    let contents: Vec<Vec<u8>> = files.iter().map(|path| fs::read(path).expect("a file of the corpus")).collect();
    assert!(!contents.is_empty(), "{name} has no corpus");
    for (file, content) in files.iter().zip(&contents) {
        check(name, property, file, 0, content);
        for seed in 1..=CHANGED {
            check(name, property, file, seed, &changed(content, &contents, seed));
        }
    }
}

fn check(name: &str, property: fn(&[u8]), file: &Path, seed: u64, input: &[u8]) {
    let held = catch_unwind(AssertUnwindSafe(|| property(input))).is_ok();
    assert!(
        held,
        "{name} does not hold of {} with change {seed}: {:?}",
        file.display(),
        String::from_utf8_lossy(input)
    );
}

/// A copy with some bits flipped, bytes cut out or doubled, tokens put in, or the end of another file.
fn changed(content: &[u8], others: &[Vec<u8>], seed: u64) -> Vec<u8> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut bytes = content.to_vec();
    for _ in 0..random.random_range(1..=CHANGES) {
        let place = random.random_range(0..=bytes.len());
        let end = (place + random.random_range(0..=16)).min(bytes.len());
        match random.next_u32() % 7 {
            0 if place < bytes.len() => bytes[place] ^= 1 << (random.next_u32() % 8),
            1 if place < bytes.len() => bytes[place] = random.random(),
            2 => drop(bytes.drain(place..end)),
            3 => {
                let again = bytes[place..end].to_vec();
                drop(bytes.splice(place..place, again));
            }
            4 => bytes.truncate(place),
            5 => {
                let other = &others[random.random_range(0..others.len())];
                bytes.truncate(place);
                bytes.extend_from_slice(&other[place.min(other.len())..]);
            }
            _ => drop(bytes.splice(place..place, TOKENS[random.random_range(0..TOKENS.len())].iter().copied())),
        }
    }
    bytes
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn corpus() -> PathBuf {
    root().join("corpus")
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path()).collect();
    found.sort();
    found
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
