//! A granted folder with files in it, and calls on it as the tools make them.

#![allow(dead_code, reason = "every test program uses another part")]

use std::{fs, path::PathBuf};

use serde_json::{Value, json};
use tandem_plugin_dataset::{
    Result,
    call::{Call, Loaded, Output, Processed, Saved},
    files::Files,
    meter::{Unwatched, Watch},
    reader::{ReadOptions, Types},
    steps::Table,
};

pub(crate) struct Space {
    pub(crate) root: tempfile::TempDir,
    pub(crate) files: Files,
}

impl Space {
    /// An empty folder, granted as `data`.
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("data")).unwrap();
        let files = Files::new(root.path(), ["data".to_owned()]);
        Self { root, files }
    }

    pub(crate) fn with(name: &str, content: impl AsRef<[u8]>) -> Self {
        let space = Self::new();
        space.put(name, content);
        space
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.root.path().join("data").join(name)
    }

    pub(crate) fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.at(name), content).unwrap();
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.root.path().join("data")).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub(crate) fn call(&self) -> Call<'_> {
        Call::new(&self.files, &Unwatched)
    }

    pub(crate) fn watched<'a>(&'a self, watch: &'a dyn Watch) -> Call<'a> {
        Call::new(&self.files, watch)
    }

    pub(crate) fn load(&self, path: &str) -> Result<Loaded> {
        self.call().load(path, ReadOptions::default(), None, None, None)
    }

    pub(crate) fn load_typed(&self, path: &str, types: Value) -> Result<Loaded> {
        let types: Types = serde_json::from_value(types).unwrap();
        self.call().load(path, ReadOptions { types: Some(&types), ..ReadOptions::default() }, None, None, None)
    }

    pub(crate) fn process(&self, path: &str, steps: Value) -> Result<Processed> {
        self.run(json!({ "path": path, "steps": steps, "limit": 10_000 }))
    }

    pub(crate) fn run(&self, process: Value) -> Result<Processed> {
        self.call().process(serde_json::from_value(process).unwrap())
    }

    pub(crate) fn convert(&self, from: &str, to: &str) -> Result<Saved> {
        self.save(json!({ "path": from }), json!({ "path": to }))
    }

    pub(crate) fn save(&self, table: Value, output: Value) -> Result<Saved> {
        let table: Table = serde_json::from_value(table).unwrap();
        let output: Output = serde_json::from_value(output).unwrap();
        self.call().save(table, output)
    }
}

/// The rows as JSON.
pub(crate) fn rows(result: &impl serde::Serialize) -> Value {
    serde_json::to_value(result).unwrap()["rows"].take()
}

/// The columns as `name: type`.
pub(crate) fn types(result: &impl serde::Serialize) -> Vec<String> {
    let result = serde_json::to_value(result).unwrap();
    let columns = result["columns"].as_array().unwrap();
    columns
        .iter()
        .map(|column| format!("{}: {}", column["name"].as_str().unwrap(), column["type"].as_str().unwrap()))
        .collect()
}
