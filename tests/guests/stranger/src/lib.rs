//! A stranger's component: plain wit-bindgen, typed exports, nothing of Tandem.
#![allow(missing_docs, unsafe_code, unreachable_pub, clippy::all, unused_qualifications, reason = "generated")]

use std::cell::Cell;

wit_bindgen::generate!({ path: "wit", world: "stranger", generate_all });

use exports::stranger::text::{
    numbers::{self, All, Counter, GuestCounter},
    words::{self, Cut, Nothing, Options, Query, Word},
};

struct Stranger;

impl Guest for Stranger {
    fn greet(name: String) -> String {
        format!("Hello, {name}.")
    }

    fn init(name: String) -> String {
        format!("{name} begins.")
    }

    fn setting(key: String) -> Option<String> {
        wasi::config::store::get(&key).unwrap_or_default()
    }

    fn settings() -> Vec<(String, String)> {
        wasi::config::store::get_all().unwrap_or_default()
    }
}

impl exports::exports::Guest for Stranger {
    fn init(_: String, _: u32, _: bool) -> Result<(), String> {
        Err("a component is made once".to_owned())
    }
}

impl words::Guest for Stranger {
    fn count(text: String, cut: Option<Cut>, options: Options) -> Vec<Word> {
        let has = |option: Options| options.bits() & option.bits() != 0;
        let text = if has(Options::LOWER) { text.to_lowercase() } else { text };
        let parts: Vec<String> = match cut {
            None | Some(Cut::Spaces) => text.split_whitespace().map(str::to_owned).collect(),
            Some(Cut::Characters) => text.chars().map(String::from).collect(),
        };
        let mut words: Vec<Word> = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            match words.iter_mut().find(|word| word.text == *part) {
                Some(word) => word.times += 1,
                None => {
                    let after = index.checked_sub(1).and_then(|before| parts.get(before).cloned());
                    words.push(Word { text: part.clone(), times: 1, after });
                }
            }
        }
        if has(Options::SORTED) {
            words.sort_by(|a, b| b.times.cmp(&a.times));
        }
        words
    }

    fn find(text: String, query: Query) -> Result<Vec<String>, Nothing> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let found: Vec<String> = words
            .iter()
            .filter(|word| match &query {
                Query::Everything => true,
                Query::LongerThan(length) => word.chars().count() > *length as usize,
                Query::Exactly(other) => *word == other,
            })
            .map(|word| (*word).to_owned())
            .collect();
        if found.is_empty() { Err(Nothing { looked_at: words.len() as u64 }) } else { Ok(found) }
    }
}

struct Count(Cell<u32>);

impl GuestCounter for Count {
    fn new() -> Self {
        Self(Cell::new(0))
    }

    fn up(&self) -> u32 {
        self.0.set(self.0.get() + 1);
        self.0.get()
    }
}

impl numbers::Guest for Stranger {
    type Counter = Count;

    fn count(bytes: Vec<u8>) -> u64 {
        bytes.len() as u64
    }

    fn divide(a: f64, b: f64) -> f64 {
        a / b
    }

    fn same(all: All) -> All {
        all
    }

    fn check(positive: i32) -> Result<(), String> {
        if positive > 0 { Ok(()) } else { Err(format!("{positive} is not positive")) }
    }

    fn start(times: u32) -> Counter {
        Counter::new(Count(Cell::new(times)))
    }

    fn flood(kib: u32) -> Vec<String> {
        // Quotes are longer in JSON than in memory.
        (0..kib).map(|_| "\"".repeat(1 << 10)).collect()
    }

    fn spin() {
        loop {
            std::hint::black_box(());
        }
    }

    fn take(mib: u32) -> u32 {
        let taken: Vec<Vec<u8>> = (0..mib).map(|_| vec![1; 1 << 20]).collect();
        std::hint::black_box(taken).len() as u32
    }
}

export!(Stranger);
